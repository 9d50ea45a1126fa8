"""Query parameters of the features door: one parameter, one function from text to value, raising ParameterError."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from gateway.errors import ParameterError
from gateway.model.dataset import Collection
from gateway.services.question import ItemsRequest, number

DEFAULT_LIMIT = 10
ITEMS = ("bbox", "bbox-crs", "crs", "datetime", "limit", "after")
RESERVED = frozenset(
    {*ITEMS, "f", "lang", "filter", "filter-lang", "filter-crs", "sortby", "properties", "version", "as-of", "profile"}
)
"""Names that never mean a property, now or in a later part of the standard."""

_LIMIT = re.compile(r"[0-9]{1,400}", re.ASCII)
_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?P<part>\.[0-9]{1,9})?(?P<zone>[Zz]|[+ -][0-9]{2}:[0-9]{2}))?",
    re.ASCII,
)


def filterable(collection: Collection) -> tuple[str, ...]:
    """Properties that are query parameters of this collection's items: all declared ones whose name means nothing else."""
    return tuple(field.name for field in collection.fields if field.name not in RESERVED)


def items_request(collection: Collection, given: Mapping[str, str], largest: int) -> ItemsRequest:
    """What `given` asks of a collection's items."""
    return ItemsRequest(
        limit=limit(given.get("limit"), largest),
        box=bbox(given.get("bbox")),
        box_crs=_named(given, "bbox-crs"),
        crs=_named(given, "crs"),
        interval=interval(given.get("datetime")),
        properties=_properties(collection, given),
        after=after(given.get("after")),
    )


def _properties(collection: Collection, given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    own = {*ITEMS, "f", "lang"}
    names: Iterable[str] = (name for name in given if name not in own)
    return tuple((name, given[name]) for name in names)


def _named(given: Mapping[str, str], name: str) -> str | None:
    text = given.get(name)
    if text is not None and not 0 < len(text) <= 500:
        raise ParameterError(name, "not a CRS", cure="an OGC URI, such as http://www.opengis.net/def/crs/EPSG/0/4326")
    return text


def limit(text: str | None, largest: int) -> int:
    """How many features at most; above the largest it is capped (/req/core/fc-limit-response-1)."""
    if text is None:
        return DEFAULT_LIMIT
    if _LIMIT.fullmatch(text) is None or text.strip("0") == "":
        raise ParameterError("limit", "not a whole number from 1", cure=f"1 to {largest}")
    return min(int(text[-30:]) if len(text.lstrip("0")) <= 30 else largest, largest)


def bbox(text: str | None) -> tuple[float, ...] | None:
    """Four or six finite numbers (/req/core/fc-bbox-definition); their order is that of `bbox-crs`."""
    if text is None:
        return None
    values = [number(part.strip()) for part in text.split(",", 7)]
    if len(values) not in (4, 6) or None in values:
        raise ParameterError("bbox", "not four or six numbers", cure="minx,miny,maxx,maxy")
    return tuple(value for value in values if value is not None)


def after(token: str | None) -> int | None:
    """The row key in a paging token of ours."""
    if token is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(f"{token[:16]}{'=' * (-len(token) % 4)}")
    except (binascii.Error, ValueError) as error:
        raise ParameterError("after", "not a token of this server", cure="follow the link with rel=next") from error
    if len(raw) != 8 or token_of(key := int.from_bytes(raw, signed=True)) != token or key < 0:
        raise ParameterError("after", "not a token of this server", cure="follow the link with rel=next")
    return key


def token_of(key: int) -> str:
    """The paging token of a row key: opaque, and the same for the same feature for ever."""
    return base64.urlsafe_b64encode(key.to_bytes(8, signed=True)).rstrip(b"=").decode("ascii")


def interval(text: str | None) -> tuple[str | None, str | None] | None:
    """An RFC 3339 date, date-time or interval with ``..`` or nothing for an open end (/req/core/fc-time-definition), in UTC.

    A date means its whole day.
    """
    if text is None:
        return None
    begin, slash, end = text.partition("/")
    if not slash:
        return _instant(text, last=False), _instant(text, last=True)
    low = None if begin in ("", "..") else _instant(begin, last=False)
    high = None if end in ("", "..") else _instant(end, last=True)
    if low is not None and high is not None and low > high:
        raise ParameterError("datetime", "the interval ends before it begins", cure="BEGIN/END")
    return low, high


def _instant(text: str, *, last: bool) -> str:
    found = _INSTANT.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        day = date.fromisoformat(found["day"])
        if found["time"] is None:
            return f"{day.isoformat()}T23:59:59.999999Z" if last else f"{day.isoformat()}T00:00:00Z"
        return _utc(day, found["time"], found["part"] or "", found["zone"].replace(" ", "+"))
    except (ValueError, OverflowError) as error:
        raise ParameterError(
            "datetime", "not an RFC 3339 time", cure="2024-05-01, 2024-05-01T08:00:00Z, or BEGIN/END with .."
        ) from error


def _utc(day: date, time: str, part: str, zone: str) -> str:
    leap = time.endswith(":60")
    offset = "+00:00" if zone in "Zz" else zone
    moment = datetime.fromisoformat(f"{day.isoformat()}T{time[:-2] + '59' if leap else time}{offset}").astimezone(UTC)
    moment += timedelta(seconds=1) if leap else timedelta()
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}{part.rstrip('0') if part.strip('.0') else ''}Z"
