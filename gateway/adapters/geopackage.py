"""GeoPackage in and out. Reading and writing happen in limited child processes, since a GeoPackage from a stranger is hostile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import shapely

from gateway.adapters import geopackage_curves as curves
from gateway.adapters import geopackage_source as source
from gateway.adapters.geopackage_writer import ID_COLUMN, write_geopackage
from gateway.adapters.reading import OpenFile
from gateway.errors import InputError, Unreadable, UsageError
from gateway.gates.child import Limits, stream
from gateway.gates.json import loads
from gateway.geo import crs as crs_rules
from gateway.geo import transform
from gateway.geo import wkb as wkbs
from gateway.model.crs import Crs
from gateway.model.feature import Feature, Field, Layer
from gateway.model.naming import collection_id
from gateway.model.report import Report
from gateway.ports import Adapter, Header, Output, Reading, ReadOptions

LIMITS = Limits(memory=512 << 20, cpu=3600, seconds=120)
"""Of the child that reads: seconds are for one batch."""
_MAGIC = b"SQLite format 3\x00"
_APPLICATIONS = (b"GPKG", b"GP10", b"GP11", b"GP12")
_STRAIGHT = ("POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON")
_PLAIN = frozenset(b"\x01" + code.to_bytes(4, "little") for code in [*range(1, 8), *range(1001, 1008)])
_FIELDS = {
    "BOOLEAN": ("boolean", None),
    **dict.fromkeys(("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER", "BIGINT"), ("integer", None)),
    **dict.fromkeys(("FLOAT", "DOUBLE", "REAL", "NUMERIC"), ("number", None)),
    "DATE": ("string", "date"),
    "DATETIME": ("string", "date-time"),
}


class GeoPackage:
    """GeoPackage 1.0 to 1.4: every features and attributes table is a collection."""

    name = "geopackage"
    title = "GeoPackage"
    media_type = "application/geopackage+sqlite3"
    suffixes: tuple[str, ...] = (".gpkg",)
    reads = True
    writes = True

    def sniff(self, head: bytes, name: str) -> bool:
        """Whether it is an SQLite file that says GeoPackage, in its header or in its table of contents."""
        return head[:16] == _MAGIC and (head[68:72] in _APPLICATIONS or b"gpkg_contents" in head or name.endswith(".gpkg"))

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Open a GeoPackage. Raises Unreadable for a damaged or hostile one."""
        return _Reader(path, options).open()

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """Write a GeoPackage 1.4 with one table a collection and its R-tree; the file is made first, then copied to `sink`."""
        write_geopackage(features, sink, output, report)


