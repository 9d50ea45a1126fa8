"""The land registry's parcels as a GeoPackage: private plots, the square, the school's plot, the park and the streets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import shapely

from gateway import registry
from gateway.demo.plan import LV95, Position, Quarter
from gateway.model.feature import Feature, Field, Layer
from gateway.model.report import Report
from gateway.ports import Output

FIELDS = (
    Field("egrid", "string"),
    Field("numero", "integer"),
    Field("commune", "integer"),
    Field("genre", "string"),
    Field("affectation", "string"),
    Field("surface_m2", "integer"),
    Field("adresse", "string"),
    Field("etat_au", "string", "date"),
)
USES = {"dense": "zone 3", "town": "zone 2", "villas": "zone 5", "square": "place publique", "school": "équipement public"}


def write(quarter: Quarter, target: Path) -> int:
    """Write the parcels to `target` with the gateway's own GeoPackage writer; gives their number."""
    report = Report()
    layer = Layer("parcels", title="Parcelles du Quartier de la Source", geometry_type="Polygon", fields=FIELDS)
    with target.open("wb") as sink:
        output = Output(LV95, title=layer.title, layers=(layer,))
        registry.get("adapters", "geopackage").write(_features(quarter), sink, output, report)
    return sum(report.written.values())


def _features(quarter: Quarter) -> Iterator[Feature]:
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


def _feature(number: int, polygon: shapely.Polygon, kind: str, use: str, address: str) -> Feature:
    egrid = f"CH{430_000_000_000 + number * 7919:012d}"
    properties = {
        "egrid": egrid,
        "numero": number,
        "commune": 21,
        "genre": kind,
        "affectation": use,
        "surface_m2": round(polygon.area),
        "adresse": address,
        "etat_au": "2026-06-30",
    }
    return Feature(egrid, collection="parcels", properties=properties, shape=shapely.to_wkb(polygon))
