"""One command a figure; a peer, where one is named, is started beside us in the same run."""
