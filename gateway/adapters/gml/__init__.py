"""GML 3.2 simple features, level 0 (OGC 10-100r3): written for those whose programs read GML and no city models."""

from gateway.adapters.gml.adapter import ADAPTER

__all__ = ["ADAPTER"]
