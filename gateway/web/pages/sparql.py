"""The form at ``/sparql`` for people: a query with examples, sent as a plain form."""

from __future__ import annotations

from fastapi import Response

from gateway.graph.vocabulary import vocabulary
from gateway.web.asked import Asked
from gateway.web.pages.render import page

_WORDS = {
    "en": {
        "title": "Ask the linked data",
        "lead": "Every feature and dataset you may see, in SPARQL 1.1. Without FROM a query is about all of them together.",
        "query": "Query",
        "format": "Answer as",
        "send": "Ask",
        "examples": "Examples",
        "datasets": "The datasets, with title and owner",
        "types": "What there is, counted by type",
        "geometry": "Ten features with their place",
    },
    "fr": {
        "title": "Interroger les données liées",
        "lead": "Chaque objet et chaque jeu que vous pouvez voir, en SPARQL 1.1. Sans FROM, la requête porte sur tous ensemble.",
        "query": "Requête",
        "format": "Réponse en",
        "send": "Interroger",
        "examples": "Exemples",
        "datasets": "Les jeux, avec titre et propriétaire",
        "types": "Ce qu'il y a, compté par type",
        "geometry": "Dix objets avec leur lieu",
    },
}
_EXAMPLES = (
    (
        "datasets",
        ("dcat", "dct", "foaf"),
        "SELECT ?dataset ?title ?owner WHERE {\n"
        "  ?dataset a dcat:Dataset ; dct:title ?title ; dct:publisher/foaf:name ?owner .\n}\nORDER BY ?dataset",
    ),
    ("types", (), "SELECT ?type (COUNT(*) AS ?n) WHERE { ?thing a ?type }\nGROUP BY ?type ORDER BY DESC(?n)"),
    ("geometry", ("geo",), "SELECT ?feature ?wkt WHERE { ?feature geo:hasDefaultGeometry/geo:asWKT ?wkt }\nLIMIT 10"),
)


def form(asked: Asked) -> Response:
    """The form; it works without a script."""
    words = _WORDS[asked.language]
    examples = [(words[key], _query(prefixes, body)) for key, prefixes, body in _EXAMPLES]
    return page(asked, "sparql.html", words=words, examples=examples, first=examples[0][1], formats=("json", "csv", "tsv", "xml"))


def _query(prefixes: tuple[str, ...], body: str) -> str:
    known = vocabulary().prefixes
    return "".join(f"PREFIX {prefix}: <{known[prefix]}>\n" for prefix in prefixes) + body
