"""A Mapbox GL style for one collection, in the part of the language that MapLibre and QGIS both read: no sprites, no glyphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEDIA_TYPE = "application/vnd.mapbox.style+json"

_FILL, _EDGE, _LINE, _POINT, _RIM = "#2a8c98", "#0b4f5c", "#a0382a", "#2f7d4f", "#ffffff"


def style(collection: str, title: str, tilejson: str, geometry_type: str | None, center: Mapping[str, Any]) -> dict[str, Any]:
    """The style of a collection's tiles: areas, lines and points, each as far as the collection may have them.

    `tilejson` is the absolute address of its TileJSON; `geometry_type` as collections know it, None for any; `center` are the
    members `center` and `zoom`, where there are some.
    """
    kinds = {"Polygon": _areas, "LineString": _lines, "Point": _points}
    plain = (geometry_type or "").upper().removeprefix("MULTI")
    chosen = [kind for kind in kinds if kind.upper() == plain] or list(kinds)
    return {
        "version": 8,
        "name": title,
        **center,
        "sources": {collection: {"type": "vector", "url": tilejson}},
        "layers": [layer for kind in chosen for layer in kinds[kind](collection)],
    }


def _layer(collection: str, part: str, type: str, kind: str, paint: dict[str, Any]) -> dict[str, Any]:
    """A layer; the filter is said in the older way, which both read."""
    layer = {"id": f"{collection}-{part}", "type": type, "source": collection, "source-layer": collection}
    return {**layer, "filter": ["==", "$type", kind], "paint": paint}


def _areas(collection: str) -> list[dict[str, Any]]:
    fill = {"fill-color": _FILL, "fill-opacity": 0.45}
    edge = {"line-color": _EDGE, "line-width": ["interpolate", ["linear"], ["zoom"], 12, 0.4, 17, 1.4]}
    return [_layer(collection, "areas", "fill", "Polygon", fill), _layer(collection, "edges", "line", "Polygon", edge)]


def _lines(collection: str) -> list[dict[str, Any]]:
    return [_layer(collection, "lines", "line", "LineString", {"line-color": _LINE, "line-width": 2.5})]


def _points(collection: str) -> list[dict[str, Any]]:
    paint = {
        "circle-color": _POINT,
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 12, 1, 15, 2, 18, 6],
        "circle-stroke-color": _RIM,
        "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 15, 0, 17, 1],
    }
    return [_layer(collection, "points", "circle", "Point", paint)]
