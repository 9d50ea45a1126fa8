"""FeatureSet JSON in: reference system by wkid, fields, ids, dates, and the features one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.adapters.esrijson.shapes import geojson_of
from gateway.adapters.reading import OpenFile
from gateway.errors import Unreadable
from gateway.gates.jsonstream import JsonStream
from gateway.geo import crs as systems
from gateway.geo import geojson
from gateway.model.crs import Crs
from gateway.model.feature import Feature, Field, Layer
from gateway.model.naming import collection_id, stem
from gateway.ports import Header, ReadOptions

_SHAPES = {"esriGeometryPoint": "Point", "esriGeometryMultipoint": "MultiPoint"}
"""Types of Esri that are one type here; a polyline or a polygon may have one part or several: the features tell."""

_TYPES = {
    "esriFieldTypeOID": ("integer", None),
    "esriFieldTypeSmallInteger": ("integer", None),
    "esriFieldTypeInteger": ("integer", None),
    "esriFieldTypeBigInteger": ("integer", None),
    "esriFieldTypeSingle": ("number", None),
    "esriFieldTypeDouble": ("number", None),
    "esriFieldTypeDate": ("string", "date-time"),
    "esriFieldTypeDateOnly": ("string", "date"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KNOWN = frozenset(
    (
        *("features", "fields", "geometryType", "spatialReference", "hasZ", "hasM", "objectIdFieldName", "globalIdFieldName"),
        *("fieldAliases", "displayFieldName", "exceededTransferLimit", "uniqueIdField", "geometryProperties", "serverGens", "name"),
    )
)


def open_feature_set(path: Path, options: ReadOptions) -> OpenFile:
    """Open a FeatureSet: its header is known, its features wait. Raises Unreadable."""
    members = _members(path)
    reader = _Reader(path, members, options)
    reading = OpenFile(reader.header(options), reader.features, lambda: None)
    reader.remark(reading)
    return reading


def _members(path: Path) -> dict[str, Any]:
    """Everything around the features; they are passed over once, since fields and system may stand behind them."""
    with path.open("rb") as file:
        stream = JsonStream(file)
        found: dict[str, Any] = {}
        for key in stream.members():
            if key == "features":
                if stream.kind() != b"[":
                    raise Unreadable("features is an array", place="/features")
                stream.skip()
                found[key] = True
            else:
                found[key] = stream.value(place=f"/{key}")
        stream.finish()
    if "features" not in found:
        raise Unreadable("the FeatureSet has no array of features", place="/features", cure="export with f=json and a query")
    return found


class _Reader:
    """What stays the same from feature to feature of one FeatureSet."""

    def __init__(self, path: Path, members: dict[str, Any], options: ReadOptions) -> None:
        self._path = path
        self._members = members
        self._fields = [
            field for field in members.get("fields") or () if isinstance(field, dict) and isinstance(field.get("name"), str)
        ]
        self._dates = {field["name"] for field in self._fields if field.get("type") == "esriFieldTypeDate"}
        self._crs = _crs(members.get("spatialReference")) or options.crs
        name = members.get("name")
        self._title = name if isinstance(name, str) and name else None
        self._collection = collection_id(self._title or stem(options.name or path.name))
        self._id_field, self._ids = self._find_ids(options.id_field)

    def _find_ids(self, asked: str | None) -> tuple[str | None, str]:
        """The field ids come from. An OBJECTID is a number the database may give anew: not a permanent identifier."""
        if asked is not None:
            return asked, "field"
        stated = self._members.get("globalIdFieldName") or self._typed("esriFieldTypeGlobalID")
        if stated:
            return stated, "source"
        return self._members.get("objectIdFieldName") or self._typed("esriFieldTypeOID"), "order"

    def _typed(self, kind: str) -> str | None:
        return next((field["name"] for field in self._fields if field.get("type") == kind), None)

    def header(self, options: ReadOptions) -> Header:
        """The header: system, the one layer with its fields, and where ids come from."""
        declared = [(field["name"], *_TYPES.get(str(field.get("type")), ("string", None))) for field in self._fields]
        shape = _SHAPES.get(str(self._members.get("geometryType")))
        layer = Layer(self._collection, self._title, shape, tuple(Field(*field) for field in declared))
        return Header("esrijson", crs=self._crs, title=self._title, layers=(layer,), ids=self._ids)

    def remark(self, reading: OpenFile) -> None:
        """Say what the set as a whole has that does not come through, or comes through otherwise."""
        reference = self._members.get("spatialReference")
        number = _wkid(reference)
        if number is not None and systems.reads_as_esri(f"EPSG:{number}"):
            reading.report.note(f"wkid {number} is Esri's own number, not EPSG's: read as ESRI:{number}")
        if self._members.get("exceededTransferLimit"):
            reading.problem(
                (
                    "the service cut the answer off at its limit: features are missing",
                    "réponse tronquée par le service : il manque des objets",
                ),
                ("ask for further pages (resultOffset) and send them all", "demander les pages suivantes (resultOffset)"),
                place="/exceededTransferLimit",
            )
        for field in self._fields:
            if field.get("domain"):
                reading.report.changed(f"domain of field {field['name']}", "codes are kept; the list of their meanings is not")
        for key in sorted(self._members.keys() - _KNOWN):
            reading.report.lost(f"member {key} of the feature set", "it belongs to the service, not to the features", f"/{key}")

    def features(self, reading: OpenFile) -> Iterator[Feature]:
        """The features in file order."""
        with self._path.open("rb") as file:
            stream = JsonStream(file)
            for key in stream.members():
                if key != "features":
                    continue
                number = 0
                for batch in stream.elements(place="/features"):
                    for element in batch:
                        yield self._feature(element, number, reading)
                        number += 1

    def _feature(self, element: Any, number: int, reading: OpenFile) -> Feature:
        place = f"/features/{number}"
        if not isinstance(element, dict) or not isinstance(element.get("attributes", {}), dict):
            raise Unreadable("a feature is an object with attributes", place=place)
        properties = {name: self._value(name, value, place) for name, value in (element.get("attributes") or {}).items()}
        feature = Feature(self._id(properties, number), "Feature", self._collection, properties, place=place)
        geometry = element.get("geometry")
        if geometry:
            feature.shape = self._shape(geometry, place, feature.id, reading)
        return feature

    def _shape(self, geometry: Any, place: str, feature: str, reading: OpenFile) -> bytes | None:
        own = geometry.get("spatialReference") if isinstance(geometry, dict) else None
        if own is not None and (system := _crs(own)) is not None and self._crs is not None and not systems.same(system, self._crs):
            raise Unreadable(
                f"the feature is in {system.code}, the set in {self._crs.code}", place=f"{place}/geometry/spatialReference"
            )
        plain = geojson_of(geometry, f"{place}/geometry", bool(self._members.get("hasM")), reading.report, feature)
        if plain is None:
            return None
        flaws: list[str] = []
        shape = geojson.decode(plain, f"{place}/geometry", flaws)
        for flaw in flaws:
            pointer, _, what = flaw.partition(": ")
            reading.problem(
                (f"the geometry was mended: {what}", f"la géométrie a été réparée : {what}"),
                ("mend it at the source", "la corriger à la source"),
                feature=feature,
                place=pointer,
            )
        return shape

    def _id(self, properties: dict[str, Any], number: int) -> str:
        value = properties.get(self._id_field) if self._id_field is not None else None
        return str(number + 1) if value is None else str(value)

    def _value(self, name: str, value: Any, place: str) -> Any:
        """Dates, milliseconds since 1970, become RFC 3339."""
        if name not in self._dates or value is None or isinstance(value, str):
            return value
        try:
            moment = _EPOCH + timedelta(milliseconds=value)
        except (OverflowError, TypeError) as error:
            raise Unreadable(f"{value!r} is no date", place=f"{place}/attributes/{name}", cure="milliseconds since 1970") from error
        return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")


def _wkid(reference: Any) -> int | None:
    if not isinstance(reference, dict):
        return None
    number = reference.get("latestWkid", reference.get("wkid"))
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _crs(reference: Any) -> Crs | None:
    """The system of a spatialReference: `latestWkid` before `wkid`, heights by `latestVcsWkid` before `vcsWkid`."""
    if not isinstance(reference, dict):
        return None
    number = _wkid(reference)
    if number is None:
        text = reference.get("wkt") or reference.get("wkt2")
        return Crs("", local=str(text)[:80]) if text else None
    plane = systems.parse(f"EPSG:{number}")
    heights = reference.get("latestVcsWkid", reference.get("vcsWkid"))
    if plane.is_known and isinstance(heights, int):
        both = systems.parse(f"{plane.horizontal}+{heights}")
        return both if both.is_known else plane
    return plane
