"""GeoParquet 1.1 (https://geoparquet.org): one table in columns, geometry as WKB. arro3 is loaded on first use."""

from gateway.adapters.geoparquet.adapter import ADAPTER

__all__ = ["ADAPTER"]
