"""CQL2 Text and JSON are read to the same typed tree, within their caps, and errors name the place."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import pytest
import shapely
import shapely.geometry

from gateway import cql2
from gateway.errors import ParameterError
from gateway.model.query import (
    And,
    Array,
    Arrays,
    Between,
    Call,
    Comparison,
    Expression,
    Geometry,
    In,
    Instant,
    Interval,
    IsNull,
    Like,
    Not,
    Or,
    Property,
    Spatial,
    Temporal,
)

KINDS = {
    **dict.fromkeys(("a", "b", "and-b", "eo:c.d", "größe"), "number"),
    **dict.fromkeys(("s", "t", "not", "point"), "string"),
    **{"yes": "boolean", "day": "date", "seen": "date-time", "tags": "array", "geometry": "geometry"},
}


class Plain:
    """Geometries as they stand."""

    def geometry(self, value: Mapping[str, Any]) -> bytes:
        return shapely.to_wkb(shapely.force_2d(shapely.geometry.shape(value)), flavor="iso")

    def bbox(self, numbers: list[float]) -> bytes:
        return shapely.to_wkb(shapely.box(*numbers), flavor="iso")


def read(text: str) -> Expression:
    return cql2.expression(text, cql2.TEXT, KINDS, Plain())


def read_json(value: Any) -> Expression:
    return cql2.expression(json.dumps(value), cql2.JSON, KINDS, Plain())


A, B, S = Property("a"), Property("b"), Property("s")
ONE = Comparison(A, "=", 1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a = 1", ONE),
        ("a=1", ONE),
        ("  a\n=\t1  ", ONE),
        ('"a" = 1', ONE),
        ("1 = a", Comparison(1, "=", A)),
        ("a = -1.5e2", Comparison(A, "=", -150.0)),
        ("a = +1", ONE),
        ("a = .5", Comparison(A, "=", 0.5)),
        ("eo:c.d > 1", Comparison(Property("eo:c.d"), ">", 1)),
        ("größe > 1", Comparison(Property("größe"), ">", 1)),
        ('"and-b" > 1', Comparison(Property("and-b"), ">", 1)),
        ("\"not\" = 'x'", Comparison(Property("not"), "=", "x")),
        ("point = 'x'", Comparison(Property("point"), "=", "x")),
        ("s = 'it''s'", Comparison(S, "=", "it's")),
        ("s = 'it\\'s'", Comparison(S, "=", "it's")),
        ("s = 'a\\b'", Comparison(S, "=", "a\\b")),
        ("s = ''", Comparison(S, "=", "")),
        ("yes = TRUE", Comparison(Property("yes"), "=", True)),
        ("a = 1 AND b = 2 OR NOT a = 1", Or((And((ONE, Comparison(B, "=", 2))), Not(ONE)))),
        ("a = 1 and (b = 2 or a = 1)", And((ONE, Or((Comparison(B, "=", 2), ONE))))),
        ("a IS NULL", IsNull(A)),
        ("a is not null", Not(IsNull(A))),
        ("s LIKE 'a%'", Like(S, "a%")),
        ("s NOT LIKE 'a\\%'", Not(Like(S, "a\\%"))),
        ("CASEI(s) LIKE CASEI('A%')", Like(Call("casei", (S,)), "a%")),
        ("ACCENTI(CASEI(s)) = ACCENTI(CASEI('ÉTÉ'))", Comparison(Call("accenti", (Call("casei", (S,)),)), "=", "ete")),
        ("a BETWEEN 1 AND 2 AND b = 2", And((Between(A, 1, 2), Comparison(B, "=", 2)))),
        ("a NOT BETWEEN b AND b + 1", Not(Between(A, B, Call("+", (B, 1))))),
        ("a IN (1, 2)", In(A, (1, 2))),
        ("s not in ('x')", Not(In(S, ("x",)))),
        ("a + b * 2 ^ 2 - 1 = 1", Comparison(Call("-", (Call("+", (A, Call("*", (B, Call("^", (2, 2)))))), 1)), "=", 1)),
        ("a - 1 - 1 = 1", Comparison(Call("-", (Call("-", (A, 1)), 1)), "=", 1)),
        ("a-1 = 1", Comparison(Call("-", (A, 1)), "=", 1)),
        ("(a + 1) div 2 = a % 2", Comparison(Call("div", (Call("+", (A, 1)), 2)), "=", Call("%", (A, 2)))),
        ("day = DATE('2024-05-01')", Comparison(Property("day"), "=", Instant("2024-05-01"))),
        ("day = '2024-05-01'", Comparison(Property("day"), "=", Instant("2024-05-01"))),
        ("seen > TIMESTAMP('2024-05-01T10:00:00+02:00')", Comparison(Property("seen"), ">", Instant("2024-05-01T08:00:00Z"))),
        (
            "T_DURING(seen, INTERVAL('2024-01-01', '..'))",
            Temporal("during", Property("seen"), Interval(Instant("2024-01-01"), None)),
        ),
        (
            "T_STARTEDBY(INTERVAL(day, seen), day)",
            Temporal("startedBy", Interval(Property("day"), Property("seen")), Property("day")),
        ),
        ("A_ContainedBy(tags, ('a', 1))", Arrays("containedBy", Property("tags"), Array(("a", 1)))),
        ("A_CONTAINS(tags, ('a'))", Arrays("contains", Property("tags"), Array(("a",)))),
        ("A_EQUALS(tags, ())", Arrays("equals", Property("tags"), Array(()))),
        ("Upper(s) = 'X'", Comparison(Call("upper", (S,)), "=", "X")),
        ("true", And(())),
        ("FALSE", Or(())),
        ("(a = 1) IS NULL", Or((IsNull(A), IsNull(1)))),
    ],
)
def test_text_is_read(text: str, wanted: Expression) -> None:
    assert read(text) == wanted


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("POINT(1 2)", {"type": "Point", "coordinates": [1, 2]}),
        ("POINT Z (1 2 3)", {"type": "Point", "coordinates": [1, 2, 3]}),
        ("point(1 2 3)", {"type": "Point", "coordinates": [1, 2, 3]}),
        ("POINT ZM (1 2 3 4)", {"type": "Point", "coordinates": [1, 2, 3]}),
        ("LINESTRING(1 2, -3 4.5)", {"type": "LineString", "coordinates": [[1, 2], [-3, 4.5]]}),
        ("MULTIPOINT(1 2, 3 4)", {"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}),
        ("MULTIPOINT((1 2), (3 4))", {"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}),
        ("MULTILINESTRING((1 2, 3 4))", {"type": "MultiLineString", "coordinates": [[[1, 2], [3, 4]]]}),
        ("POLYGON((0 0, 1 0, 1 1, 0 0))", {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}),
        ("MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)))", {"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 0]]]]}),
        (
            "GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(1 2, 3 4))",
            {
                "type": "GeometryCollection",
                "geometries": [{"type": "Point", "coordinates": [1, 2]}, {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}],
            },
        ),
        ("BBOX(1, 2, 3, 4)", {"bbox": [1, 2, 3, 4]}),
    ],
)
def test_geometries_of_text_and_json_are_the_same(text: str, value: Any) -> None:
    found = read(f"S_WITHIN(geometry, {text})")
    assert isinstance(found, Spatial)
    assert isinstance(found.right, Geometry)
    assert found == read_json({"op": "s_within", "args": [{"property": "geometry"}, value]})


@pytest.mark.parametrize(
    ("text", "position"),
    [
        *(
            ("a", 0),
            ("a =", 3),
            ("a = ", 4),
            ("= 1", 0),
            ("a == 1", 3),
            ("a != 1", 2),
            ("a = 1 b", 6),
            ("a = 'x", 4),
            ('"a = 1', 0),
        ),
        *(("a = 1 and", 9), ("(a = 1", 6), ("a = 1)", 5), ("a in 1", 5), ("a in (1", 7), ("a between 1", 11), ("a is 1", 5)),
        *(("a not 1", 6), ("s = 1", 4), ("a = 's'", 4), ("yes", 0), ("yes > 1", 6), ("s + 1 = 2", 0), ("a ^ 2 ^ 2 = 1", 6)),
        *(("-a = 1", 0), ("a = 1e999", 4), ("zz = 1", 0), ("f(a) = 1", 0), ("a like 'x'", 0), ("s like s", 7), ("tags = 'x'", 0)),
        *(("a = (b = 1)", 7), ("day = DATE('2024-02-30')", 6), ("day = DATE(2024)", 6), ("day = TIMESTAMP('2024-02-03')", 6)),
        *(("T_AFTER(a, day)", 8), ("T_AFTER(day)", 0), ("T_DURING(day, INTERVAL('2024-02-01','2024-01-01'))", 14)),
        *(("S_WITHIN(geometry, s)", 19), ("A_CONTAINS(s, ('x'))", 11), ("geometry = geometry", 0), ("", 0), ("a = 1; DROP", 5)),
        *(("a in (1, 'x')", 9), ("not", 3), ("and a = 1", 0), ("\u2028a = \u00a7", 5)),
    ],
)
def test_what_is_wrong_in_text_is_placed(text: str, position: int) -> None:
    with pytest.raises(ParameterError) as error:
        read(text)
    assert (error.value.parameter, error.value.position) == ("filter", position), str(error.value)


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"op": "=", "args": [{"property": "zz"}, 1]}, "/args/0"),
        ({"op": "and", "args": [True, {"op": "=", "args": [{"property": "a"}, None]}]}, "/args/1/args/1"),
        ({"op": "=", "args": [{"property": "a"}]}, ""),
        ({"op": "="}, ""),
        ({"op": 1, "args": []}, "/op"),
        ({"op": "f", "args": []}, ""),
        ({"op": "not", "args": [1]}, "/args/0"),
        ({"op": "like", "args": [{"property": "s"}, 1]}, "/args/1"),
        ({"op": "in", "args": [{"property": "a"}, 1]}, "/args/1"),
        ({"op": "t_after", "args": [{"property": "day"}, {"date": "x"}]}, "/args/1"),
        ({"op": "t_after", "args": [{"property": "day"}, {"interval": ["..", "..", ".."]}]}, "/args/1/interval"),
        (
            {"op": "s_within", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": [1, "x"]}]},
            "/args/1/coordinates/1",
        ),
        ({"op": "s_within", "args": [{"property": "geometry"}, {"type": "Circle"}]}, "/args/1/type"),
        ({"property": "a", "x": 1}, ""),
        ([], ""),
        ("text", ""),
    ],
)
def test_what_is_wrong_in_json_is_pointed_at(value: Any, pointer: str) -> None:
    with pytest.raises(ParameterError) as error:
        read_json(value)
    assert (error.value.parameter, error.value.pointer) == ("filter", pointer), str(error.value)


def test_a_near_name_is_offered() -> None:
    with pytest.raises(ParameterError) as error:
        read("sen > DATE('2024-01-01')")
    assert "seen" in str(error.value.cure)


@pytest.mark.parametrize("text", ["(" * 63 + "a = 1" + ")" * 63, "NOT " * 63 + "a = 1", "a = " + "+".join("1" * 60)])
def test_what_is_just_shallow_enough_is_read_with_room_on_the_stack(text: str) -> None:
    before = sys.getrecursionlimit()
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    sys.setrecursionlimit(depth + 700)
    try:
        read(text)
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize(
    "unit", ["(", "NOT ", "NOT (", "upper(", "a = 1+(", "a = (a = ", "casei(", "T_AFTER(", "A_EQUALS((", "-", "a+"]
)
def test_depth_is_refused_before_the_stack_is_deep(unit: str) -> None:
    before = sys.getrecursionlimit()
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    sys.setrecursionlimit(depth + 900)
    try:
        with pytest.raises(ParameterError):
            read(unit * 5_000)
    finally:
        sys.setrecursionlimit(before)


def test_is_null_of_a_condition_is_told_from_its_operands() -> None:
    """IS NULL takes conditions, too (OGC 21-065, isNullOperand)."""
    assert read("(NOT a = b) IS NULL") == Or((IsNull(A), IsNull(B)))
    with pytest.raises(ParameterError):
        read("T_AFTER(day, seen) IS NULL")
