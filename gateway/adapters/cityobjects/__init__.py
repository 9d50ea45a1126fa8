"""What CityJSON and CityJSONSeq share: city objects as JSON, in and out, around a table of vertices."""
