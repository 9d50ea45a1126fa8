"""A body in JSON-FG as a feature: read by the adapter that reads files of it, and brought into the collection's own CRS."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

from gateway import registry
from gateway.errors import InputError
from gateway.geo import crs as systems
from gateway.geo import transform
from gateway.model.dataset import Collection
from gateway.model.feature import Feature
from gateway.ports import Adapter, ReadOptions


def from_json_fg(body: bytes, id: str, collection: Collection, stated: str | None) -> Feature:
    """The one feature of the body (OGC 21-045r1), `stated` being the CRS of Content-Crs where the body names none.

    Raises Unreadable with a JSON pointer, InputError for a geometry with heights in another system than the collection's.
    """
    adapter: Adapter = registry.get("adapters", "geojson")
    given = None if stated is None else systems.known(stated, "Content-Crs")
    with NamedTemporaryFile(suffix=".json") as file:
        file.write(body)
        file.flush()
        with adapter.open(Path(file.name), ReadOptions(crs=given, name="feature.json")) as reading:
            feature = next(iter(reading))
            crs = reading.header.crs
    feature.id, feature.collection, feature.place = id, collection.id, None
    if crs is None or not crs.is_known:
        raise InputError("the feature's reference system is not known", place="/coordRefSys", cure=collection.crs.uri)
    if systems.same(crs, collection.crs):
        return feature
    if feature.geometries:
        raise InputError(
            f"solids are taken in the system they are kept in only, {collection.crs.code}",
            place="/place",
            cure=f'"coordRefSys": "{collection.crs.uri}"',
        )
    return transform.feature(feature, crs, collection.crs)
