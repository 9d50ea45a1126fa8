"""The land registry's parcels as Esri FeatureSet JSON: private plots, the square, the school's plot, the park and the streets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import shapely

from gateway.demo.plan import Position, Quarter

FIELDS = (
    ("objectid", "esriFieldTypeOID"),
    ("egrid", "esriFieldTypeString"),
    ("numero", "esriFieldTypeInteger"),
    ("commune", "esriFieldTypeInteger"),
    ("genre", "esriFieldTypeString"),
    ("affectation", "esriFieldTypeString"),
    ("surface_m2", "esriFieldTypeInteger"),
    ("adresse", "esriFieldTypeString"),
    ("etat_au", "esriFieldTypeDate"),
)
ID_FIELD = "egrid"
_AS_OF = int(datetime(2026, 6, 30, tzinfo=UTC).timestamp() * 1000)
USES = {"dense": "zone 3", "town": "zone 2", "villas": "zone 5", "square": "place publique", "school": "équipement public"}


def write(quarter: Quarter, target: Path) -> int:
    """Write the parcels to `target` as an ArcGIS service would answer (f=json); gives their number."""
    features = list(_features(quarter))
    document = {
        "objectIdFieldName": "objectid",
        "geometryType": "esriGeometryPolygon",
        "spatialReference": {"wkid": 2056, "latestWkid": 2056},
        "fields": [{"name": name, "type": kind, "alias": name} for name, kind in FIELDS],
        "features": features,
    }
    target.write_bytes(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
    return len(features)


def _features(quarter: Quarter) -> Iterator[dict[str, Any]]:
    for parcel in quarter.parcels:
        public = parcel.kind in ("square", "school")
        kind = "domaine public" if public else "bien-fonds"
        address = parcel.street if public else f"{parcel.street} {parcel.house}"
        yield _feature(parcel.number, shapely.Polygon(parcel.ring()), kind, USES[parcel.kind], address)
    number = quarter.parcels[-1].number
    yield _feature(number + 1, shapely.Polygon(quarter.park), "domaine public", "zone de verdure", "Parc de la Source")
    for offset, grid in enumerate(quarter.grids, start=2):
        streets = shapely.Polygon(grid.outline(), _holes(quarter.blocks[grid.name]))
        yield _feature(number + offset, streets, "domaine public", "voirie", f"Voirie, secteur {grid.name}")


def _holes(rings: list[list[Position]]) -> list[list[Position]]:
    return [ring[::-1] for ring in rings]


def _feature(number: int, polygon: shapely.Polygon, kind: str, use: str, address: str) -> dict[str, Any]:
    attributes = {
        "objectid": number - 1000,
        "egrid": f"CH{430_000_000_000 + number * 7919:012d}",
        "numero": number,
        "commune": 21,
        "genre": kind,
        "affectation": use,
        "surface_m2": round(polygon.area),
        "adresse": address,
        "etat_au": _AS_OF,
    }
    return {"attributes": attributes, "geometry": {"rings": _rings(polygon)}}


def _rings(polygon: shapely.Polygon) -> list[list[list[float]]]:
    """Outer ring clockwise, holes against it, as Esri has them."""
    turned = shapely.orient_polygons(polygon, exterior_cw=True)
    return [[[x, y] for x, y in ring.coords] for ring in (turned.exterior, *turned.interiors)]
