"""Names that files give turned into ids that doors can use."""

from __future__ import annotations

import re

_OTHER = re.compile(r"[^A-Za-z0-9_-]")


def collection_id(name: str) -> str:
    """A layer's name as a collection id: case kept, every character outside ``[A-Za-z0-9_-]`` a hyphen; never empty."""
    return _OTHER.sub("-", name) or "features"


def stem(file_name: str) -> str:
    """A file's name without folder and without the suffixes of the formats: ``city`` of ``a/city.city.jsonl``."""
    base = file_name.replace("\\", "/").rpartition("/")[2]
    return re.sub(r"(?i)(\.city)?\.(json|jsonl|geojson|geojsonl|geojsons|gpkg|gml|xml|citygml|ndjson)$", "", base) or base