class _Reader:
    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._frames = stream(source.read, str(path.resolve()), limits=LIMITS)
        self._given = options.crs
        self._id_field = options.id_field

    def open(self) -> OpenFile:
        try:
            catalogue = next(self._frames)
            self._layers = [_Layer(table, self._given, self._id_field) for table in catalogue["layers"]]
        except BaseException:
            self.close()
            raise
        self._crs = next((layer.crs for layer in self._layers if layer.crs is not None), self._given)
        header = Header(
            format="geopackage",
            crs=self._crs,
            title=self._layers[0].layer.title if len(self._layers) == 1 else None,
            description=self._layers[0].description if len(self._layers) == 1 else None,
            layers=tuple(layer.layer for layer in self._layers),
            ids=_id_source(self._layers, self._id_field),
        )
        reading = OpenFile(header, self._features, self.close)
        for name, kind in catalogue["skipped"]:
            reading.report.lost(f"layer of type {kind}", "only features and attributes are read", name)
        for layer in self._layers:
            for column in layer.generated:
                reading.report.lost("generated column", "its SQL is not run", f"{layer.layer.id}.{column}")
            for column in layer.blobs:
                reading.report.lost("BLOB column", "binary values are no properties", f"{layer.layer.id}.{column}")
        return reading

    def close(self) -> None:
        self._frames.close()  # type: ignore[attr-defined]

    def _features(self, reading: OpenFile) -> Iterator[Feature]:
        for number, keys, shapes, envelopes, values in self._frames:
            layer = self._layers[number]
            shapes = self._checked(layer, keys, shapes, envelopes, reading)
            yield from layer.features(keys, shapes, values, reading)

    def _straight(self, layer: _Layer, keys: list[Any], shapes: list[Any], reading: OpenFile) -> list[Any]:
        """The same with every curve stroked to straight lines."""
        if not layer.may_curve:
            return shapes
        found = list(shapes)
        for at, shape in enumerate(shapes):
            if shape is not None and curves.is_curved(shape):
                place = f"layer {layer.layer.id}, row {keys[at]}"
                found[at] = curves.straight(shape, place)
                reading.report.changed("curved geometry", "arcs stroked to straight lines every 4 degrees", place)
        return found

    def _checked(self, layer: _Layer, keys: list[Any], shapes: list[Any], envelopes: bytes | None, reading: OpenFile) -> list[Any]:
        """The WKB as the model has it: gated, little-endian, without M, in the CRS of the file."""
        if envelopes is None:
            return shapes
        shapes = self._straight(layer, keys, shapes, reading)
        try:
            array = wkbs.read(shapes)
        except InputError:
            _blame(layer, keys, shapes)
            raise
        _check_envelopes(layer, keys, array, envelopes)
        moved = layer.crs is not None and self._crs is not None and not crs_rules.same(layer.crs, self._crs)
        if moved and layer.crs is not None and self._crs is not None:
            reading.report.changed(
                "layer in another reference system", f"moved to {self._crs.code}", layer.layer.id, count=len(keys)
            )
            return wkbs.write(transform.shapes(array, layer.crs, self._crs, place=f"layer {layer.layer.id}"))
        if all(shape is None or shape[:5] in _PLAIN for shape in shapes):
            return shapes
        return wkbs.write(array)


class _Layer:
    """One layer of one file, and how its rows become features."""

    def __init__(self, table: dict[str, Any], given: Crs | None, id_field: str | None) -> None:
        columns = [(str(name), str(kind).upper().partition("(")[0].strip()) for name, kind in table["columns"]]
        self.names = [name for name, _ in columns]
        self.blobs = [name for name, kind in columns if kind == "BLOB"]
        self.generated = table["generated"]
        self.description = table["description"]
        self.crs = None if table["geometry"] is None else _crs(table["srs"], given)
        self.may_curve = table["geometry_type"] not in _STRAIGHT
        self._booleans = [at for at, (_, kind) in enumerate(columns) if kind == "BOOLEAN"]
        self._json = [at for at, (name, _) in enumerate(columns) if name in table["json"]]
        self._id = ID_COLUMN if id_field is None and ID_COLUMN in self.names else id_field
        self.has_ids = self._id is not None and self._id in (*self.names, table["key"])
        self._id_at = self.names.index(self._id) if self._id in self.names else None
        self._drops_id = self._id == ID_COLUMN and self._id_at is not None
        if id_field is not None and not self.has_ids:
            raise UsageError(
                f"layer {table['name']} has no column {id_field}", place="id", cure=f"one of {', '.join(self.names[:20])}"
            )
        nested = {self.names[at] for at in self._json}
        self.layer = Layer(
            id=collection_id(table["name"]),
            title=table["title"] or table["name"],
            geometry_type=table["geometry_type"],
            fields=tuple(
                Field(name, *_FIELDS.get(kind, ("string", None)))
                for name, kind in columns
                if kind != "BLOB" and name not in nested and name != ID_COLUMN
            ),
        )

    def features(self, keys: list[Any], shapes: list[Any], rows: list[tuple[Any, ...]], reading: OpenFile) -> Iterator[Feature]:
        names, collection = self.names, self.layer.id
        plain = not (self._booleans or self._json or self.blobs or self._drops_id)
        for key, shape, values in zip(keys, shapes, rows, strict=True):
            if plain and bytes not in map(type, values):
                properties = dict(zip(names, values, strict=True))
            else:
                properties = self._properties(key, values, reading)
            identifier = str(key) if self._id_at is None else self._identifier(key, values[self._id_at], reading)
            yield Feature(identifier, "Feature", collection, properties, shape, place=f"layer {collection}, row {key}")

    def _properties(self, key: Any, values: tuple[Any, ...], reading: OpenFile) -> dict[str, Any]:
        found = list(values)
        for at in self._booleans:
            found[at] = bool(found[at]) if isinstance(found[at], int) else found[at]
        for at in self._json:
            if isinstance(found[at], str):
                found[at] = loads(found[at].encode(), place=f"layer {self.layer.id}, row {key}, column {self.names[at]}")
        properties = dict(zip(self.names, found, strict=True))
        for name in [name for name, value in properties.items() if isinstance(value, bytes)]:
            del properties[name]
            reading.report.lost("binary value", "binary values are no properties", f"{self.layer.id}.{name}, row {key}")
        for name in self.blobs:
            properties.pop(name, None)
        if self._drops_id:
            properties.pop(ID_COLUMN, None)
        return properties

    def _identifier(self, key: Any, value: Any, reading: OpenFile) -> str:
        if isinstance(value, str | int) and value != "":
            return str(value)
        reading.problem(
            ("a row has no id in the column that holds them", "une ligne n'a pas d'identifiant dans la colonne prévue"),
            ("fill the column", "remplir la colonne"),
            place=f"layer {self.layer.id}, row {key}",
            found=repr(value)[:80],
        )
        return f"no-id-{key}"


