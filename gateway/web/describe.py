"""Collections and datasets as the doors describe them: JSON members and links, for the reader who asks."""

from __future__ import annotations

import math
from typing import Any

from gateway.model.dataset import Box, Collection, Dataset
from gateway.model.text import UNDETERMINED, Text, pick
from gateway.services.downloads import FORMATS
from gateway.services.query import Source
from gateway.services.question import offered
from gateway.web import attribution, licences
from gateway.web.asked import Asked
from gateway.web.features import GEOJSON_TYPE, link

SCHEMA_TYPE = "application/schema+json"


def collection(asked: Asked, source: Source) -> dict[str, Any]:
    """One collection (OGC 17-069r4, collection.yaml; OGC 18-058r1, /req/crs/fc-md-crs-list and -storageCrs)."""
    found, dataset = source.collection, source.dataset
    members: dict[str, Any] = {"id": found.id, "title": pick(title(found, dataset), asked.languages)}
    description = pick(found.description, asked.languages) or pick(dataset.record.abstract, asked.languages)
    if description:
        members["description"] = description
    told = attribution.named(asked, dataset).members
    members["attribution"], members["dateOfActuality"] = told["attribution"], told["dateOfActuality"]
    if (extent := _extent(found)) is not None:
        members["extent"] = extent
    members["itemType"] = "feature"
    members["crs"] = [crs.uri for crs in offered(found)]
    members["storageCrs"] = found.crs.uri
    members["links"] = _links(asked, source)
    members["dataset"] = dataset.id
    members["updated"] = dataset.updated
    if dataset.licence:
        members["license"] = dataset.licence
    return members


def title(found: Collection, owner: Dataset) -> Text:
    """What people read: the collection's own title, or its dataset's where it is the only one and has but a layer's name."""
    own = {tag: text for tag, text in found.title.items() if text}
    if (own.keys() <= {UNDETERMINED}) and len(owner.collections) == 1 and owner.record.title:
        return owner.record.title
    return own or {UNDETERMINED: found.id}


def _extent(found: Collection) -> dict[str, Any] | None:
    """Where and when, in CRS84 and RFC 3339 (/req/core/fc-md-extent)."""
    extent: dict[str, Any] = {}
    if found.box is not None:
        extent["spatial"] = {"bbox": [outward(found.box)], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}
    if found.interval is not None and any(found.interval):
        ends = [_moment(text) for text in found.interval]
        extent["temporal"] = {"interval": [ends], "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"}
    return extent or None


def outward(box: Box) -> list[float]:
    """An extent with seven decimals, rounded so that it still holds everything."""
    west, south, east, north = box
    return [math.floor(west * 1e7) / 1e7, math.floor(south * 1e7) / 1e7, math.ceil(east * 1e7) / 1e7, math.ceil(north * 1e7) / 1e7]


def _moment(text: str | None) -> str | None:
    """A date as the date-time that the schema of extents asks for."""
    return f"{text}T00:00:00Z" if text is not None and len(text) == 10 else text


def _links(asked: Asked, source: Source) -> list[dict[str, str]]:
    found, dataset = source.collection, source.dataset
    here = ("collections", found.id)
    links = [
        link(asked.url(*here), "self", "application/json", "this collection"),
        link(asked.url(*here, f="html"), "alternate", "text/html", "this collection as a web page"),
        link(asked.url(*here, "items"), "items", GEOJSON_TYPE, "its features"),
        link(asked.url(*here, "items", f="html"), "items", "text/html", "its features as a web page"),
        link(asked.url(*here, "schema"), "describedby", SCHEMA_TYPE, "the schema of its features"),
        link(
            asked.url(*here, "queryables"),
            "http://www.opengis.net/def/rel/ogc/1.0/queryables",
            SCHEMA_TYPE,
            "what can be filtered by",
        ),
        link(asked.url("datasets", dataset.id), "describedby", "application/json", "the record of its dataset"),
        link(asked.url("datasets", dataset.id, f="xml"), "describedby", "application/vnd.iso.19139+xml", "the record as ISO 19139"),
    ]
    for format in FORMATS:
        title = f"the whole collection as {format.name}"
        links.append(link(asked.url(*here, "download", f=format.name), "enclosure", format.media_type, title))
    licence = licences.address(asked, dataset)
    if licence is not None:
        links.append({"href": licence, "rel": "license", "title": dataset.licence or licence})
    return links


def dataset(asked: Asked, found: Dataset) -> dict[str, Any]:
    """One dataset with the members of its record that people search by."""
    record, languages = found.record, asked.languages
    here = ("datasets", found.id)
    members: dict[str, Any] = {
        "id": found.id,
        "title": pick(record.title, languages) or found.id,
        "description": pick(record.abstract, languages),
        "owner": found.owner_name,
        "access": found.level,
        **attribution.named(asked, found).members,
        "version": found.version,
        "updated": found.updated,
        "type": record.type,
        "keywords": [pick(keyword.text, languages) for keyword in record.keywords],
        "topics": list(record.topics),
        "crs": list(record.crs),
        "permanentIds": record.permanent_ids,
        "attributes": [
            {
                "name": entry.name,
                "type": entry.type,
                "description": pick(entry.description, languages),
                "collection": entry.collection,
            }
            for entry in record.attributes
        ],
        "graph": found.graph,
        "collections": [collection.id for collection in found.collections],
        "links": [
            link(asked.url(*here), "self", "application/json", "this dataset"),
            link(asked.url(*here, f="html"), "alternate", "text/html", "this dataset as a web page"),
            link(asked.url(*here, f="xml"), "alternate", "application/vnd.iso.19139+xml", "its record as ISO 19139"),
            link(asked.url(*here, f="jsonld"), "alternate", "application/ld+json", "this dataset as linked data"),
            link(asked.url(*here, f="ttl"), "alternate", "text/turtle", "this dataset as linked data"),
            *(
                link(
                    asked.url("collections", part.id),
                    "http://www.opengis.net/def/rel/ogc/1.0/data-meta",
                    "application/json",
                    part.id,
                )
                for part in found.collections
            ),
        ],
    }
    licence = licences.address(asked, found)
    if licence is not None:
        members["links"].append({"href": licence, "rel": "license", "title": members["license"] or licence})
    return members


def schema(asked: Asked, source: Source, *, name: str, geometry: bool, names: tuple[str, ...] | None = None) -> dict[str, Any]:
    """The JSON Schema of a collection's properties, at ``/schema`` (all declared) and ``/queryables`` (those one can filter by)."""
    found = source.collection
    properties: dict[str, Any] = {}
    if geometry:
        properties["geometry"] = {"x-ogc-role": "primary-geometry", "format": "geometry-any"}
    for entry in found.fields:
        if names is None or entry.name in names:
            properties[entry.name] = {"type": entry.type} | ({} if entry.format is None else {"format": entry.format})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": asked.url("collections", found.id, name),
        "type": "object",
        "title": pick(title(found, source.dataset), asked.languages),
        "properties": properties,
        "additionalProperties": geometry,
    }
