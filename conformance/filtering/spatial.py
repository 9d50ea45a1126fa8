"""CQL2 (21-065, Annex A): spatial functions, judged by GEOS; where a literal moved by a few centimetres would change the answer,
nothing is asked of the feature."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from shapely import LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, affinity, box
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from conformance.filtering.comparison import CQL2, test_data
from conformance.filtering.sample import UNSURE, Predicate, Sample, ask, expect, logical, samples
from conformance.site import Site
from conformance.suite import Suite
from conformance.verdict import Skipped, require

_SLACK = 2e-6
"""Degrees: what rounding, and straight lines in another CRS, may move."""


def _places(site: Site) -> Iterator[tuple[Sample, str, dict[Any, BaseGeometry]]]:
    """Collections with a queryable geometry: its name, and the geometries in CRS84 by the feature's id. Raises Skipped."""
    found = False
    for sample in samples(site):
        placed = {f["id"]: one for f in sample.features if f.get("geometry") and (one := shape(f["geometry"])).is_valid}
        if sample.geometry is not None and placed:
            found = True
            yield sample, sample.geometry, placed
    if not found:
        raise Skipped("no collection has a queryable geometry")


def _predicate(function: str, name: str, placed: dict[Any, BaseGeometry], literal: BaseGeometry, text: str = "") -> Predicate:
    """`function` of the geometry and a literal; true or false where all moved literals say the same."""
    method = function.removeprefix("S_").lower()
    nudged = [affinity.translate(literal, x * _SLACK, y * _SLACK) for x, y in ((0, 0), (1, 1), (-1, 1), (1, -1), (-1, -1))]
    if literal.area > 0:
        nudged += [literal.buffer(_SLACK), literal.buffer(-_SLACK)]

    def truth(feature: Any) -> Any:
        own = placed.get(feature["id"])
        if own is None:
            return None if feature.get("geometry") is None else UNSURE
        said = {bool(getattr(own, method)(one)) for one in nudged}
        return said.pop() if len(said) == 1 else UNSURE

    return Predicate(f"{function}({name}, {text or literal.wkt})", truth)


def _area(placed: dict[Any, BaseGeometry]) -> Polygon:
    """A box over about the middle quarter of the features."""
    west, south, east, north = MultiPoint([one.representative_point() for one in placed.values()]).bounds
    wide, high = max(east - west, 1e-4), max(north - south, 1e-4)
    return box(west + wide * 0.23, south + high * 0.27, east - wide * 0.29, north - high * 0.21)


def _line(placed: dict[Any, BaseGeometry]) -> LineString:
    """A line across the features."""
    west, south, east, north = _area(placed).bounds
    return LineString([(west, south), (east, (south + north) / 2), (west, north)])


def intersects_basic(site: Site) -> None:
    """S_INTERSECTS with points and boxes."""
    for sample, name, placed in _places(site):
        area = _area(placed)
        limits = ", ".join(map(repr, area.bounds))
        expect(site, sample, _predicate("S_INTERSECTS", name, placed, area, f"BBOX({limits})"))
        for own in list(placed.values())[:3]:
            expect(site, sample, _predicate("S_INTERSECTS", name, placed, own.representative_point()))


def intersects_plus(site: Site) -> None:
    """S_INTERSECTS with each type of geometry."""
    for sample, name, placed in _places(site):
        area, line = _area(placed), _line(placed)
        points = MultiPoint([one.representative_point() for one in list(placed.values())[:4]])
        other = affinity.translate(line, _SLACK * 1000, 0)
        parts = MultiPolygon([affinity.scale(area, 0.4, 0.4, origin=corner) for corner in ((area.bounds[:2]), (area.bounds[2:]))])
        for literal in (points, line, MultiLineString([line, other]), area, area.difference(affinity.scale(area, 0.5, 0.5)), parts):
            expect(site, sample, _predicate("S_INTERSECTS", name, placed, literal))


def _over_area(function: str) -> Callable[[Site], None]:
    """A test of a function with a box over some of the features."""

    def test(site: Site) -> None:
        for sample, name, placed in _places(site):
            expect(site, sample, _predicate(function, name, placed, _area(placed)))

    return test


