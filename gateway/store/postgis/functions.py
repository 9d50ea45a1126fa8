"""SQL functions that filters call, with the same answers as those of the embedded store: no extension but PostGIS is needed.

Letters are mapped by tables made of Python's own, so that neither the collation of the database nor ICU has a say in it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache

_COMMON = 0x24F
"""Up to here (Latin with its extensions) a short table serves: `translate` tries every entry for every character."""

_LAST = 0x1F000
"""Behind every letter with a case and every mark (Unicode 16)."""

_FREE = "IMMUTABLE PARALLEL SAFE"


@cache
def statements() -> tuple[str, ...]:
    """What makes the functions, in the schema that comes first in the search path; harmless when they are there already."""
    return (
        *_mapping("gw_fold", str.casefold),
        *_mapping("gw_lower", str.lower),
        *_mapping("gw_upper", str.upper),
        _PLAIN.format(marks=_ranges(code for code in _codes() if unicodedata.combining(chr(code)))),
        *_ARITHMETIC,
        _INSTANT,
        _FIRST.format(name="gw_first", low="TRUE", edge="T00:00:00.000000Z"),
        _FIRST.format(name="gw_last", low="FALSE", edge="T23:59:59.999999Z"),
        _HOLDS,
        _LISTED,
        *_MEASURES,
    )


def _codes() -> Iterator[int]:
    return (code for code in range(0x80, _LAST) if not 0xD800 <= code < 0xE000)


def _mapping(name: str, change: Callable[[str], str]) -> Iterator[str]:
    """A function that maps each letter: ASCII by the server, what is one to one by `translate`, the rest by `replace`."""
    pairs = [(chr(code), change(chr(code))) for code in _codes() if change(chr(code)) != chr(code)]
    single = [(one, other) for one, other in pairs if len(other) == 1]
    several = [(one, other) for one, other in pairs if len(other) > 1]
    common = [(one, other) for one, other in single if ord(one) <= _COMMON]
    ascii_only = "upper" if change is str.upper else "lower"
    every = "t"
    for one, other in several:
        every = f"replace({every}, '{one}', '{other}')"
    odd = f"t ~ '[{_ranges(ord(one) for one, _ in several)}]'"
    yield (
        f"CREATE OR REPLACE FUNCTION {name}_single(t text) RETURNS text LANGUAGE sql {_FREE} AS "
        f'$gw$ SELECT translate({ascii_only}(t COLLATE "C"), {_table(single)}) $gw$'
    )
    yield (
        f"CREATE OR REPLACE FUNCTION {name}_all(t text) RETURNS text LANGUAGE sql {_FREE} AS $gw$ SELECT "
        f"CASE WHEN {odd} THEN {name}_single({every}) ELSE {name}_single(t) END $gw$"
    )
    yield (
        f"CREATE OR REPLACE FUNCTION {name}(t text) RETURNS text LANGUAGE sql {_FREE} AS $gw$ SELECT "
        f'CASE WHEN octet_length(t) = length(t) THEN {ascii_only}(t COLLATE "C") '
        f"WHEN t !~ '[^\\u0001-\\u{_COMMON:04x}]' AND NOT {odd} THEN translate({ascii_only}(t COLLATE \"C\"), {_table(common)}) "
        f"ELSE {name}_all(t) END $gw$"
    )


def _table(pairs: list[tuple[str, str]]) -> str:
    return f"'{''.join(one for one, _ in pairs)}', '{''.join(other for _, other in pairs)}'"


def _ranges(codes: Iterable[int]) -> str:
    """The members of a bracket expression of PostgreSQL's regular expressions."""
    spans: list[list[int]] = []
    for code in sorted(codes):
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"\\U{low:08x}" if low == high else f"\\U{low:08x}-\\U{high:08x}" for low, high in spans)


_PLAIN = (
    "CREATE OR REPLACE FUNCTION gw_plain(t text) RETURNS text LANGUAGE sql " + _FREE + " AS $gw$ SELECT "
    "CASE WHEN octet_length(t) = length(t) THEN t "
    "ELSE normalize(regexp_replace(normalize(t, NFD), '[{marks}]', '', 'g'), NFC) END $gw$"
)


