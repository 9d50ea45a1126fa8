"""The twin offered to pygeoapi: a provider plug-in over a twin's folder.

In pygeoapi's configuration::

    providers:
      - type: feature
        name: gateway.web.bridge.TwinProvider
        data: /srv/twin            # the twin's folder
        id_field: id
        options: {collection: buildings, key: …}   # the key is optional; without it what is open is served
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from pygeoapi.provider.base import BaseProvider, ProviderInvalidQueryError, ProviderItemNotFoundError

from gateway import wiring
from gateway.errors import NotFound, UsageError
from gateway.model.access import PUBLIC
from gateway.model.query import And
from gateway.services.query import COUNT_CAP, Source, View
from gateway.services.question import ItemsRequest, question
from gateway.web import bridge_filters
from gateway.web.parameters import interval

_twins: dict[str, wiring.Gateway] = {}
_guard = threading.Lock()


class TwinProvider(BaseProvider):  # type: ignore[misc]
    """One collection of a twin, under the rights of a key's party, or of the public."""

    def __init__(self, provider_def: Mapping[str, Any]) -> None:
        super().__init__(dict(provider_def))
        options = self.options or {}
        if not options.get("collection"):
            raise UsageError("the provider block names no collection", cure="options: {collection: …}")
        self._collection, self._key = str(options["collection"]), options.get("key")
        self.get_fields()

    def get_fields(self) -> dict[str, Any]:
        """Names and types of the declared properties."""
        if not self._fields:
            with self._view() as (_, source):
                for field in source.collection.fields:
                    self._fields[field.name] = {"type": field.type} | ({"format": field.format} if field.format else {})
        return dict(self._fields)

    def query(
        self,
        offset: int = 0,
        limit: int = 10,
        resulttype: str = "results",
        bbox: Sequence[float] = (),
        datetime_: str | None = None,
        properties: Sequence[tuple[str, Any]] = (),
        sortby: Sequence[Mapping[str, str]] = (),
        select_properties: Sequence[str] = (),
        skip_geometry: bool = False,
        q: str | None = None,
        filterq: Any = None,
        **_: Any,
    ) -> dict[str, Any]:
        """A page of features as GeoJSON in CRS84 with ``numberMatched``. Raises ProviderInvalidQueryError."""
        if q:
            raise ProviderInvalidQueryError("q is not offered")
        asked = ItemsRequest(
            limit=offset + limit,
            box=tuple(float(part) for part in bbox) or None,
            interval=interval(datetime_),
            properties=tuple((name, str(value)) for name, value in properties),
            sort=tuple((entry["property"], entry.get("order") == "-") for entry in sortby),
        )
        with self._view() as (view, source):
            body, matched = _page(view, source, asked, filterq, hits=resulttype == "hits")
        features = islice(orjson.loads(b"[%b]" % body), offset, None)
        shown = [_shown(feature, select_properties, skip_geometry) for feature in features]
        told = {} if matched is None else {"numberMatched": matched}
        return {"type": "FeatureCollection", **told, "numberReturned": len(shown), "features": shown}

    def get(self, identifier: str, **_: Any) -> dict[str, Any]:
        """One feature. Raises ProviderItemNotFoundError."""
        with self._view() as (view, source):
            try:
                return dict(orjson.loads(view.item(source, identifier).body))
            except NotFound as error:
                raise ProviderItemNotFoundError(f"there is no feature {identifier}") from error

    @contextmanager
    def _view(self) -> Iterator[tuple[View, Source]]:
        gateway = _twin(str(self.data))
        reader = PUBLIC if self._key is None else gateway.identity.authenticate(str(self._key))
        with gateway.queries.view(gateway.queries.access(reader)) as view:
            yield view, view.source(self._collection)


def _page(view: View, source: Source, asked: ItemsRequest, given: Any, *, hits: bool) -> tuple[bytes, int | None]:
    """The comma-joined features from the first on, and how many match. Raises ProviderInvalidQueryError."""
    try:
        query = question(source.collection, view.access, asked)
        condition = bridge_filters.expression(given, source.collection)
        if condition is not None:
            query = replace(query, filter=condition if query.filter is None else And((query.filter, condition)))
        body = b"" if hits else view.reader.page(query).body
        return body, view.reader.count(query, COUNT_CAP)
    except UsageError as error:
        raise ProviderInvalidQueryError(str(error)) from error


def _twin(folder: str) -> wiring.Gateway:
    """An open twin, kept open: pygeoapi makes a provider for each request."""
    with _guard:
        if folder not in _twins:
            _twins[folder] = wiring.open_gateway(Path(folder))
        return _twins[folder]


def _shown(feature: dict[str, Any], select: Sequence[str], skip_geometry: bool) -> dict[str, Any]:
    if select:
        feature["properties"] = {name: value for name, value in feature["properties"].items() if name in select}
    if skip_geometry:
        feature["geometry"] = None
    return feature
