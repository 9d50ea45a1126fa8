"""The whole family of one feature, as CityJSON: the building with its parts, installations, storeys and rooms."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from gateway import registry
from gateway.errors import NotAcceptable
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.model.row import Row
from gateway.ports import Adapter, Output
from gateway.services import document
from gateway.services.query import Source, View

MOST = 5_000
"""Members one answer has; a larger family is a download."""


def as_cityjson(view: View, source: Source, row: Row) -> bytes:
    """CityJSON 2.0 of the family that `row` belongs to, in the storage CRS. Raises NotAcceptable for a very large one."""
    adapter: Adapter = registry.get("adapters", "cityjson")
    sink = BytesIO()
    adapter.write(members(view, source, row), sink, Output(crs=source.collection.crs, box=row.box), Report())
    return sink.getvalue()


def members(view: View, source: Source, row: Row) -> Iterator[Feature]:
    """The root of the feature's family and all below it in the collection, parents first."""
    name, seen = source.collection.id, set[str]()
    waiting = [_root(view, source, row)]
    while waiting:
        one = waiting.pop()
        if one.id in seen:
            continue
        seen.add(one.id)
        if len(seen) > MOST:
            raise NotAcceptable(f"the family has more than {MOST} members", cure="download the collection as CityJSON")
        feature = document.of_row(one, name)
        below = (view.reader.item(name, child, view.access, version=source.version) for child in reversed(feature.children))
        waiting += [child for child in below if child is not None]
        yield feature


def _root(view: View, source: Source, row: Row) -> Row:
    """The topmost member; a chain of parents that bites its own tail ends where it began."""
    seen = {row.id}
    while row.parent is not None and row.parent not in seen:
        seen.add(row.parent)
        above = view.reader.item(source.collection.id, row.parent, view.access, version=source.version)
        if above is None:
            return row
        row = above
    return row
