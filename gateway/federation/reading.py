"""A store with cascaded collections beside its own: the same port, so that every door serves both alike.

Who may see a cascaded collection follows from the dataset it belongs to, decided by the store itself. What the remote gives
becomes rows as the store's own are: checked, in the storage CRS, with ready GeoJSON in CRS84.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any, cast

import orjson

from gateway.errors import GatewayError, NotFound, ParameterError, RemoteError
from gateway.federation.host import Host
from gateway.geo import crs as systems
from gateway.geo import geojson, transform, wkb
from gateway.model.access import Access
from gateway.model.cascade import Cascade
from gateway.model.crs import CRS84
from gateway.model.dataset import Box, Collection, Dataset
from gateway.model.feature import Scalar
from gateway.model.query import And, Comparison, Expression, Property, Query
from gateway.model.row import Page, Row
from gateway.ports import Reader, Store
from gateway.settings import Settings

_PORTION = 1000
_DECIMALS = 9


class CascadedStore:
    """Reads of a store, with what is cascaded among them. `close` ends the providers' processes."""

    def __init__(self, store: Store, cascades: Sequence[Cascade], settings: Settings) -> None:
        self._store = store
        self._cascades = {cascade.id: cascade for cascade in cascades}
        self.ids = frozenset(self._cascades)
        """The ids of the cascaded collections."""
        self._hosts = {cascade.id: Host(cascade.id, cascade.provider, settings) for cascade in cascades}

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A consistent view of the store's own; what is remote is asked for when it is read."""
        with self._store.reading() as reader:
            yield cast(Reader, CascadedReader(reader, self._cascades, self._hosts))

    def cascade(self, collection: str) -> tuple[Cascade, Host] | None:
        """The definition and the process of a cascaded collection."""
        found = self._cascades.get(collection)
        return None if found is None else (found, self._hosts[collection])

    def close(self) -> None:
        """End the processes."""
        for host in self._hosts.values():
            host.close()


