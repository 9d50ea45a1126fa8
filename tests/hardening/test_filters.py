"""Section F: CQL2 and OGC Filter (F01 to F08). F02, restricted rows, is proven in tests/web/test_filters.py beside the charter."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.hardening import samples
from tests.hardening.server import Served

ITEMS = "collections/quoted/items"
SEARCH = "collections/quoted/search"
CSW = {"service": "CSW", "version": "2.0.2", "request": "GetRecords", "typenames": "csw:Record", "elementsetname": "brief"}
WORDS = (
    "x' OR 1=1 --",
    "x' OR '1'='1",
    "\\",
    "\\'",
    "%27",
    "%",
    "_",
    "＇ OR 1=1",
    'say "hi"',
    "'; DROP TABLE current_1; --",
    "a*b[c]?",
    "oak",
    "(a+)+$",
    "",
)
LONG = "a" * 1_000_000


@pytest.fixture(scope="module", autouse=True)
def quoted(server: Served) -> Iterator[None]:
    """A collection whose values are what attackers write, and one text of a megabyte."""
    features = [samples.feature(f"q{n}", samples.X + n, word=word, n=n) for n, word in enumerate(WORDS)]
    features.append(samples.feature("long", samples.X, word=LONG, n=99))
    answer = server.submit(samples.geojson(*features), "quoted.geojson", collection="quoted")
    assert answer.status_code in (200, 201), answer.text[:500]
    yield


def ids(server: Served, filter: str, language: str = "cql2-text") -> list[str]:
    answer = server.get(ITEMS, **{"filter": filter, "filter-lang": language, "limit": "100"})
    assert answer.status_code == 200, answer.text[:300]
    return [one["id"] for one in answer.json()["features"]]


def refused(server: Served, filter: str, language: str = "cql2-text") -> dict[str, object]:
    """400 within seconds, by GET where an address carries it, else by a body."""
    begun = time.monotonic()
    asked = {"filter": filter, "filter-lang": language}
    answer = server.get(ITEMS, **asked) if len(filter) < 20_000 else server.client.post(server.url + SEARCH, data=asked)
    assert time.monotonic() - begun < 5.0
    server.demand_well()
    assert answer.status_code == 400, (answer.status_code, answer.text[:300])
    problem: dict[str, object] = answer.json()
    assert problem["parameter"] == "filter"
    assert "position" in problem or "pointer" in problem
    assert "Traceback" not in answer.text
    return problem


@pytest.mark.parametrize("word", WORDS)
def test_f01_a_literal_is_a_value_whatever_it_holds(word: str, server: Served) -> None:
    wanted = [f"q{WORDS.index(word)}"]
    doubled = word.replace("'", "''")
    if "\\'" not in f"{word}'":  # a backslash before a quotation mark escapes it (OGC 21-065, annex B)
        assert ids(server, f"word = '{doubled}'") == wanted
    assert ids(server, json.dumps({"op": "=", "args": [{"property": "word"}, word]}), "cql2-json") == wanted
    plain = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    assert ids(server, json.dumps({"op": "like", "args": [{"property": "word"}, plain]}), "cql2-json") == wanted


def test_f01_the_escapes_of_the_standard_and_nul(server: Served) -> None:
    assert ids(server, "word = 'x\\' OR \\'1\\'=\\'1'") == ["q1"]
    assert ids(server, "word = 'x'' OR 1=1 --'") == ["q0"]
    assert ids(server, "word = '%27'") == ["q4"]
    assert refused(server, "word = 'a\0b'")["position"] == 9
    refused(server, '{"op": "=", "args": [{"property": "word"}, "a\\u0000b"]}', "cql2-json")
    refused(server, "word = 'x' OR 1=1 --'")


@pytest.mark.parametrize(
    "name",
    [
        *('foo" OR 1=1 --', "pg_sleep", "gw_digest", "fid", "rowid", "sqlite_version", "word; DROP TABLE x", "f.gw_ready"),
        "__class__",
    ],
)
def test_f03_a_property_is_a_queryable_or_nothing(name: str, server: Served) -> None:
    double = name.replace('"', '""')
    assert refused(server, f"\"{double}\" = 'x'")["position"] == 0
    assert refused(server, json.dumps({"op": "=", "args": [{"property": name}, "x"]}), "cql2-json")["pointer"] == "/args/0"


@pytest.mark.parametrize(
    "call",
    [
        "pg_sleep(10)",
        "readfile('/etc/passwd')",
        "load_extension('x')",
        "gw_related('x', word, word)",
        "randomblob(1000000000)",
        "first(word)",
    ],
)
def test_f03_a_function_is_one_of_those_listed(call: str, server: Served) -> None:
    assert refused(server, f"{call} = 1")["position"] == 0
    name = call.partition("(")[0]
    refused(server, json.dumps({"op": "=", "args": [{"op": name, "args": []}, 1]}), "cql2-json")


@pytest.mark.parametrize(
    "filter",
    [
        "(" * 5_000,
        "NOT (" * 3_000,
        "(" * 100_000 + "n = 1",
        "NOT " * 100_000,
        "upper(" * 5_000,
        "n = 1+(" * 3_000,
        "+".join("n" * 20_000) + " = 1",
    ],
)
def test_f04_deep_text_is_400(filter: str, server: Served) -> None:
    refused(server, filter)


@pytest.mark.parametrize(
    "filter",
    [
        '{"op":"not","args":[' * 3_000 + "true" + "]}" * 3_000,
        '{"op":"not","args":[' * 65 + "true" + "]}" * 65,
        "[" * 100_000,
        '{"op":"+","args":[1,' * 50 + "1" + "]}" * 50,
    ],
)
def test_f04_deep_json_is_400(filter: str, server: Served) -> None:
    refused(server, filter, "cql2-json")


def test_f04_deep_filters_of_the_catalogue_are_refused(server: Served) -> None:
    inner = "<ogc:PropertyIsNull><ogc:PropertyName>dc:title</ogc:PropertyName></ogc:PropertyIsNull>"
    deep = "<ogc:Not>" * 3_000 + inner + "</ogc:Not>" * 3_000
    text = f'<ogc:Filter xmlns:ogc="http://www.opengis.net/ogc">{deep}</ogc:Filter>'
    body = (
        '<csw:GetRecords xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" service="CSW" version="2.0.2" resultType="results">'
        '<csw:Query typeNames="csw:Record"><csw:ElementSetName>brief</csw:ElementSetName>'
        f'<csw:Constraint version="1.1.0">{text}</csw:Constraint></csw:Query></csw:GetRecords>'
    )
    answer = server.client.post(server.url + "csw", content=body.encode(), headers={"Content-Type": "application/xml"})
    assert answer.status_code in (200, 400)
    assert "ExceptionReport" in answer.text
    server.demand_well()


def test_f04_wide_filters_are_answered_up_to_their_cap(server: Served) -> None:
    assert ids(server, " OR ".join(f"n = {n}" for n in range(3_000))[:15_000].rpartition(" OR ")[0])
    answer = server.client.post(server.url + SEARCH, data={"filter": f"n IN ({','.join(map(str, range(9_000)))})"})
    assert answer.json()["numberMatched"] == len(WORDS) + 1
    refused(server, f"n IN ({','.join(map(str, range(10_001)))})")
    refused(server, " OR ".join(["n = 1"] * 30_000))


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("%a" * 500 + "%", ["long"]),
        ("%a" * 500 + "%b%", []),
        ("%" + "_a" * 200 + "%", ["long"]),
        ("%" + "a" * 1_000 + "b%", []),
        ("(a+)+$", [f"q{WORDS.index('(a+)+$')}"]),
        ("%[c]%", [f"q{WORDS.index('a*b[c]?')}"]),
        ("\\", [f"q{WORDS.index('')}"]),
        ("___", [f"q{WORDS.index(word)}" for word in WORDS if len(word) == 3]),
    ],
)
def test_f06_a_pattern_costs_seconds_at_most_and_finds_the_right_rows(pattern: str, wanted: list[str], server: Served) -> None:
    begun = time.monotonic()
    assert ids(server, json.dumps({"op": "like", "args": [{"property": "word"}, pattern]}), "cql2-json") == wanted
    assert time.monotonic() - begun < 10.0
    refused(server, f"word LIKE '{'a' * 1_501}'")


@pytest.mark.parametrize(
    "shape",
    [
        *(
            "POLYGON" + "(" * 100_000,
            "GEOMETRYCOLLECTION(" * 5_000,
            "POINT(NaN 1)",
            "POINT(1 inf)",
            "POINT(1e400 1)",
            "SRID=9;POINT(1 1)",
        ),
        *("POINT EMPTY", "POINT(1)", "POINT(1 2 3 4 5)", "POINT(1,2)", "LINESTRING(1 2)", "POLYGON((0 0,1 1,1 0,0 1,0 0))"),
        *(
            "POLYGON((0 0,1 1,1 0))",
            "POLYGON((0 0,1 1,1 0,0 0.5))",
            "POINT(181 0)",
            "POINT(0 91)",
            "BBOX(1,2,3)",
            "BBOX(6,47,7,46)",
        ),
        *("BBOX(NaN,1,2,3)", "BBOX(0,0,1e400,1)", "POINT M (1 2)", "POINT(0x1 2)", "POINT(٣ 1)", "CIRCULARSTRING(0 0,1 1,2 0)"),
    ],
)
def test_f08_a_geometry_that_is_none_is_400(shape: str, server: Served) -> None:
    refused(server, f"S_INTERSECTS(geometry, {shape})")


@pytest.mark.parametrize(
    "value",
    [
        {"type": "Point", "coordinates": ["NaN", 1]},
        {"type": "Point", "coordinates": [[[[1, 2]]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Curve", "coordinates": [1, 2]},
        {"type": "GeometryCollection", "geometries": [{"type": "GeometryCollection", "geometries": []}]},
        {"bbox": [1, 2, 3]},
        {"bbox": "6,46,7,47"},
    ],
)
def test_f08_a_geometry_in_json_that_is_none_is_400(value: object, server: Served) -> None:
    refused(server, json.dumps({"op": "s_intersects", "args": [{"property": "geometry"}, value]}), "cql2-json")


def test_f08_boxes_cross_the_antimeridian_and_have_heights(server: Served) -> None:
    everything = [f"q{n}" for n in range(len(WORDS))]
    assert ids(server, "S_INTERSECTS(geometry, BBOX(-180,-90,180,90)) AND n < 99") == everything
    assert ids(server, "S_INTERSECTS(geometry, BBOX(5,45,0,8,48,9000)) AND n < 99") == everything
    assert ids(server, "S_INTERSECTS(geometry, BBOX(170,-90,-170,90))") == []
    assert ids(server, "S_INTERSECTS(geometry, POINT Z (0 0 0))") == []
