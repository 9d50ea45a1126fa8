"""A whole collection written to a file, as a stream from the store: the content of a download."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from gateway import registry
from gateway.model.feature import Feature, Layer
from gateway.model.query import Query
from gateway.model.report import Report
from gateway.model.text import pick
from gateway.ports import Adapter, Output
from gateway.services import document
from gateway.services.making import Say, Sink, digest_of
from gateway.services.query import Source, View

_PORTION = 500
_SEQUENTIAL = frozenset({"cityjsonseq", "jsonfg"})
"""Formats that are written from beginning to end; the others go back in their file, or make it elsewhere first."""


def content(source: Source, view: View, format: str, path: Path, say: Say) -> str:
    """Write the collection at `path` in `format`, calling `say` as bytes become readable; gives the SHA-256 in hex."""
    if format == "geojson":
        return _ready(source, view, path, say)
    adapter: Adapter = registry.get("adapters", format)
    if format in _SEQUENTIAL:
        with Sink(path, say) as sink:
            adapter.write(_features(source, view), cast(BinaryIO, sink), _output(source), Report())
            return sink.digest()
    say()
    with path.open("x+b") as file:
        adapter.write(_heeding(_features(source, view), say), file, _output(source), Report())
    return digest_of(path)


def _ready(source: Source, view: View, path: Path, say: Say) -> str:
    """GeoJSON from the ready bytes of the store, as the items door sends them: CRS84, footprints."""
    head = {"type": "FeatureCollection", "name": source.collection.id, **_told(source)}
    with Sink(path, say) as sink:
        sink.write(orjson.dumps(head)[:-1] + b',"features":[\n')
        after: int | None = None
        while True:
            page = view.reader.page(Query(source.collection.id, view.access, limit=_PORTION, after=after))
            sink.write(page.body)
            if page.last is None:
                break
            sink.write(b",\n")
            after = page.last
        sink.write(b"\n]}\n")
        return sink.digest()


def _told(source: Source) -> dict[str, str]:
    """Source, date of actuality and licence, as far as they are known."""
    dataset = source.dataset
    told = {
        "attribution": dataset.owner_name,
        "dateOfActuality": dataset.record.actuality or dataset.updated,
        "license": dataset.licence or dataset.record.licence,
    }
    return {name: value for name, value in told.items() if value}


def _features(source: Source, view: View) -> Iterator[Feature]:
    """All features in family order, in the storage CRS, with everything the store keeps of them."""
    name = source.collection.id
    return (document.of_row(row, name) for row in view.reader.family(name, view.access))


def _heeding(features: Iterator[Feature], say: Say) -> Iterator[Feature]:
    """The same, minding now and then whether the server wants to end."""
    for count, feature in enumerate(features):
        if count % 1000 == 0:
            say()
        yield feature


def _output(source: Source) -> Output:
    found = source.collection
    title = pick(found.title, ("en", "fr")) or None
    layer = Layer(found.id, title, found.geometry_type, found.fields, found.features)
    return Output(crs=found.crs, title=title, layers=(layer,), box=found.storage_box, members=_told(source))
