"""The process ``echo``: gives its inputs back, as clients and test suites need it to try a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.model.process import Description, Input, Output, Value
from gateway.ports import Work

_LONGEST_PAUSE = 3600
_BBOX = {
    "type": "object",
    "required": ["bbox"],
    "format": "ogc-bbox",
    "properties": {
        "bbox": {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
        "crs": {"type": "string", "format": "uri", "default": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"},
    },
}
_GEOMETRY = {
    "type": "object",
    "format": "geojson-geometry",
    "required": ["type"],
    "properties": {
        "type": {
            "type": "string",
            "enum": [
                "Point",
                "MultiPoint",
                "LineString",
                "MultiLineString",
                "Polygon",
                "MultiPolygon",
                "GeometryCollection",
            ],
        },
        "coordinates": {"type": "array", "items": {}},
    },
}
_FEATURES = {
    "type": "object",
    "format": "geojson-feature-collection",
    "required": ["type", "features"],
    "properties": {
        "type": {"type": "string", "enum": ["FeatureCollection"]},
        "features": {"type": "array", "items": {"type": "object"}},
    },
}
_MEASURE = {
    "type": "object",
    "required": ["measurement", "uom"],
    "properties": {"measurement": {"type": "number"}, "uom": {"type": "string"}},
}
_COMPLEX = {
    "type": "object",
    "required": ["property1", "property5"],
    "properties": {
        "property1": {"type": "string"},
        "property2": {"type": "string", "format": "uri"},
        "property3": {"type": "number"},
        "property4": {"type": "string", "format": "date-time"},
        "property5": {"type": "boolean"},
    },
}
_IMAGE = {
    "oneOf": [
        {"type": "string", "contentEncoding": "binary", "contentMediaType": "image/tiff; application=geotiff"},
        {"type": "string", "contentEncoding": "binary", "contentMediaType": "image/jp2"},
        {"type": "string", "contentEncoding": "binary", "contentMediaType": "image/png"},
    ]
}

_KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "stringInput": ("A text", "Un texte", {"type": "string", "maxLength": 100_000}),
    "doubleInput": ("A number", "Un nombre", {"type": "number"}),
    "integerInput": ("A whole number", "Un entier", {"type": "integer"}),
    "booleanInput": ("Yes or no", "Oui ou non", {"type": "boolean"}),
    "choiceInput": ("One of three", "Un parmi trois", {"type": "string", "enum": ["Value1", "Value2", "Value3"]}),
    "dateInput": ("A date with time", "Une date avec l'heure", {"type": "string", "format": "date-time"}),
    "arrayInput": (
        "A list of whole numbers",
        "Une liste d'entiers",
        {"type": "array", "minItems": 2, "maxItems": 1000, "items": {"type": "integer"}},
    ),
    "measureInput": ("A measure with its unit", "Une mesure avec son unité", _MEASURE),
    "complexObjectInput": ("An object", "Un objet", _COMPLEX),
    "geometryInput": ("A geometry", "Une géométrie", _GEOMETRY),
    "boundingBoxInput": ("A box", "Un rectangle", _BBOX),
    "featureCollectionInput": ("Features", "Des objets géographiques", _FEATURES),
    "imagesInput": ("Images", "Des images", _IMAGE),
    "mixedInput": (
        "A text, a number or an object",
        "Un texte, un nombre ou un objet",
        {"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "object"}]},
    ),
}
_MANY = {"geometryInput": 5, "imagesInput": 10}
_PAUSE = Input(
    title={"en": "Seconds to wait", "fr": "Secondes d'attente"},
    schema={"type": "number", "minimum": 0, "maximum": _LONGEST_PAUSE},
    least=0,
)


class Echo:
    """Gives back what it got; an input that is absent gives no output."""

    description = Description(
        id="echo",
        version="1.0.0",
        title={"en": "Echo", "fr": "Écho"},
        description={
            "en": "Gives every input back as the output of the same name, after a pause if one is asked for.",
            "fr": "Rend chaque entrée comme la sortie du même nom, après une pause si elle est demandée.",
        },
        keywords=("echo", "test"),
        inputs={
            **{
                name: Input({"en": en, "fr": fr}, schema, least=1 if name == "stringInput" else 0, most=_MANY.get(name, 1))
                for name, (en, fr, schema) in _KINDS.items()
            },
            "pause": _PAUSE,
        },
        outputs={
            name: Output({"en": en, "fr": fr}, {"type": "array", "items": schema} if name in _MANY else schema)
            for name, (en, fr, schema) in _KINDS.items()
        },
    )

    def run(self, inputs: Mapping[str, list[Value]], work: Work) -> Mapping[str, Value]:
        """Pause, then echo. One image comes back as it is; several values as a list."""
        if "pause" in inputs:
            work.pause(float(inputs["pause"][0].json))
        return {name: values[0] if len(values) == 1 else _listed(values) for name, values in inputs.items() if name != "pause"}


def _listed(values: list[Value]) -> Value:
    import base64

    return Value(
        json=[value.json if value.path is None else base64.b64encode(value.path.read_bytes()).decode() for value in values]
    )


PROCESS = Echo()