def _id_source(layers: list[_Layer], id_field: str | None) -> str:
    if id_field is not None:
        return "field"
    return "source" if layers and all(layer.has_ids for layer in layers) else "order"


def _crs(srs: dict[str, Any] | None, given: Crs | None) -> Crs | None:
    """The CRS of a row of gpkg_spatial_ref_sys. Coordinates in a GeoPackage are x before y whatever the authority says
    (OGC 12-128r19 clause 1.1.2.1.1)."""
    if srs is None:
        return given
    if srs["id"] in (-1, 0):
        return given or Crs("", local=srs["name"] or "undefined")
    organization, code = srs["organization"] or "", srs["code"]
    found = crs_rules.parse(f"{organization}:{code}") if organization.upper() != "NONE" else Crs("")
    if not found.is_known and srs["description"]:
        found = crs_rules.parse(srs["description"])
    if not found.is_known:
        found = crs_rules.parse(srs["name"] or "")
    return found if found.is_known else given or Crs("", local=srs["name"] or f"{organization}:{code}")


def _check_envelopes(layer: _Layer, keys: list[Any], array: Any, envelopes: bytes) -> None:
    """The envelope in each header must be that of the geometry: a false one would hide a feature from every index."""
    said = np.frombuffer(envelopes, "<f8").reshape(-1, 4)
    bounds = shapely.bounds(array)[:, [0, 2, 1, 3]]
    slack = 1e-7 * np.maximum(1.0, np.abs(bounds))
    false = (np.abs(said - bounds) > slack).any(axis=1)
    if false.any():
        row = keys[int(np.flatnonzero(false)[0])]
        raise Unreadable("the header of the geometry states a false envelope", place=f"layer {layer.layer.id}, row {row}")


def _blame(layer: _Layer, keys: list[Any], shapes: list[Any]) -> None:
    for key, shape in zip(keys, shapes, strict=True):
        try:
            wkbs.read([shape])
        except InputError as error:
            raise Unreadable(error.message, place=f"layer {layer.layer.id}, row {key}", cure=error.cure) from error


ADAPTER: Adapter = GeoPackage()
