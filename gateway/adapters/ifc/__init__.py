"""IFC 2x3, 4 and 4x3 (ISO 16739-1) and ifcZIP, read with ifcopenshell in a limited child process."""

from gateway.adapters.ifc.adapter import ADAPTER

__all__ = ["ADAPTER"]
