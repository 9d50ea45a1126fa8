"""The headers that say how a body is to be read and what the caller would like: media type, CRS, conditions, preferences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gateway.errors import ParameterError, Unsupported
from gateway.services.conditions import ANY, Conditions
from gateway.web.asked import Asked

FEATURE_TYPES = ("application/geo+json", "application/json", "application/vnd.ogc.fg+json")
SEARCH_TYPES = ("application/x-www-form-urlencoded", "application/json")
PATCH_TYPES = ("application/merge-patch+json",)
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_MOST_TAGS = 64
_LONGEST_CRS = 500


@dataclass(frozen=True, slots=True)
class Preferences:
    """What ``Prefer`` asks for, as far as it is honoured (RFC 7240): the result shown, nothing undeclared taken, a wait."""

    shows: bool = False
    strict: bool = False
    waits: bool = False
    applied: tuple[str, ...] = ()


def demand_type(asked: Asked, known: tuple[str, ...]) -> None:
    """Raise ParameterError where no Content-Type says what the body is, Unsupported where it is of no type known here."""
    given = asked.header(b"content-type")
    if not given:
        raise ParameterError("Content-Type", "the body is of no stated type", cure=f"Content-Type: {known[0]}")
    if given.partition(";")[0].strip().lower() not in known:
        raise Unsupported("a body of this type is not taken here", cure=f"one of {', '.join(known)}")


def crs(asked: Asked) -> str | None:
    """The CRS that ``Content-Crs`` names in angle brackets (OGC 18-058r1, 6.4)."""
    given = asked.header(b"content-crs")
    if given is None:
        return None
    bare = given.strip()
    if not (bare.startswith("<") and bare.endswith(">") and len(bare) <= _LONGEST_CRS):
        raise ParameterError("Content-Crs", "not a URI in angle brackets", cure="<http://www.opengis.net/def/crs/EPSG/0/2056>")
    return bare[1:-1]


def conditions(asked: Asked) -> Conditions:
    """The conditions of a change (RFC 9110, 13.1). If-Match compares strongly: a weak validator matches nothing."""
    return Conditions(
        match=_states(asked, b"if-match", weak=False),
        none_match=_states(asked, b"if-none-match", weak=True),
        unmodified_since=_moment(asked.header(b"if-unmodified-since")),
    )


def preferences(asked: Asked) -> Preferences:
    """What the caller prefers; what nobody knows is passed over."""
    shows = strict = waits = False
    applied = []
    for part in (asked.header(b"prefer") or "").split(",")[:16]:
        wish = part.partition(";")[0].replace(" ", "").replace('"', "").lower()
        if wish in ("return=representation", "return=minimal"):
            shows = wish.endswith("representation")
        elif wish in ("handling=strict", "handling=lenient"):
            strict = wish.endswith("strict")
        elif wish.startswith("wait=") and wish[5:].isdigit():
            waits = True
        else:
            continue
        applied.append(wish)
    return Preferences(shows, strict, waits, tuple(applied))


def idempotency_key(asked: Asked) -> str | None:
    """The Idempotency-Key of a request. Raises ParameterError."""
    key = asked.header(b"idempotency-key")
    if key is not None and not 0 < len(key) <= 255:
        raise ParameterError("Idempotency-Key", "too long or empty", cure="1 to 255 characters")
    return key


def _states(asked: Asked, name: bytes, *, weak: bool) -> frozenset[str] | None:
    """The states that a list of entity tags names; ours are written ``"STATE.REPRESENTATION"``."""
    given = asked.header(name)
    if given is None:
        return None
    if given.strip() == "*":
        return frozenset({ANY})
    found = []
    for part in given.split(",")[:_MOST_TAGS]:
        match = _TAG.fullmatch(part.strip())
        if match is not None and (weak or match[1] is None):
            found.append(match[2].partition(".")[0])
    return frozenset(found)


def _moment(given: str | None) -> datetime | None:
    """An HTTP date; one that is none is passed over (RFC 9110, 13.1.4)."""
    if given is None:
        return None
    try:
        moment = parsedate_to_datetime(given)
    except (ValueError, IndexError, TypeError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