def _function(head: str, returns: str, body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION {head} RETURNS {returns} LANGUAGE sql {_FREE} AS $gw$ SELECT {body} $gw$"


def _careful(name: str, operator: str, safe: str, beyond: str) -> tuple[str, str]:
    """An operation on doubles that gives infinity or zero where PostgreSQL's raises; `safe` says where it cannot."""
    slow = (
        f"CREATE OR REPLACE FUNCTION {name}_far(a double precision, b double precision) RETURNS double precision "
        f"LANGUAGE plpgsql {_FREE} AS $gw$ BEGIN RETURN nullif(a {operator} b, 'NaN'); "
        f"EXCEPTION WHEN numeric_value_out_of_range THEN RETURN {beyond}; END $gw$"
    )
    fast = _function(
        f"{name}(a double precision, b double precision)",
        "double precision",
        f"CASE WHEN {safe} THEN a {operator} b ELSE {name}_far(a, b) END",
    )
    return slow, fast


_SIGN = "sign(a) * sign(b)"
_PLUS_SAFE = "abs(a) < 1e307 AND abs(b) < 1e307"
_TIMES_SAFE = "abs(a) BETWEEN 1e-150 AND 1e150 AND abs(b) BETWEEN 1e-150 AND 1e150"
_ARITHMETIC = (
    *_careful("gw_add", "+", _PLUS_SAFE, "sign(a) * 'Infinity'::float8"),
    *_careful("gw_subtract", "-", _PLUS_SAFE, "sign(a) * 'Infinity'::float8"),
    *_careful("gw_multiply", "*", _TIMES_SAFE, f"CASE WHEN abs(a) > 1 AND abs(b) > 1 THEN {_SIGN} * 'Infinity'::float8 ELSE 0 END"),
    *_careful(
        "gw_quotient",
        "/",
        _TIMES_SAFE,
        f"CASE WHEN b = 0 THEN NULL WHEN abs(a) > abs(b) THEN {_SIGN} * 'Infinity'::float8 ELSE 0 END",
    ),
    _function("gw_divide(a double precision, b double precision)", "double precision", "gw_quotient(a, nullif(b, 0))"),
    _function("gw_add(a numeric, b numeric)", "numeric", "a + b"),
    _function("gw_add(a bigint, b bigint)", "numeric", "a::numeric + b::numeric"),
    _function("gw_subtract(a numeric, b numeric)", "numeric", "a - b"),
    _function("gw_subtract(a bigint, b bigint)", "numeric", "a::numeric - b::numeric"),
    _function("gw_multiply(a numeric, b numeric)", "numeric", "a * b"),
    _function("gw_multiply(a bigint, b bigint)", "numeric", "a::numeric * b::numeric"),
    _function("gw_mod(a numeric, b numeric)", "numeric", "mod(a, nullif(b, 0))"),
    _function("gw_mod(a bigint, b bigint)", "numeric", "mod(a::numeric, nullif(b, 0)::numeric)"),
    _function("gw_div(a numeric, b numeric)", "numeric", "div(a, nullif(b, 0))"),
    _function("gw_div(a bigint, b bigint)", "numeric", "div(a::numeric, nullif(b, 0)::numeric)"),
    f"CREATE OR REPLACE FUNCTION gw_mod(a double precision, b double precision) RETURNS double precision "
    f"LANGUAGE plpgsql {_FREE} AS $gw$ DECLARE m double precision := abs(b); r double precision := abs(a); "
    "t double precision := m; "
    "BEGIN IF a IS NULL OR b IS NULL OR m = 0 OR r = 'Infinity' THEN RETURN NULL; END IF; IF r < m THEN RETURN a; END IF; "
    "WHILE t <= r - t LOOP t := t * 2; END LOOP; "
    "LOOP IF r >= t THEN r := r - t; END IF; EXIT WHEN t = m; t := t / 2; END LOOP; RETURN sign(a) * r; END $gw$",
    _function(
        "gw_div(a double precision, b double precision)",
        "double precision",
        "CASE WHEN abs(gw_divide(a, b)) < 'Infinity' THEN trunc(gw_divide(a, b)) END",
    ),
    f"CREATE OR REPLACE FUNCTION gw_power(a double precision, b double precision) RETURNS double precision "
    f"LANGUAGE plpgsql {_FREE} AS $gw$ BEGIN "
    "IF a IS NULL OR b IS NULL OR (a < 0 AND b <> trunc(b)) OR (a = 0 AND b < 0) THEN RETURN NULL; END IF; RETURN power(a, b); "
    "EXCEPTION WHEN numeric_value_out_of_range THEN RETURN CASE WHEN (abs(a) > 1) = (b < 0) THEN 0 END; END $gw$",
    _function("gw_abs(a double precision)", "double precision", "abs(a)"),
    _function("gw_abs(a numeric)", "numeric", "abs(a)"),
    _function("gw_abs(a bigint)", "numeric", "abs(a::numeric)"),
    _function("gw_sqrt(a double precision)", "double precision", "sqrt(CASE WHEN a >= 0 THEN a END)"),
    _function(
        "gw_round(a double precision)",
        "double precision",
        "CASE WHEN abs(a) < 4503599627370496 THEN trunc(a + CASE WHEN a < 0 THEN -0.5 ELSE 0.5 END) ELSE a END",
    ),
)
_INSTANT = (
    f"CREATE OR REPLACE FUNCTION gw_instant(t text, low boolean) RETURNS text LANGUAGE plpgsql {_FREE} AS $gw$ "
    "DECLARE p text[]; y int; m int; d int; moment timestamp; "
    "BEGIN p := regexp_match(t, '^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:(.)([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?)?"
    "(?:(Z)|([+-])([0-9]{2}):?([0-9]{2})?(?::?([0-9]{2}))?)?)?$'); "
    "IF p IS NULL THEN RETURN NULL; END IF; y := p[1]; m := p[2]; d := p[3]; "
    "IF y = 0 OR m NOT BETWEEN 1 AND 12 OR d < 1 "
    "OR d > extract(day FROM make_date(y, m, 1) + interval '1 month' - interval '1 day') THEN RETURN NULL; END IF; "
    "IF p[4] IS NULL THEN RETURN t || CASE WHEN low THEN 'T00:00:00.000000Z' ELSE 'T23:59:59.999999Z' END; END IF; "
    "IF p[5]::int > 23 OR p[6]::int > 59 OR p[7]::int > 59 OR p[11]::int > 23 OR p[12]::int > 59 OR p[13]::int > 59 "
    "THEN RETURN NULL; END IF; "
    "moment := make_timestamp(y, m, d, p[5]::int, coalesce(p[6], '0')::int, "
    "(coalesce(p[7], '0') || '.' || rpad(left(coalesce(p[8], ''), 6), 6, '0'))::double precision) "
    "- coalesce((p[10] || '1')::int, 0) * make_interval(hours => coalesce(p[11], '0')::int, mins => coalesce(p[12], '0')::int, "
    "secs => coalesce(p[13], '0')::int); "
    "IF extract(year FROM moment) NOT BETWEEN 1 AND 9999 THEN RETURN NULL; END IF; "
    'RETURN to_char(moment, \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'); END $gw$'
)
"""RFC 3339 as the embedded store reads it: a date, or a date-time with or without seconds, fraction and offset (none: UTC)."""

