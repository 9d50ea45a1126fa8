"""The elements of GML 3.1.1 and 3.2 by what the reader does with them."""

from __future__ import annotations

from gateway.adapters.citygml.names import GML_NEW, GML_OLD


def _tags(*names: str) -> frozenset[str]:
    return frozenset(f"{{{namespace}}}{name}" for namespace in (GML_OLD, GML_NEW) for name in names)


POS_LIST = _tags("posList")
POS = _tags("pos")
COORDINATES = _tags("coordinates")
FLAT = _tags("Polygon", "PolygonPatch", "Triangle", "Rectangle")
POLYGON = _tags("Polygon")
PLAIN = _tags("MultiSurface")
MEMBERS = _tags("surfaceMember")
RINGS = _tags("LinearRing")
EXTERIOR = _tags("exterior")
INTERIOR = _tags("interior")
OUTER = _tags("exterior", "outerBoundaryIs")
PATCHES = _tags("patches", "trianglePatches", "polygonPatches")
PATCHED = _tags("Surface", "TriangulatedSurface", "Tin", "PolyhedralSurface")
GATHERED = _tags("MultiSurface", "CompositeSurface", "Shell", "MultiGeometry", "GeometricComplex")
SURFACES = FLAT | PATCHED | _tags("MultiSurface", "CompositeSurface", "Shell", "OrientableSurface")
ORIENTED = _tags("OrientableSurface")
SOLIDS = _tags("Solid")
SOLID_SETS = {tag: tag.rpartition("}")[2] for tag in _tags("MultiSolid", "CompositeSolid")}
CURVES = _tags("LineString", "Curve", "CompositeCurve", "MultiCurve", "OrientableCurve", "LinearRing", "Ring")
CURVE_SETS = _tags("CompositeCurve", "MultiCurve", "Ring", "Curve", "OrientableCurve")
STRAIGHT = _tags("LineString", "LineStringSegment", "LinearRing", "GeodesicString")
SEGMENTS = _tags("Arc", "ArcString", "Circle", "ArcByCenterPoint", "CubicSpline", "BSpline", "Bezier", "Geodesic", "Clothoid")
POINTS = _tags("Point")
POINT_SETS = _tags("MultiPoint")
MIXED = _tags("MultiGeometry", "GeometricComplex")
