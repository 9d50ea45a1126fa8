"""Writes CityGML 2.0 and 3.0."""

from gateway.adapters.citygml.write.document import write

__all__ = ["write"]
