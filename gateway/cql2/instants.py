"""Instants of a filter: days, and moments in UTC (OGC 21-065, /req/basic-cql2; RFC 3339)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from gateway.cql2.node import Node, Place, fault, shown
from gateway.errors import ParameterError
from gateway.model.query import Instant

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(
    r"(?P<until>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?P<part>\.[0-9]{1,9})?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_CURE = "'2024-05-01' or '2024-05-01T08:00:00Z'"


def of_parameter(text: str, parameter: str) -> Instant:
    """The instant that a query parameter states. Raises ParameterError naming it."""
    try:
        return instant(text, 0)
    except ParameterError as error:
        raise ParameterError(parameter, error.message, cure=error.cure) from error


def literal(node: Node) -> Instant:
    """DATE or TIMESTAMP. Raises ParameterError."""
    found = instant(node.value, node.at)
    if (node.op == "date") != (len(found.text) == 10):
        wanted = "a day, such as '2024-05-01'" if node.op == "date" else "a moment, such as '2024-05-01T08:00:00Z'"
        raise fault(node.at, f"{node.op.upper()} takes {wanted}")
    return found


def instant(text: str, at: Place) -> Instant:
    """A day, or a moment in UTC. Raises ParameterError for what is neither."""
    try:
        if _DAY.fullmatch(text):
            return Instant(date.fromisoformat(text).isoformat())
        found = _MOMENT.fullmatch(text.upper())
        if found is None:
            raise ValueError
        zone = "+00:00" if found["zone"] == "Z" else found["zone"]
        moment = datetime.fromisoformat(found["until"] + (found["part"] or "")[:7] + zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise fault(at, f"{shown(text)!r} is no instant", _CURE) from error
    return Instant(moment.replace(tzinfo=None).isoformat() + "Z")


def ends_before(start: Instant, end: Instant) -> bool:
    """Whether an interval of literals ends before it begins; a day lasts until its end."""
    return _first(start) > (f"{end.text}T24" if len(end.text) == 10 else end.text.removesuffix("Z"))


def _first(one: Instant) -> str:
    return f"{one.text}T00:00:00" if len(one.text) == 10 else one.text.removesuffix("Z")
