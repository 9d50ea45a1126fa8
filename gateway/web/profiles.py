"""How references between features are written: profiles of an answer (OGC 23-058r2, clauses 13 and 14).

A profile changes no meaning: a key is what the feature holds, an address or a link is the same reference ready to be followed.
"""

from __future__ import annotations

from typing import Any

import orjson

from gateway.errors import ParameterError
from gateway.services.meanings import reference
from gateway.services.query import Source
from gateway.web.asked import Asked

REGISTER = "http://www.opengis.net/def/profile/OGC/0/"
KEY, URI, LINK = "rel-as-key", "rel-as-uri", "rel-as-link"
REFERENCES = (KEY, URI, LINK)
"""What references can be written as; the first is what comes unasked."""

OTHERS = ("rfc7946", "jsonfg", "jsonfg-plus")
"""Profiles of GeoJSON that choose the encoding (`gateway.web.features`) and say nothing of references."""

_MOST = 16


def chosen(source: Source, text: str | None) -> str | None:
    """The profile for references of an answer: the first of those asked for, else the default where the collection has a
    reference, else None. Raises ParameterError for one that there is not (/req/profile-parameter/profile-param)."""
    if text is None:
        return KEY if reference(source) is not None else None
    names = [name.strip().removeprefix(REGISTER) for name in text.split(",", _MOST)]
    for name in names:
        if name not in (*REFERENCES, *OTHERS):
            known = ", ".join((*REFERENCES, *OTHERS))
            raise ParameterError("profile", f"there is no profile {name[:100]!r} here", cure=f"one of {known}")
    return next((name for name in names if name in REFERENCES), chosen(source, None))


def written(asked: Asked, source: Source, profile: str | None, features: bytes) -> bytes:
    """Comma-joined GeoJSON features with their references as the profile says."""
    name = reference(source)
    if name is None or profile in (None, KEY):
        return features
    found = orjson.loads(b"[" + features + b"]")
    for one in found:
        value = (one["properties"] or {}).get(name)
        if isinstance(value, str):
            one["properties"][name] = _reference(asked, source, value, as_link=profile == LINK)
    return orjson.dumps(found)[1:-1]


def _reference(asked: Asked, source: Source, feature: str, *, as_link: bool) -> Any:
    address = asked.url("collections", source.collection.id, "items", feature)
    return {"href": address, "title": feature} if as_link else address


def links(profile: str | None) -> list[dict[str, str]]:
    """The link to the profile of an answer (/req/profile-parameter/profile-param-response)."""
    return [] if profile is None else [{"href": f"{REGISTER}{profile}", "rel": "profile", "title": "how references are written"}]


def header(profile: str | None) -> str:
    """The same for the header ``Link``, with the comma that joins it to what follows; empty without a profile."""
    return "" if profile is None else f'<{REGISTER}{profile}>; rel="profile", '
