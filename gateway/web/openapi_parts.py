"""The reusable parts of the API definition: parameters, responses and schemas."""

from __future__ import annotations

from typing import Any

from gateway.services.downloads import FORMATS
from gateway.services.selection import MOST as MOST_NAMES
from gateway.web import features
from gateway.web.negotiation import LANGUAGES

EVERYWHERE = {"400": "InvalidParameter", "401": "Unauthenticated", "406": "NotAcceptable", "500": "ServerError"}
"""Errors that every operation can give."""

CRS_HEADER = {
    "Content-Crs": {"description": "The CRS of the coordinates, in angle brackets", "schema": {"type": "string"}},
    "ETag": {"description": "Validator for conditional requests", "schema": {"type": "string"}},
}

NUMBER_HEADERS = {
    name: {"description": f"{name} of the page, where the encoding has no place for it", "schema": {"type": "integer"}}
    for name in ("OGC-NumberMatched", "OGC-NumberReturned")
}

FILE_HEADERS = {
    "ETag": {"description": "Strong validator, once the file is made", "schema": {"type": "string"}},
    "Repr-Digest": {"description": "SHA-256 of the whole file, once it is made (RFC 9530)", "schema": {"type": "string"}},
    "Accept-Ranges": {"description": "bytes, once the file is made", "schema": {"type": "string"}},
}


def parameters(largest: int, default: int) -> dict[str, Any]:
    """All parameters by the name of the component."""
    return {
        "collectionId": path("collectionId", "The id of a collection"),
        "featureId": path("featureId", "The id of a feature"),
        "datasetId": path("datasetId", "The id of a dataset"),
        "submissionId": path("submissionId", "The id of a submission"),
        "f": _format("json", "html"),
        "f-json": _format("json"),
        "f-download": _format(*(format.name for format in FORMATS)),
        "f-coverage": _format("tif", "covjson"),
        "bands": query("properties", "The bands, separated by commas; all unless said", {"type": "string"}),
        "f-schema": _format("json", "html", "xsd"),
        "f-items": _format(*(offer.name for offer in features.ITEMS_OFFERS)),
        "f-feature": _format(*(offer.name for offer in features.ITEM_OFFERS)),
        "f-record": _format("json", "html", "xml", "jsonld", "ttl"),
        "lang": query("lang", "The language of human text", {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]}),
        "limit": query(
            "limit",
            "The most features a page has; more than the maximum is the maximum",
            {"type": "integer", "minimum": 1, "maximum": largest, "default": default},
        ),
        "bbox": query(
            "bbox",
            "Only features whose geometry intersects this box: four or six numbers in the axis order of bbox-crs",
            {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
        ),
        "bbox-crs": query("bbox-crs", "The CRS of bbox; CRS84 unless said", {"type": "string", "format": "uri"}),
        "crs": query("crs", "The CRS of the coordinates; CRS84 unless said", {"type": "string", "format": "uri"}),
        "datetime": query(
            "datetime", "Only features valid at this instant or in this interval (RFC 3339, .. for open)", {"type": "string"}
        ),
        "offset-items": query(
            "offset",
            "How many features to pass over; further on, follow the next links",
            {"type": "integer", "minimum": 0, "maximum": largest, "default": 0},
        ),
        "after": query("after", "The paging token of a next link", {"type": "string"}),
        "before": query("before", "Only versions before this one", {"type": "integer", "minimum": 1}),
        "sortby": query("sortby", "The order: +NAME or -NAME (descending), of the sortables", _names(8)),
        "properties": query("properties", "The properties shown, geometry among them; all unless said", _names(MOST_NAMES)),
        "exclude-properties": query("exclude-properties", "The properties not shown", _names(MOST_NAMES)),
        "profile": query("profile", "How references are written", {"type": "array", "items": {"type": "string"}}),
        "version": query("version", "A version of the dataset", {"type": "integer", "minimum": 1}),
        "as-of": query("as-of", "The version that stood at this time of publication (RFC 3339)", {"type": "string"}),
    }


def _names(most: int) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "maxItems": most, "items": {"type": "string"}}


