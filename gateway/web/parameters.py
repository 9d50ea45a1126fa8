"""Query parameters of the features door: one parameter, one function from text to value, raising ParameterError."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

import orjson

from gateway import cql2
from gateway.errors import ParameterError
from gateway.model.dataset import Collection
from gateway.model.feature import Scalar
from gateway.model.kept import by_identity
from gateway.services.filtering import Filter
from gateway.services.query import Items, Rows, Source, View
from gateway.services.queryables import queryables
from gateway.services.question import ItemsRequest, number
from gateway.services.selection import MOST as MOST_NAMES
from gateway.services.selection import Selection, selection
from gateway.services.sorting import demand_sortable
from gateway.web.asked import Asked

DEFAULT_LIMIT = 10
SHOWN = ("properties", "exclude-properties", "profile")
MOMENT = ("version", "as-of")
FILTER = ("filter", "filter-lang", "filter-crs")
ITEMS = ("bbox", "bbox-crs", "crs", "datetime", *FILTER, "limit", "offset", "after", "sortby", *SHOWN, *MOMENT)
RESERVED = frozenset({*ITEMS, "f", "lang"})
"""Names that never mean a property, now or in a later part of the standard."""

_MOST_TERMS = 8
_LONGEST_TOKEN = 3_000
"""Characters of a token with sort values; where they are longer, the token has the key alone."""

_LARGEST = 2**63 - 1
_VERSION = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_LIMIT = re.compile(r"[0-9]{1,400}", re.ASCII)
_PLAIN_BOX = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,20})?(?:,-?[0-9]{1,12}(?:\.[0-9]{1,20})?){3}", re.ASCII)
"""Four numbers as nearly every client writes them."""
_OFFSET = re.compile(r"[0-9]{1,9}", re.ASCII)
_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?P<part>\.[0-9]{1,9})?(?P<zone>[Zz]|[+ -][0-9]{2}:[0-9]{2}))?",
    re.ASCII,
)


@by_identity
def filterable(collection: Collection) -> tuple[str, ...]:
    """Properties that are query parameters of this collection's items (OGC 19-079r2, /req/queryables-query-parameters/parameters):
    all queryables but the geometry whose name means nothing else."""
    return tuple(one.name for one in queryables(collection) if one.kind != "geometry" and one.name not in RESERVED)


@by_identity
def items_parameters(collection: Collection) -> frozenset[str]:
    """All parameters of this collection's items, besides `f` and `lang`."""
    return frozenset((*ITEMS, *filterable(collection)))


def items_request(collection: Collection, given: Mapping[str, str], largest: int) -> ItemsRequest:
    """What `given` asks of a collection's items."""
    sort = sortby(collection, given.get("sortby"))
    last, position = place(given.get("after"), sort)
    return ItemsRequest(
        limit=limit(given.get("limit"), largest),
        box=bbox(given.get("bbox")),
        box_crs=_named(given, "bbox-crs"),
        crs=_named(given, "crs"),
        interval=interval(given.get("datetime")),
        properties=_properties(collection, given),
        after=last,
        sort=sort,
        position=position,
        shown=shown(collection, given),
        filter=filter_of(given),
        offset=offset(given, largest),
    )


def filter_of(given: Mapping[str, str]) -> Filter | None:
    """The CQL2 filter of a request (OGC 19-079r2, /req/filter/filter-param, -lang-param and -crs-param)."""
    language = given.get("filter-lang", cql2.TEXT)
    if language not in cql2.LANGUAGES:
        raise ParameterError("filter-lang", "not a language of filters", cure=f"one of {', '.join(cql2.LANGUAGES)}")
    text, crs = given.get("filter"), _named(given, "filter-crs")
    return None if text is None else Filter(text, language, crs)


def shown(collection: Collection, given: Mapping[str, str]) -> Selection | None:
    """Which members of a feature `given` asks for; None for all."""
    only = given.get("properties")
    return selection(collection, None if only is None else _names("properties", only), _names_or_none(given, "exclude-properties"))


