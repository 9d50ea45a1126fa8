"""GeoJSON in: which CRS and ids a file has, and its features one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.adapters.geojson import jsonfg
from gateway.adapters.geojson.document import Document, Located, open_document
from gateway.adapters.reading import OpenFile
from gateway.errors import Unreadable
from gateway.geo import crs as crs_rules
from gateway.geo import geojson, transform
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature, Layer
from gateway.model.naming import collection_id, stem
from gateway.ports import Header, ReadOptions

_OWN = frozenset(
    ("type", "id", "geometry", "properties", "bbox", "place", "time", "coordRefSys", "crs", "conformsTo", "featureSchema")
)
_COLLECTION_OWN = _OWN | {"name", "features", "featureType", "geometryDimension", "title", "description"}
_SAID_BY_DOOR = frozenset(("timeStamp", "numberMatched", "numberReturned", "links"))


def open_geojson(path: Path, options: ReadOptions) -> OpenFile:
    """Open a GeoJSON file: its header is known, its features wait. Raises Unreadable."""
    document = open_document(path)
    try:
        return _Reader(document, options, options.name or path.name).open()
    except BaseException:
        document.file.close()
        raise


class _Reader:
    """What stays the same from feature to feature of one file."""

    def __init__(self, document: Document, options: ReadOptions, name: str) -> None:
        members = document.members
        self._document = document
        self._first = next(document.objects, None)
        self._id_field = options.id_field
        self._is_jsonfg = "coordRefSys" in members or "conformsTo" in members or _has_place(self._first)
        self._missing_crs: str | None = None
        self._crs = self._find_crs(options.crs)
        title = members.get("name")
        self._title = title if isinstance(title, str) and title else None
        self._collection = collection_id(self._title or stem(name))
        self._ids = "field" if self._id_field else "source" if self._first is None or "id" in self._first[1] else "order"
        self._kinds: set[type] = set()
        self._number = 0

    def open(self) -> OpenFile:
        """The open file, its header filled."""
        members = self._document.members
        title, description = members.get("title"), members.get("description")
        header = Header(
            format="geojson",
            version="JSON-FG" if self._is_jsonfg else "2008" if "crs" in members else "RFC 7946",
            crs=self._crs,
            title=title if isinstance(title, str) else self._title,
            description=description if isinstance(description, str) else None,
            layers=(Layer(self._collection, self._title),),
            ids=self._ids,
        )
        reading = OpenFile(header, self._features, self._document.file.close)
        if self._missing_crs is not None:
            reading.problem(
                ("the crs member is a link, which is never followed", "le membre crs est un lien, qui n'est jamais suivi"),
                ("name the system: EPSG:n, or --crs EPSG:n", "nommer le système : EPSG:n, ou --crs EPSG:n"),
                place="/crs",
                found=self._missing_crs,
                expected="urn:ogc:def:crs:EPSG::n",
            )
        for key in sorted(members.keys() - _COLLECTION_OWN - _SAID_BY_DOOR):
            if members.get("type") == "FeatureCollection":
                reading.report.lost(f"member {key} of the collection", "GeoJSON gives it no meaning", f"/{key}")
        return reading

    def _find_crs(self, given: Crs | None) -> Crs | None:
        """JSON-FG `coordRefSys`, else the 2008 `crs`, else what the caller gave, else CRS84 (RFC 7946 section 4)."""
        lone = self._first[1] if self._first is not None else {}
        members = self._document.members
        named = jsonfg.reference(members.get("coordRefSys", lone.get("coordRefSys") if self._is_jsonfg else None))
        if named is not None:
            return named
        if "crs" not in members:
            return given or CRS84
        member = members["crs"]
        if member is None:
            return given
        properties = member.get("properties") if isinstance(member, dict) else None
        properties = properties if isinstance(properties, dict) else {}
        match member:
            case {"type": "name"} if isinstance(properties.get("name"), str):
                return crs_rules.parse(properties["name"])
            case {"type": "EPSG"} if isinstance(properties.get("code"), int | str):
                return crs_rules.parse(f"EPSG:{properties['code']}")
            case {"type": "link"}:
                self._missing_crs = str(properties.get("href"))[:200]
                return given or Crs("", local=self._missing_crs)
        raise Unreadable("the crs member names no reference system", place="/crs", cure="urn:ogc:def:crs:EPSG::n")

    def _features(self, reading: OpenFile) -> Iterator[Feature]:
        if self._first is not None:
            yield self._feature(self._first, reading)
        for located in self._document.objects:
            yield self._feature(located, reading)

    def _feature(self, located: Located, reading: OpenFile) -> Feature:
        place, value = located
        self._number += 1
        kind = value.get("type")
        if kind != "Feature":
            value = self._bare(value, kind, place)
        properties = value.get("properties")
        if properties is None:
            properties = {}
        if not isinstance(properties, dict):
            raise Unreadable("properties is an object or null", place=f"{place}/properties")
        feature = Feature(self._id(value, properties, place, reading), "Feature", self._collection, properties, place=place)
        self._keep_foreign(value, properties, place, reading)
        if self._is_jsonfg and (value.get("place") is not None or value.get("time") is not None):
            feature.validity = jsonfg.validity(value.get("time"), place)
            feature = self._place(feature, value, place, reading)
        if feature.shape is None and not feature.geometries:
            self._geometry(feature, value.get("geometry"), place, reading)
        return feature

    def _bare(self, value: dict[str, Any], kind: Any, place: str) -> dict[str, Any]:
        """A geometry that stands alone, as a feature."""
        if not ("coordinates" in value or "geometries" in value or "base" in value):
            raise Unreadable(f"{kind!r} is no Feature and no geometry", place=f"{place}/type")
        own = {key: value[key] for key in value.keys() & {"coordRefSys", "conformsTo"}}
        shape = {key: value[key] for key in value.keys() - {"coordRefSys", "conformsTo", "crs", "bbox"}}
        return {"geometry": None, "place": shape, **own} if self._is_jsonfg else {"geometry": shape}

    def _geometry(self, feature: Feature, geometry: Any, place: str, reading: OpenFile) -> None:
        if geometry is None:
            return
        shape: bytes | None = self._decode(geometry, f"{place}/geometry", feature, reading)
        if self._is_jsonfg and self._crs is not None and self._crs != CRS84 and self._crs.is_known:
            shape = transform.wkb([shape], CRS84, self._crs)[0]  # JSON-FG: `geometry` is in CRS84 whatever `place` is in
        feature.shape = shape

    def _decode(self, geometry: Any, place: str, feature: Feature, reading: OpenFile) -> bytes:
        flaws: list[str] = []
        shape = geojson.decode(geometry, place, flaws)
        for flaw in flaws:
            pointer, _, what = flaw.partition(": ")
            reading.problem(
                (f"the geometry was mended: {what}", f"la géométrie a été réparée : {what}"),
                ("mend it at the source (RFC 7946 section 3.1)", "la corriger à la source (RFC 7946, section 3.1)"),
                feature=feature.id,
                place=pointer,
            )
        return shape

    def _place(self, feature: Feature, value: dict[str, Any], place: str, reading: OpenFile) -> Feature:
        """The feature with the geometry of `place`, which counts before `geometry` (OGC 21-045r1 section 7.5)."""
        geometry = value.get("place")
        if geometry is None:
            return feature
        if not isinstance(geometry, dict):
            raise Unreadable("place is a geometry or null", place=f"{place}/place")
        own = jsonfg.reference(geometry.get("coordRefSys", value.get("coordRefSys"))) or self._crs
        geometry = jsonfg.in_drawing_order(geometry, own)
        kind = geometry.get("type")
        if kind in jsonfg.SOLIDS:
            reading.report.changed(f"{kind} without level of detail", "JSON-FG states none; kept at LoD 1 (prism) or 2", feature.id)
            feature.geometries = jsonfg.solids(geometry, f"{place}/place")
        else:
            if kind in jsonfg.CURVES:
                reading.report.changed(f"{kind}", "arcs stroked to straight lines every 4 degrees", feature.id)
                geometry = jsonfg.straight(geometry, f"{place}/place")
            feature.shape = self._decode(geometry, f"{place}/place", feature, reading)
        if value.get("geometry") is not None:
            reading.report.changed("geometry beside place", "place is the truth; geometry is a copy of it in CRS84", feature.id)
        if own is not None and self._crs is not None and not crs_rules.same(own, self._crs):
            return transform.feature(feature, own, self._crs)
        return feature

    def _keep_foreign(self, value: dict[str, Any], properties: dict[str, Any], place: str, reading: OpenFile) -> None:
        """Members that GeoJSON does not know become properties where their name is free (RFC 7946 section 6.1)."""
        if len(value) <= 4 and value.keys() <= _OWN:
            return
        for key in value.keys() - _OWN:
            if key in properties:
                reading.report.lost(f"member {key} of a feature", "a property has the same name", place)
            else:
                properties[key] = value[key]
                reading.report.changed(f"member {key} of a feature", "kept as a property", place)

    def _id(self, value: dict[str, Any], properties: dict[str, Any], place: str, reading: OpenFile) -> str:
        if self._ids == "order":
            if "id" in value:
                self._odd_id(place, reading, found=str(value["id"]))
            return str(self._number)
        found = value.get("id") if self._id_field is None else properties.get(self._id_field)
        if isinstance(found, bool) or not isinstance(found, int | float | str) or found == "":
            self._odd_id(place, reading, found=repr(found)[:80])
            return f"no-id-{self._number}"
        if type(found) not in self._kinds:
            self._kinds.add(type(found))
            if len(self._kinds) > 1:
                reading.problem(
                    ("ids are numbers and texts by turns: 1 and '1' are one id", "identifiants tantôt nombres, tantôt textes"),
                    ("write every id as a text", "écrire chaque identifiant comme texte"),
                    place=place,
                    found=repr(found)[:80],
                )
        return str(int(found)) if isinstance(found, float) and found.is_integer() else str(found)

    def _odd_id(self, place: str, reading: OpenFile, *, found: str) -> None:
        reading.problem(
            ("some features have an id and others have none", "certains objets ont un identifiant, d'autres aucun"),
            ("give every feature an id, or --id FIELD", "donner un identifiant à chaque objet, ou --id CHAMP"),
            place=place,
            found=found,
            expected="a text or a number",
        )


def _has_place(located: Located | None) -> bool:
    return located is not None and ("place" in located[1] or "coordRefSys" in located[1])