_USUAL = "^[0-9]{{4}}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?$"
_FIRST = (
    "CREATE OR REPLACE FUNCTION {name}(t text) RETURNS text LANGUAGE sql " + _FREE + " AS $gw$ SELECT "
    f"CASE WHEN t ~ '{_USUAL}' AND left(t, 4) <> '0000' THEN CASE WHEN length(t) = 10 THEN t || '{{edge}}' "
    "ELSE left(t, 19) || '.000000Z' END ELSE gw_instant(t, {low}) END $gw$"
)
"""What is usually written is seen at once; every day up to the 28th is one."""

_RELATIONS = (
    ("equals", "ST_Equals"),
    ("disjoint", "ST_Disjoint"),
    ("touches", "ST_Touches"),
    ("within", "ST_Within"),
    ("overlaps", "ST_Overlaps"),
    ("crosses", "ST_Crosses"),
    ("contains", "ST_Contains"),
)
_CASES = " ".join(f"WHEN '{name}' THEN {function}(a, b)" for name, function in _RELATIONS)
_HOLDS = (
    f"CREATE OR REPLACE FUNCTION gw_holds(relation text, a geometry, b geometry) RETURNS boolean LANGUAGE plpgsql {_FREE} AS $gw$ "
    f"BEGIN BEGIN RETURN CASE relation {_CASES} ELSE ST_Intersects(a, b) END; "
    "EXCEPTION WHEN internal_error OR invalid_parameter_value OR feature_not_supported THEN NULL; END; "
    "a := ST_UnaryUnion(ST_MakeValid(a)); b := ST_UnaryUnion(ST_MakeValid(b)); "
    f"RETURN CASE relation {_CASES} ELSE ST_Intersects(a, b) END; END $gw$"
)
"""A relation of which GEOS cannot tell is asked again of mended geometries, whose collections are one."""

_LISTED = (
    f"CREATE OR REPLACE FUNCTION gw_listed(relation text, a jsonb, b jsonb) RETURNS boolean LANGUAGE plpgsql {_FREE} AS $gw$ "
    "DECLARE l jsonb[]; r jsonb[]; BEGIN "
    "IF jsonb_typeof(a) IS DISTINCT FROM 'array' OR jsonb_typeof(b) IS DISTINCT FROM 'array' THEN RETURN NULL; END IF; "
    "l := ARRAY(SELECT e FROM jsonb_array_elements(a) e WHERE jsonb_typeof(e) NOT IN ('array', 'object')); "
    "r := ARRAY(SELECT e FROM jsonb_array_elements(b) e WHERE jsonb_typeof(e) NOT IN ('array', 'object')); "
    "RETURN CASE relation WHEN 'contains' THEN l @> r WHEN 'containedBy' THEN l <@ r WHEN 'equals' THEN l @> r AND l <@ r "
    "ELSE l && r END; END $gw$"
)

_MEASURES = (
    _function(
        "gw_area(g geometry, geographic boolean)",
        "double precision",
        "CASE WHEN geographic THEN ST_Area(ST_SetSRID(ST_Force2D(g), 4326)::geography) ELSE ST_Area(g) END",
    ),
    _function(
        "gw_perimeter(g geometry, geographic boolean)",
        "double precision",
        "CASE WHEN geographic THEN ST_Length(ST_SetSRID(ST_Force2D(g), 4326)::geography) "
        "+ ST_Perimeter(ST_SetSRID(ST_Force2D(g), 4326)::geography) "
        "ELSE ST_Length(ST_Force2D(g)) + ST_Perimeter(ST_Force2D(g)) END",
    ),
    _function("gw_centroid(g geometry)", "geometry", "CASE WHEN NOT ST_IsEmpty(g) THEN ST_Centroid(g) END"),
    _function("gw_kind(g geometry)", "text", "substr(ST_GeometryType(g), 4)"),
)
