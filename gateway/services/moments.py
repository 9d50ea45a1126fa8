"""Moments as the journal writes them: RFC 3339, UTC, milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gateway.errors import ParameterError


def now() -> str:
    """This moment."""
    return rfc3339(datetime.now(UTC))


def rfc3339(moment: datetime) -> str:
    """A moment in UTC, with milliseconds and Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read(text: str, parameter: str) -> str:
    """RFC 3339 UTC of a date, a date-time or a number of days from now (``90d``). Raises ParameterError."""
    days = re.fullmatch(r"(\d{1,5})d", text)
    try:
        moment = datetime.now(UTC) + timedelta(days=int(days[1])) if days else datetime.fromisoformat(text)
        return rfc3339(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise ParameterError(parameter, f"{text!r} is no date", cure="2027-01-31, 2027-01-31T12:00:00Z or 90d") from error


def is_past(moment: str | None) -> bool:
    """Whether `moment` is there and lies behind us."""
    return moment is not None and datetime.fromisoformat(moment) <= datetime.now(UTC)
