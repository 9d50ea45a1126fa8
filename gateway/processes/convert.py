"""The process ``convert``: a file or a collection of the twin in another format and CRS, with the report of what changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway import registry
from gateway.errors import ParameterError
from gateway.model.process import Description, Input, Output, Value
from gateway.ports import Adapter, Work

_FILE = {
    "oneOf": [
        {"type": "string", "contentEncoding": "binary", "contentMediaType": "application/octet-stream"},
        {"type": "object"},
    ]
}
_NAME = {"type": "string", "minLength": 1, "maxLength": 200}


def text(inputs: Mapping[str, list[Value]], name: str) -> str | None:
    """The text of an optional input."""
    return str(inputs[name][0].json) if name in inputs else None


class Convert:
    """Converts a file, given by value or by reference, or a collection its caller may read."""

    @property
    def description(self) -> Description:
        """The description; the formats are those that are installed."""
        formats = [adapter.name for adapter in _writers()]
        return Description(
            id="convert",
            version="1.0.0",
            title={"en": "Convert", "fr": "Convertir"},
            description={
                "en": "Writes a file, or a collection of this twin, in another format and reference system, "
                "and reports what was lost.",
                "fr": "Écrit un fichier, ou une collection de ce jumeau, dans un autre format et système de référence, "
                "et rapporte ce qui est perdu.",
            },
            keywords=("convert", "format", "crs"),
            inputs={
                "data": Input(
                    {"en": "The file", "fr": "Le fichier"},
                    _FILE,
                    {
                        "en": "By value, or by reference to a public address.",
                        "fr": "Par valeur, ou par référence à une adresse publique.",
                    },
                    least=0,
                ),
                "collection": Input(
                    {"en": "Or a collection of this twin", "fr": "Ou une collection de ce jumeau"},
                    _NAME,
                    least=0,
                    names_collection=True,
                ),
                "to": Input({"en": "The format to write", "fr": "Le format à écrire"}, {"type": "string", "enum": formats}),
                "crs": Input(
                    {"en": "The reference system to write", "fr": "Le système de référence à écrire"},
                    {**_NAME, "examples": ["EPSG:2056"]},
                    least=0,
                ),
                "assumeCrs": Input(
                    {"en": "The system of a file that names none", "fr": "Le système d'un fichier qui n'en nomme pas"},
                    _NAME,
                    least=0,
                ),
                "id": Input({"en": "The field that holds the ids", "fr": "Le champ qui contient les identifiants"}, _NAME, least=0),
                "name": Input({"en": "The file's name", "fr": "Le nom du fichier"}, _NAME, least=0),
            },
            outputs={
                "result": Output(
                    {"en": "The file", "fr": "Le fichier"},
                    {"type": "string", "contentEncoding": "binary", "contentMediaType": "application/octet-stream"},
                ),
                "report": Output({"en": "What changed and why", "fr": "Ce qui a changé et pourquoi"}, {"type": "object"}),
            },
        )

    def run(self, inputs: Mapping[str, list[Value]], work: Work) -> Mapping[str, Value]:
        """Convert; exactly one of `data` and `collection` is given."""
        if ("data" in inputs) == ("collection" in inputs):
            raise ParameterError("inputs.data", "give a file or a collection", cure="one of inputs.data, inputs.collection")
        to = str(text(inputs, "to"))
        adapter = next(found for found in _writers() if found.name == to)
        crs = text(inputs, "crs")
        collection = text(inputs, "collection")
        if collection is not None:
            target = work.folder / f"{collection}{adapter.suffixes[0]}"
            report: Any = work.export(collection, target, to=to, crs=crs)
        else:
            source = work.file(inputs["data"][0], text(inputs, "name") or "data")
            target = work.folder / f"{source.name.partition('.')[0] or 'data'}{adapter.suffixes[0]}"
            target = target if target != source else Path(f"{target}.converted{adapter.suffixes[0]}")
            assumed = text(inputs, "assumeCrs")
            report = work.convert(source, target, to=to, crs=crs, assume_crs=assumed, id_field=text(inputs, "id"))
        return {
            "result": Value(path=target, media_type=adapter.media_type, name=target.name),
            "report": Value(json=report.as_json()),
        }


def _writers() -> list[Adapter]:
    found: list[Adapter] = [registry.get("adapters", name) for name in registry.names("adapters")]
    return [adapter for adapter in found if adapter.writes]


PROCESS = Convert()
