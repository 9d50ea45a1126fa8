"""The adapter `esrijson`: FeatureSet JSON read as a stream (Esri "Common JSON data types: feature set")."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from gateway.adapters.esrijson.reader import open_feature_set
from gateway.errors import Unsupported
from gateway.gates.jsonstream import outline
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Adapter, Output, Reading, ReadOptions

_MARKS = frozenset(
    {"geometryType", "spatialReference", "objectIdFieldName", "fieldAliases", "displayFieldName", "globalIdFieldName"}
)


class EsriJson:
    """Reads Esri FeatureSet JSON; does not write it."""

    name = "esrijson"
    title = "Esri FeatureSet JSON"
    media_type = "application/json"
    suffixes: tuple[str, ...] = (".esri.json", ".esrijson")
    reads = True
    writes = False

    def sniff(self, head: bytes, name: str) -> bool:
        """An object without a GeoJSON `type` that has features and one of the members a FeatureSet alone has."""
        members, _ = outline(head)
        return "type" not in members and bool(_MARKS & members.keys())

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Open a FeatureSet. Raises Unreadable, naming line and column or the JSON pointer."""
        return open_feature_set(path, options)

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """FeatureSet JSON is not written. Raises Unsupported."""
        raise Unsupported("Esri FeatureSet JSON is read, not written", cure="choose GeoJSON, GeoPackage, CityGML or CityJSON")


ADAPTER: Adapter = EsriJson()
