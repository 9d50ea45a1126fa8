"""Esri FeatureSet JSON, what ArcGIS REST services answer with ``f=json`` and what ArcGIS exports."""

from gateway.adapters.esrijson.adapter import ADAPTER

__all__ = ["ADAPTER"]
