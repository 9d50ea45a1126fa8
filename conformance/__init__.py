"""Judges any OGC API endpoint over HTTP by the abstract tests of the standards it declares. Stands apart from the gateway."""