def _names_or_none(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = given.get(name)
    return () if text is None else _names(name, text)


def _names(parameter: str, text: str) -> tuple[str, ...]:
    """A comma-separated list of names."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",", MOST_NAMES + 1)))
    if len(names) > MOST_NAMES or "" in names:
        raise ParameterError(parameter, "not a list of property names", cure=f"NAME,NAME, at most {MOST_NAMES}")
    return names


def sortby(collection: Collection, text: str | None) -> tuple[tuple[str, bool], ...]:
    """(property, descending) pairs of ``+a,-b``; a plus sign that came as a space is one (OGC 20-004r1, /req/sorting)."""
    if text is None:
        return ()
    terms = text.split(",", _MOST_TERMS + 1)
    found = [(_name(term), term.strip(" ").startswith("-")) for term in terms]
    if len(terms) > _MOST_TERMS or any(not name for name, _ in found) or len({name for name, _ in found}) < len(found):
        raise ParameterError("sortby", "not a list of properties", cure=f"+NAME or -NAME, comma-separated, at most {_MOST_TERMS}")
    demand_sortable(collection, found)
    return tuple(found)


def _name(term: str) -> str:
    bare = term.strip(" ")
    return bare[1:] if bare[:1] in ("+", "-") else bare


def moment(given: Mapping[str, str]) -> tuple[int | None, str | None]:
    """The version, or the time of publication (RFC 3339 UTC), that `given` asks for."""
    version, as_of = given.get("version"), given.get("as-of")
    if version is not None and as_of is not None:
        raise ParameterError("as-of", "given beside version", cure="give one of the two")
    if version is not None and _VERSION.fullmatch(version) is None:
        raise ParameterError("version", "not the number of a version", cure="a whole number from 1; /datasets/ID/versions has them")
    instant = None if as_of is None else _instant(as_of, last=True, parameter="as-of")
    return None if version is None else int(version), instant


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


@lru_cache(maxsize=256)
def bbox(text: str | None) -> tuple[float, ...] | None:
    """Four or six finite numbers (/req/core/fc-bbox-definition); their order is that of `bbox-crs`."""
    if text is None:
        return None
    if _PLAIN_BOX.fullmatch(text) is not None:
        return tuple(map(float, text.split(",")))
    values = [number(part.strip()) for part in text.split(",", 7)]
    if len(values) not in (4, 6) or None in values:
        raise ParameterError("bbox", "not four or six numbers", cure="minx,miny,maxx,maxy")
    return tuple(value for value in values if value is not None)


def offset(given: Mapping[str, str], largest: int) -> int:
    """How many features to pass over, for clients that do not follow links; no more than the largest page holds."""
    text = given.get("offset")
    if text is None:
        return 0
    if "after" in given:
        raise ParameterError("offset", "given beside after", cure="give one of the two")
    if _OFFSET.fullmatch(text) is None or int(text) > largest:
        raise ParameterError(
            "offset", f"not a whole number from 0 to {largest}", cure="follow the link with rel=next to go further"
        )
    return int(text)


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


def place(token: str | None, sort: tuple[tuple[str, bool], ...]) -> tuple[int | None, tuple[Scalar, ...]]:
    """The row key and the sort values in a paging token of ours, which must be of the order asked for."""
    if token is None or not sort or "." not in token:
        return after(token), ()
    key, _, tail = token.partition(".")
    last = after(key)
    try:
        order, *values = orjson.loads(base64.urlsafe_b64decode(f"{tail[:_LONGEST_TOKEN]}{'=' * (-len(tail) % 4)}"))
    except (binascii.Error, ValueError, TypeError) as error:
        raise _no_token() from error
    if last is None or order != _order(sort) or len(values) != len(sort) or not all(map(_is_scalar, values)):
        raise _no_token()
    if token_of(last, sort, tuple(values)) != token:
        raise _no_token()
    return last, tuple(values)


def _is_scalar(value: object) -> bool:
    """Whether the store can compare with it: no list, and no whole number beyond 64 bits with a sign."""
    return not isinstance(value, list | dict) and not (isinstance(value, int) and not -_LARGEST <= value <= _LARGEST)


def _no_token() -> ParameterError:
    return ParameterError("after", "not a token of this order", cure="follow the link with rel=next")


def token_of(key: int, sort: tuple[tuple[str, bool], ...] = (), position: tuple[Scalar, ...] = ()) -> str:
    """The paging token of a row key: opaque, and the same for the same feature for ever. In a sorted answer the sort values
    follow, with the order they belong to."""
    bare = base64.urlsafe_b64encode(key.to_bytes(8, signed=True)).rstrip(b"=").decode("ascii")
    if not position:
        return bare
    tail = base64.urlsafe_b64encode(orjson.dumps([_order(sort), *position])).rstrip(b"=").decode("ascii")
    return f"{bare}.{tail}" if len(tail) <= _LONGEST_TOKEN else bare


def next_token(found: Items | Rows) -> str | None:
    """The paging token of the next page; None on the last."""
    return None if found.last is None else token_of(found.last, found.sort, found.position)


def source_of(asked: Asked, view: View, collection: str) -> Source:
    """The collection as `version` or `as-of` ask for it. Raises NotFound, ParameterError."""
    given = dict(asked.pairs)
    return view.source(collection, *moment(given)) if not given.keys().isdisjoint(MOMENT) else view.source(collection)


def _order(sort: tuple[tuple[str, bool], ...]) -> str:
    return blake2b(repr(sort).encode(), digest_size=4).hexdigest()


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


def _instant(text: str, *, last: bool, parameter: str = "datetime") -> str:
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
            parameter, "not an RFC 3339 time", cure="2024-05-01, 2024-05-01T08:00:00Z, or BEGIN/END with .."
        ) from error


def _utc(day: date, time: str, part: str, zone: str) -> str:
    leap = time.endswith(":60")
    offset = "+00:00" if zone in "Zz" else zone
    moment = datetime.fromisoformat(f"{day.isoformat()}T{time[:-2] + '59' if leap else time}{offset}").astimezone(UTC)
    moment += timedelta(seconds=1) if leap else timedelta()
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}{part.rstrip('0') if part.strip('.0') else ''}Z"