class CascadedReader:
    """One moment: what is not said here is the store's own (``__getattr__``), so this is a whole `Reader`."""

    def __init__(self, own: Reader, cascades: Mapping[str, Cascade], hosts: Mapping[str, Host]) -> None:
        self._own = own
        self._cascades = cascades
        self._hosts = hosts
        self._matched: tuple[Query, int | None] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def datasets(self, access: Access) -> list[Dataset]:
        """All visible datasets with their own collections and those cascaded."""
        return [self._completed(dataset) for dataset in self._own.datasets(access)]

    def dataset(self, dataset: str, access: Access) -> Dataset | None:
        """One visible dataset."""
        found = self._own.dataset(dataset, access)
        return None if found is None else self._completed(found)

    def collections(self, access: Access) -> list[Collection]:
        """All visible collections, by id."""
        remote = [found for name in self._cascades if (found := self._remote(name, access)) is not None]
        return sorted([*self._own.collections(access), *remote], key=lambda collection: collection.id)

    def collection(
        self, collection: str, access: Access, *, version: int | None = None, as_of: str | None = None
    ) -> Collection | None:
        """One visible collection; of a remote there is but the present."""
        if collection not in self._cascades:
            return self._own.collection(collection, access, version=version, as_of=as_of)
        return self._remote(collection, access) if version is None and as_of is None else None

    def page(self, query: Query) -> Page:
        """One page, in the remote's order; `after` counts the features before it."""
        cascade = self._cascades.get(query.collection)
        if cascade is None:
            return self._own.page(query)
        offset = query.after or 0
        rows, matched = self._asked(cascade, query, offset, query.limit + 1)
        self._matched = replace(query, limit=0, after=None), matched
        chosen = rows[: query.limit]
        last = offset + len(chosen) if len(rows) > len(chosen) else None
        return Page(b",".join(row.ready for row in chosen), len(chosen), last)

    def count(self, query: Query, cap: int | None = None) -> int | None:
        """How many the remote says there are; None where it does not say."""
        cascade = self._cascades.get(query.collection)
        if cascade is None:
            return self._own.count(query, cap)
        if self._matched is None or self._matched[0] != replace(query, limit=0, after=None):
            found = self._hosts[cascade.id].ask("query", limit=1, resulttype="hits", **_arguments(cascade, query))
            self._matched = replace(query, limit=0, after=None), _number(found.document)
        matched = self._matched[1]
        return None if matched is None or (cap is not None and matched > cap) else matched

    def rows(self, query: Query) -> Iterator[Row]:
        """The matching features as rows, portion by portion."""
        cascade = self._cascades.get(query.collection)
        if cascade is None:
            yield from self._own.rows(query)
            return
        offset, left = query.after or 0, query.limit
        while left != 0:
            wanted = _PORTION if left < 0 else min(_PORTION, left)
            rows, _ = self._asked(cascade, query, offset, wanted)
            yield from rows
            if len(rows) < wanted:
                return
            offset, left = offset + len(rows), left - len(rows) if left > 0 else left

    def item(self, collection: str, feature: str, access: Access, *, version: int | None = None) -> Row | None:
        """One feature of the remote; None where there is none, or the collection is hidden."""
        cascade = self._cascades.get(collection)
        if cascade is None:
            return self._own.item(collection, feature, access, version=version)
        if version is not None or self._remote(collection, access) is None:
            return None
        try:
            found = self._hosts[collection].ask("get", identifier=feature).document
        except NotFound:
            return None
        return None if found is None else _rows(cascade, [found], 0)[0]

    def family(self, collection: str, access: Access) -> Iterator[Row]:
        """All rows; a remote's features have no families."""
        if collection not in self._cascades:
            return self._own.family(collection, access)
        return self.rows(Query(collection, access, limit=-1))

    def existing(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Which of `ids` are there; of a remote none is known without asking."""
        return set() if collection in self._cascades else self._own.existing(collection, ids)

    def shapes(
        self, query: Query, fields: tuple[str, ...], *, smallest: float = 0.0, every: int = 1
    ) -> list[tuple[int, str, bytes, tuple[Scalar, ...]]]:
        """Geometries and attributes for tiles."""
        cascade = self._cascades.get(query.collection)
        if cascade is None:
            return self._own.shapes(query, fields, smallest=smallest, every=every)
        rows, _ = self._asked(cascade, query, 0, query.limit)
        return [
            (row.key, row.id, row.geometry, tuple(row.properties.get(name) for name in fields))
            for row in rows
            if row.geometry is not None
        ]

    def changed(self, collection: str, since: int, access: Access) -> list[Box] | None:
        """What a remote changed is not known: None, everything may have."""
        return None if collection in self._cascades else self._own.changed(collection, since, access)

    def _completed(self, dataset: Dataset) -> Dataset:
        remote = [_collection(cascade, dataset) for cascade in self._cascades.values() if cascade.dataset == dataset.id]
        return replace(dataset, collections=(*dataset.collections, *remote)) if remote else dataset

    def _remote(self, name: str, access: Access) -> Collection | None:
        cascade = self._cascades[name]
        dataset = self._own.dataset(cascade.dataset, access)
        return None if dataset is None else _collection(cascade, dataset)

    def _asked(self, cascade: Cascade, query: Query, offset: int, limit: int) -> tuple[list[Row], int | None]:
        if self._remote(cascade.id, query.access) is None:
            raise NotFound(f"there is no collection {cascade.id}")
        if cascade.is_coverage:
            raise NotFound("a coverage has no items", place=cascade.id, cure=f"/collections/{cascade.id}/coverage")
        found = self._hosts[cascade.id].ask("query", offset=offset, limit=limit, **_arguments(cascade, query)).document
        if not isinstance(found, dict) or not isinstance(found.get("features"), list):
            raise RemoteError(f"the provider of {cascade.id} gave no features", place=cascade.id)
        return _rows(cascade, found["features"], offset), _number(found)


def _collection(cascade: Cascade, dataset: Dataset) -> Collection:
    return Collection(
        id=cascade.id,
        dataset=dataset.id,
        title=cascade.title or dataset.record.title,
        crs=cascade.crs,
        geometry_type=cascade.geometry_type,
        fields=cascade.fields,
        box=cascade.box,
        version=dataset.version,
        remote=True,
        item_type="coverage" if cascade.is_coverage else "feature",
    )


def _arguments(cascade: Cascade, query: Query) -> dict[str, Any]:
    """A question in the words of a pygeoapi provider. Raises ParameterError for what providers cannot be asked."""
    if query.version is not None or query.as_of is not None:
        raise ParameterError("version", f"{cascade.id} is a remote service: only its present can be had")
    if query.sort:
        raise ParameterError("sortby", f"{cascade.id} is a remote service that is read in its own order")
    if len(query.boxes) > 1:
        raise ParameterError("bbox", f"{cascade.id} takes one box, which does not cross the antimeridian")
    asked: dict[str, Any] = {"properties": _equalities(query.filter)}
    if query.boxes:
        (box,) = query.boxes
        asked["bbox"] = list(box if cascade.crs == CRS84 else transform.boxes(box, cascade.crs, CRS84)[0])
    if query.interval is not None:
        asked["datetime_"] = "/".join(end or ".." for end in query.interval)
    return asked


def _equalities(expression: Expression | None) -> list[tuple[str, Any]]:
    match expression:
        case None:
            return []
        case And(parts):
            return [pair for part in parts for pair in _equalities(part)]
        case Comparison(Property(name), "=", str() | int() | float() | bool() as value):
            return [(name, value)]
        case _:
            raise ParameterError("filter", "a remote collection is filtered by property = value, joined by AND")


def _number(document: Any) -> int | None:
    number = document.get("numberMatched") if isinstance(document, dict) else None
    return number if isinstance(number, int) and number >= 0 else None


def _rows(cascade: Cascade, features: Sequence[Any], offset: int) -> list[Row]:
    """A provider's GeoJSON as rows. Raises RemoteError naming the feature that is none."""
    given = [_geometry(cascade, feature, offset + at) for at, feature in enumerate(features)]
    degrees: list[bytes | None] = list(given)
    if cascade.crs != CRS84:
        flat = [None if shape is None else wkb.to_2d(shape) for shape in given]
        degrees = transform.wkb(flat, systems.horizontal_of(cascade.crs), CRS84)
    encoded = geojson.encode(wkb.oriented(degrees), _DECIMALS)
    return [
        _row(feature, shape, text, offset + at)
        for at, (feature, shape, text) in enumerate(zip(features, given, encoded, strict=True))
    ]


def _geometry(cascade: Cascade, feature: Any, at: int) -> bytes | None:
    try:
        if not isinstance(feature, dict):
            raise RemoteError("no object")
        shape = feature.get("geometry")
        return None if shape is None else geojson.decode(shape, f"/features/{at}/geometry")
    except GatewayError as error:
        raise RemoteError(f"the service behind {cascade.id} gave a feature that is none: {error}", place=cascade.id) from error


def _row(feature: Mapping[str, Any], shape: bytes | None, text: bytes, at: int) -> Row:
    properties = feature.get("properties") or {}
    identifier = str(feature.get("id", at + 1))
    ready = b"".join(
        (
            b'{"type":"Feature","id":',
            orjson.dumps(identifier),
            b',"geometry":',
            text,
            b',"properties":',
            orjson.dumps(properties),
            b"}",
        )
    )
    scalars = {name: value for name, value in properties.items() if not isinstance(value, list | dict)}
    box = None if shape is None else wkb.bounds(shape)
    return Row(identifier, scalars, shape, box, ready, sha256(ready).digest(), key=at + 1)
