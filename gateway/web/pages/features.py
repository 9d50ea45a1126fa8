"""Pages of features: a table of one page of them, and one feature with its attributes, map and family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response

from gateway.services import document
from gateway.services.query import Item, Items, View
from gateway.web.asked import Asked
from gateway.web.messages import text
from gateway.web.pages.catalogue import card
from gateway.web.pages.render import page
from gateway.web.parameters import next_token
from gateway.web.representations import TABLE

_COLUMNS = 8
SURFACES = (
    *("RoofSurface", "WallSurface", "GroundSurface", "ClosureSurface", "OuterCeilingSurface", "OuterFloorSurface"),
    *("InteriorWallSurface", "FloorSurface", "CeilingSurface", "Window", "Door", "none"),
)
"""The kinds of surface that the 3D view has words for."""


def items(asked: Asked, found: Items, headers: Mapping[str, str]) -> Response:
    """One page of features as a table; the columns are the first declared properties."""
    features = orjson.loads(b"[" + found.body + b"]")
    columns = [field.name for field in found.source.collection.fields[:_COLUMNS]]
    token = next_token(found)
    following = None if token is None else asked.here(after=token, offset=None)
    filters = [(name, value) for name, value in asked.pairs if name not in ("f", "lang", "after", "offset", "limit")]
    return page(
        asked,
        "items.html",
        headers=headers,
        found=found,
        collection=found.source.collection,
        card=card(asked, found.source.dataset),
        features=features,
        columns=columns,
        following=following,
        filters=filters,
        encodings=_encodings(asked),
    )


def item(asked: Asked, found: Item, view: View, headers: Mapping[str, str]) -> Response:
    """One feature with all it says."""
    feature = orjson.loads(found.body)
    whole = None if found.row.document is None else document.decode(found.row.document)
    return page(
        asked,
        "item.html",
        headers=headers,
        found=found,
        collection=found.source.collection,
        card=card(asked, found.source.dataset),
        feature=feature,
        properties=list(_flat(feature.get("properties") or {})),
        children={} if whole is None else view.homes(found.source, whole.children),
        lods=[] if whole is None else sorted({f"LoD{geometry.lod} {geometry.type}" for geometry in whole.geometries}),
        encodings=[
            *_encodings(asked),
            *((name, asked.here(f=f, crs=None)) for name, f in (("JSON-LD", "jsonld"), ("Turtle", "ttl"))),
        ],
        postal=[] if whole is None else [list(_flat(_postal(address))) for address in whole.addresses],
        has_shape=whole is not None and bool(whole.geometries or whole.children or whole.parent),
        surfaces={kind.removeprefix("none"): text(f"surface-{kind}", asked.language_or_default()) for kind in SURFACES},
    )


def _encodings(asked: Asked) -> list[tuple[str, str]]:
    """The titles and addresses of the other representations; those of city models come in the storage CRS alone."""
    found = [("GeoJSON", asked.here(f="json"))]
    for offer, form in TABLE.items():
        found.append((form.title, asked.here(f=offer.name, crs=None) if form.is_whole else asked.here(f=offer.name)))
    return found


def _postal(address: Mapping[str, Any]) -> dict[str, Any]:
    """An address as people read it: its words, without the point where it stands and the id it had."""
    return {name: value for name, value in address.items() if name not in ("location", "id", "type")}


def _flat(properties: Mapping[str, Any], prefix: str = "") -> Any:
    """Properties as rows: nested ones by dotted name, lists joined where they are plain."""
    for name, value in properties.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and all(not isinstance(entry, dict | list) for entry in value):
            yield f"{prefix}{name}", ", ".join(str(entry) for entry in value)
        else:
            yield f"{prefix}{name}", orjson.dumps(value).decode() if isinstance(value, dict | list) else value
