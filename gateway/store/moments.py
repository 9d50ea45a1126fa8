"""Instants of validity as comparable text: RFC 3339 UTC with microseconds, a date being its first or its last microsecond."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from gateway.errors import Unreadable

_DAY = len("2020-01-01")


def start(text: str | None) -> str | None:
    """The first microsecond that `text` (date or date-time) names. Raises Unreadable."""
    return None if text is None else _instant(text, time.min)


def end(text: str | None) -> str | None:
    """The last microsecond that `text` (date or date-time) names. Raises Unreadable."""
    return None if text is None else _instant(text, time.max)


def plain(instant: str | None) -> str | None:
    """An instant as people write it: no fraction where it is zero."""
    return None if instant is None else instant.replace(".000000Z", "Z")


def _instant(text: str, edge: time) -> str:
    try:
        if len(text) == _DAY:
            moment = datetime.combine(date.fromisoformat(text), edge, UTC)
        else:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable("not an RFC 3339 date or date-time", place=text[:40]) from error
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
