"""The outside of a CityJSON text: header and metadata, appearance and templates, and the step from parsed objects to features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gateway.adapters.cityobjects import decoding, terms, vertices
from gateway.adapters.cityobjects.decoding import Surroundings
from gateway.adapters.cityobjects.flat import flat_geometries
from gateway.adapters.cityobjects.vertices import Transform
from gateway.adapters.reading import OpenFile
from gateway.errors import Unreadable
from gateway.geo.nesting import depth_of, points_of
from gateway.model.feature import Feature
from gateway.model.geometry import Geometry, Point
from gateway.model.record import Contact, Record
from gateway.model.report import Report
from gateway.ports import Header, Output, ReadOptions

_KEPT = frozenset(("referenceSystem", "crs", "geographicalExtent", "title", "identifier", "referenceDate", "pointOfContact"))


def header(format: str, version: str, metadata: Any, options: ReadOptions) -> Header:
    """The Header of a file from its `metadata` member."""
    about = metadata if isinstance(metadata, dict) else {}
    title = about.get("title")
    return Header(
        format=format,
        version=version,
        crs=terms.crs_of(about) or options.crs,
        title=title if isinstance(title, str) else None,
        ids="source" if options.id_field is None else "field",
        record=_record(about),
    )


def _record(about: Mapping[str, Any]) -> Record | None:
    """What `metadata` says as a record; None where it names neither title nor identifier."""
    title, identifier = about.get("title"), about.get("identifier")
    if not isinstance(title, str) and not isinstance(identifier, str):
        return None
    contact = about.get("pointOfContact")
    contacts: tuple[Contact, ...] = ()
    if isinstance(contact, dict) and isinstance(contact.get("contactName"), str):
        email, role = contact.get("emailAddress"), contact.get("role")
        contacts = (
            Contact(
                organisation={"und": str(contact.get("organization") or contact["contactName"])},
                role=role if isinstance(role, str) else "pointOfContact",
                name=contact["contactName"],
                email=email if isinstance(email, str) else None,
            ),
        )
    date = about.get("referenceDate")
    return Record(
        id=str(identifier or title),
        title={"und": str(title or identifier)},
        contacts=contacts,
        created=date if isinstance(date, str) else None,
    )


def surroundings(members: Mapping[str, Any], reading: OpenFile) -> Surroundings:
    """Appearance and templates of a text (coordinates are put in later); what is not kept is reported."""
    found = Surroundings(appearance=_object(members.get("appearance"), "/appearance"))
    for theme in ("default-theme-texture", "default-theme-material"):
        if theme in found.appearance:
            reading.report.lost(theme, "the twin keeps all themes and prefers none", str(found.appearance[theme]))
    about = members.get("metadata")
    for key in sorted(about.keys() - _KEPT) if isinstance(about, dict) else ():
        reading.report.lost(f"metadata {key}", "the header has no place for it", f"/metadata/{key}")
    templates = _object(members.get("geometry-templates"), "/geometry-templates")
    corners = vertices.table(templates.get("vertices-templates", []), Transform(), "/geometry-templates/vertices-templates")
    around = Surroundings(corners, found.appearance)
    listed = templates.get("templates", [])
    if not isinstance(listed, list):
        raise Unreadable("templates is an array", place="/geometry-templates/templates")
    for number, template in enumerate(listed):
        place = f"/geometry-templates/templates/{number}"
        found.templates.append(decoding.geometry(template, around, reading, place, f"template {number}"))
    return found


def _object(value: Any, place: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable("expected an object", place=place)
    return value


def decoded(members: Iterable[Any], around: Surroundings, reading: OpenFile, place: str, options: ReadOptions) -> Iterator[Feature]:
    """Features of parsed objects in family order; an extension's object takes the collection of its parent."""
    modules: dict[str, str] = {}
    names: dict[str, str] = {}
    for identifier, value, parent, children in members:
        if parent is None:
            modules, names = {}, {}
        feature = decoding.feature(identifier, value, around, reading, f"{place}/{_pointer(identifier)}")
        if feature.type not in terms.MODULE and parent is not None:
            feature.collection = modules.get(parent, feature.collection)
        modules[identifier] = feature.collection
        feature.parent, feature.children = parent, children
        if options.id_field is not None:
            _rename(feature, options.id_field, names, reading)
        yield feature


def _rename(feature: Feature, field: str, names: dict[str, str], reading: OpenFile) -> None:
    """Take the id from an attribute; parents and children follow as far as they have been seen."""
    found = feature.properties.get(field)
    names[feature.id] = str(found) if isinstance(found, str | int) and found != "" else feature.id
    if names[feature.id] == feature.id:
        reading.problem(
            (f"no attribute {field} to take the id from", f"pas d'attribut {field} pour l'identifiant"),
            ("fill the attribute, or leave out --id", "remplir l'attribut, ou omettre --id"),
            feature=feature.id,
            place=feature.place,
        )
    feature.id = names[feature.id]
    feature.parent = names.get(feature.parent, feature.parent) if feature.parent else None
    if feature.children:
        reading.report.lost("names of children", "their ids come from an attribute read later", feature.id)
        feature.children = ()


def east_first(coordinates: Any, reading: OpenFile) -> Any:
    """The coordinates with latitude and longitude exchanged, and a finding that says so."""
    reading.problem(
        ("latitude stands before longitude; they were exchanged", "la latitude précède la longitude ; elles ont été échangées"),
        (
            "write longitude first, as most readers of CityJSON expect",
            "écrire la longitude d'abord, comme l'attendent les lecteurs",
        ),
        place="/vertices",
    )
    return coordinates[:, [1, 0, 2]]


def _pointer(key: str) -> str:
    """A key as a part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def first_point(family: Iterable[Feature]) -> Point | None:
    """Any point of a family, for the corner that vertices are counted from."""
    for feature in family:
        geometries: Iterable[Geometry] = feature.geometries
        if not feature.geometries and feature.shape is not None:
            geometries = flat_geometries(feature.shape)
        for geometry in geometries:
            found = points_of(geometry.boundaries, depth_of(geometry))
            if found:
                return found[0]
        for address in feature.addresses:
            spots = (address.get("location") or {}).get("boundaries")
            if spots:
                return (spots[0][0], spots[0][1], spots[0][2])
    return None


def written(output: Output, box: list[float] | None, report: Report) -> dict[str, Any]:
    """The `metadata` member of a text being written."""
    found: dict[str, Any] = {}
    if output.title:
        found["title"] = output.title
    if box is not None:
        found["geographicalExtent"] = box
    if output.crs is not None and output.crs.is_known:
        found["referenceSystem"] = terms.uri_of(output.crs)
    else:
        report.note("The source names no reference system with a code, so the CityJSON names none.")
    return found
