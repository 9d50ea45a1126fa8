"""A feature's validity as the ``time`` of JSON-FG: dates and date-times of RFC 3339, date-times in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def time_of(validity: tuple[str | None, str | None] | None) -> dict[str, Any] | None:
    """``{"date": …}`` or ``{"timestamp": …}`` where both ends are one, else ``{"interval": [from, to]}`` with ``..`` for open.

    The ends of an interval are of one kind (OGC 21-045r1, /req/core/interval): beside a date-time, a date is its first or last
    second. None for what is no time.
    """
    if validity is None:
        return None
    start, end = (None if text is None else _utc(text) for text in validity)
    if start is None and end is None:
        return None
    if start == end and start is not None:
        return {"date" if _DATE.fullmatch(start) else "timestamp": start}
    dates = [text is None or _DATE.fullmatch(text) is not None for text in (start, end)]
    if not all(dates):
        start = f"{start}T00:00:00Z" if start is not None and dates[0] else start
        end = f"{end}T23:59:59Z" if end is not None and dates[1] else end
    return {"interval": [start or "..", end or ".."]}


def _utc(text: str) -> str | None:
    if _DATE.fullmatch(text):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment.astimezone(UTC) if moment.tzinfo is not None else moment
    return moment.replace(tzinfo=None).isoformat() + "Z"
