"""GeoJSON (RFC 7946, the 2008 form with `crs`, JSON-FG, RFC 8142 sequences) in and out."""

from gateway.adapters.geojson.adapter import ADAPTER

__all__ = ["ADAPTER"]
