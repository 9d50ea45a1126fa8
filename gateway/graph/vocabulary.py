"""The names of the twin's RDF: prefixes, and the mapping of types and attributes from ``mappings/twin-rdf.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import yaml

from gateway.errors import UsageError
from gateway.settings import data_folder

RDF_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
DIGEST = "https://w3id.org/twin-gateway/ns#digest"
HAS_PART = "http://purl.org/dc/terms/hasPart"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Prefixes by name, and IRIs in angle brackets by CityJSON type and by attribute name."""

    prefixes: Mapping[str, str]
    types: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, str]

    def term(self, curie: str) -> str:
        """``dct:title`` as ``<http://purl.org/dc/terms/title>``. Raises UsageError for an unknown prefix."""
        prefix, _, name = curie.partition(":")
        if prefix not in self.prefixes:
            raise UsageError(f"{curie}: the prefix {prefix} is not declared", cure="declare it in mappings/twin-rdf.yaml")
        return f"<{self.prefixes[prefix]}{name}>"


@cache
def vocabulary() -> Vocabulary:
    """The shipped vocabulary; read once."""
    text = (data_folder("mappings") / "twin-rdf.yaml").read_text("utf-8")
    table = yaml.safe_load(text)
    bare = Vocabulary(table["prefixes"], {}, {})
    types = {name: tuple(bare.term(curie) for curie in curies) for name, curies in table["types"].items()}
    attributes = {name: bare.term(curie) for name, curie in table["attributes"].items()}
    return Vocabulary(table["prefixes"], types, attributes)


@cache
def term(curie: str) -> str:
    """A term of the shipped vocabulary in angle brackets."""
    return vocabulary().term(curie)