def _format(*names: str) -> dict[str, Any]:
    return query("f", "The representation", {"type": "string", "enum": list(names), "default": names[0]})


def path(name: str, description: str) -> dict[str, Any]:
    """A parameter in the path."""
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


def query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter in the query."""
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "style": "form",
        "explode": False,
        "schema": schema,
    }


def problem(description: str) -> dict[str, Any]:
    """The response to something that went wrong."""
    content = {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
        "text/html": {"schema": {"type": "string"}},
    }
    return {"description": description, "content": content}


RESPONSES: dict[str, Any] = {
    "InvalidParameter": problem("A parameter is unknown or has a bad value"),
    "Unauthenticated": problem("The key is missing where one is needed, wrong, ended or expired"),
    "NotFound": problem("There is no such thing for this reader"),
    "NotAcceptable": problem("None of the accepted types is offered"),
    "Conflict": problem("The id is taken, or the state is another"),
    "TooLarge": problem("The body is larger than the server takes"),
    "Unsupported": problem("The body is of a type the server does not read"),
    "Refused": problem("The charter says no; the findings say why and how to mend it"),
    "Busy": problem("Another writer holds the twin; Retry-After says when to come again"),
    "ServerError": problem("The server failed"),
    "Unhealthy": {"description": "The twin cannot be read", "content": {"application/json": {"schema": {"type": "object"}}}},
    "Remote": problem("A service that the answer is made of could not be had"),
    "OutOfTime": problem("A service that the answer is made of took too long"),
    "NoSuchRange": {"description": "The file has no such bytes"},
    "NotModified": {"description": "The caller has it already"},
}

_LINKS = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}
_GEOMETRY = {"type": "object", "nullable": True, "required": ["type"], "properties": {"type": {"type": "string"}}}

SCHEMAS: dict[str, Any] = {
    "Any": {"type": "object"},
    "Link": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {name: {"type": "string"} for name in ("href", "rel", "type", "title", "hreflang")},
    },
    "LandingPage": {
        "type": "object",
        "required": ["links"],
        "properties": {"title": {"type": "string"}, "description": {"type": "string"}, "links": _LINKS},
    },
    "Conformance": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {"conformsTo": {"type": "array", "items": {"type": "string"}}, "links": _LINKS},
    },
    "Extent": {
        "type": "object",
        "properties": {
            "spatial": {
                "type": "object",
                "properties": {
                    "bbox": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
                    },
                    "crs": {"type": "string"},
                },
            },
            "temporal": {
                "type": "object",
                "properties": {
                    "interval": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "array",
                            "minItems": 2,
                            "maxItems": 2,
                            "items": {"type": "string", "format": "date-time", "nullable": True},
                        },
                    },
                    "trs": {"type": "string"},
                },
            },
        },
    },
    "Collection": {
        "type": "object",
        "required": ["id", "links"],
        "properties": {
            "id": {"type": "string"},
            "title": {"type": "string"},
            "description": {"type": "string"},
            "links": _LINKS,
            "extent": {"$ref": "#/components/schemas/Extent"},
            "itemType": {"type": "string", "default": "feature"},
            "crs": {"type": "array", "items": {"type": "string"}},
            "storageCrs": {"type": "string"},
        },
    },
    "Collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {
            "links": _LINKS,
            "crs": {"type": "array", "items": {"type": "string"}},
            "collections": {"type": "array", "items": {"$ref": "#/components/schemas/Collection"}},
        },
    },
    "Feature": {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            "geometry": _GEOMETRY,
            "properties": {"type": "object", "nullable": True},
            "links": _LINKS,
        },
    },
    "FeatureCollection": {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
            "links": _LINKS,
            "timeStamp": {"type": "string", "format": "date-time"},
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberReturned": {"type": "integer", "minimum": 0},
        },
    },
    "Problem": {
        "type": "object",
        "properties": {
            **{name: {"type": "string"} for name in ("type", "title", "detail", "parameter", "pointer", "place", "cure")},
            "status": {"type": "integer"},
            "position": {"type": "integer", "description": "Where in the parameter, in characters from 0"},
        },
    },
}
