"""The tables of FlatGeobuf 3: the number of each field, and the numbers of the types of columns (header.fbs, feature.fbs)."""

from __future__ import annotations


def _numbered(*names: str) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}


HEADER = _numbered(
    *("name", "envelope", "geometry_type", "has_z", "has_m", "has_t", "has_tm", "columns", "features_count", "index_node_size"),
    *("crs", "title", "description", "metadata"),
)
COLUMN = _numbered(
    *("name", "type", "title", "description", "width", "precision", "scale", "nullable", "unique", "primary_key", "metadata"),
)
CRS = _numbered("org", "code", "name", "description", "wkt", "code_string")
FEATURE = _numbered("geometry", "properties", "columns")
GEOMETRY = _numbered("ends", "xy", "z", "m", "t", "tm", "type", "parts")
KINDS = {"boolean": 2, "integer": 7, "number": 10, "string": 11, "json": 12, "datetime": 13}
"""The numbers in which values are written; a reader meets the others as well."""