def contains(site: Site) -> None:
    """S_CONTAINS a point inside a feature."""
    for sample, name, placed in _places(site):
        for own in list(placed.values())[:3]:
            literal = own.representative_point()
            expect(site, sample, _predicate("S_CONTAINS", name, placed, literal))
        expect(site, sample, _predicate("S_CONTAINS", name, placed, _area(placed)))


def crosses(site: Site) -> None:
    """S_CROSSES a line."""
    for sample, name, placed in _places(site):
        expect(site, sample, _predicate("S_CROSSES", name, placed, _line(placed)))


def overlaps(site: Site) -> None:
    """S_OVERLAPS an area that cuts features in two."""
    for sample, name, placed in _places(site):
        west, south, east, north = next(iter(placed.values())).bounds
        for literal in (_area(placed), box(west - 1e-3, south - 1e-3, (west + east) / 2 + 1e-7, north + 1e-3)):
            expect(site, sample, _predicate("S_OVERLAPS", name, placed, literal))


def _near(function: str, right: Callable[[BaseGeometry, BaseGeometry], bool]) -> Callable[[Site], None]:
    """A test of a function that rounding decides: what it finds is as it should be within centimetres; far away it finds none."""

    def test(site: Site) -> None:
        for sample, name, placed in _places(site):
            for literal in list(placed.values())[:2]:
                for id in ask(site, sample, f"{function}({name}, {literal.wkt})"):
                    require(id in placed and right(placed[id], literal), f"{sample.collection['id']}: {function} finds {id}")
            away = affinity.translate(next(iter(placed.values())), 0, -5)
            if not any(own.intersects(away) for own in placed.values()):
                found = ask(site, sample, f"{function}({name}, {away.wkt})")
                require(not found, f"{sample.collection['id']}: {function} with a geometry far away finds {len(found)}")

    return test


def _same(own: BaseGeometry, other: BaseGeometry) -> bool:
    return bool(own.hausdorff_distance(other) < 10 * _SLACK)


def _touching(own: BaseGeometry, other: BaseGeometry) -> bool:
    return bool(own.distance(other) < _SLACK and own.intersection(other).area < _SLACK * max(own.length, other.length, _SLACK))


def spatial_logical(function: str) -> Callable[[Site], None]:
    """AND, OR, NOT over spatial predicates."""

    def test(site: Site) -> None:
        for sample, name, placed in _places(site):
            area = _area(placed)
            other = affinity.translate(area, (area.bounds[2] - area.bounds[0]) / 2, 0)
            logical(site, sample, _predicate(function, name, placed, area), _predicate("S_INTERSECTS", name, placed, other))

    return test


def point_logical(site: Site) -> None:
    """AND, OR, NOT over S_INTERSECTS with boxes and points."""
    for sample, name, placed in _places(site):
        area = _area(placed)
        first = _predicate("S_INTERSECTS", name, placed, area, f"BBOX({', '.join(map(repr, area.bounds))})")
        logical(
            site, sample, first, _predicate("S_INTERSECTS", name, placed, Point(next(iter(placed.values())).representative_point()))
        )


BASIC = Suite.of(f"{CQL2}/basic-spatial-functions", s__intersects=intersects_basic, test_data=test_data, logical=point_logical)
PLUS = Suite.of(f"{CQL2}/basic-spatial-functions-plus", s__intersects=intersects_plus, test_data=test_data)
SPATIAL = Suite.of(
    f"{CQL2}/spatial-functions",
    s__intersects=_over_area("S_INTERSECTS"),
    s__disjoint=_over_area("S_DISJOINT"),
    s__equals=_near("S_EQUALS", _same),
    s__touches=_near("S_TOUCHES", _touching),
    s__crosses=crosses,
    s__within=_over_area("S_WITHIN"),
    s__contains=contains,
    s__overlaps=overlaps,
    test_data=test_data,
    logical=spatial_logical("S_WITHIN"),
)
