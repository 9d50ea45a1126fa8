"""A pygeoapi provider over a remote OGC API - Features collection.

In a provider block: ``name: gateway.federation.oapif.OgcApiFeatures``, ``data`` the address of the collection
(``https://…/collections/roads``). Coordinates are asked for in CRS84. Pages follow the remote's own ``next`` links, since the
standard knows no offset (OGC 17-069r4, /req/core/fc-links).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pygeoapi.provider.base import BaseProvider

from gateway.errors import NotFound, RemoteError
from gateway.federation import remote

_ACCEPT = "application/geo+json, application/json;q=0.9"
_PAGE = 1000
_places = remote.Places()


class OgcApiFeatures(BaseProvider):  # type: ignore[misc]
    """One remote collection."""

    def __init__(self, provider_def: Mapping[str, Any]) -> None:
        super().__init__(dict(provider_def))
        self._collection = str(self.data).rstrip("/")

    def get_fields(self) -> dict[str, Any]:
        """Names and types of the properties: what the remote's schema says, else what its queryables say."""
        for place in ("schema", "queryables"):
            try:
                found = remote.document(f"{self._collection}/{place}", "application/schema+json, application/json;q=0.9")
            except (NotFound, RemoteError):
                continue
            fields = _fields(found)
            if fields:
                return fields
        first = self.query(limit=10)["features"]
        return {name: {"type": _type(value)} for feature in first for name, value in (feature.get("properties") or {}).items()}

    def query(
        self,
        offset: int = 0,
        limit: int = 10,
        resulttype: str = "results",
        bbox: Sequence[float] = (),
        datetime_: str | None = None,
        properties: Sequence[tuple[str, str]] = (),
        **_: Any,
    ) -> dict[str, Any]:
        """A page of features as GeoJSON in CRS84, with ``numberMatched`` where the remote gives it."""
        asked = dict(properties)
        if bbox:
            asked["bbox"] = ",".join(map(str, bbox))
        if datetime_ is not None:
            asked["datetime"] = datetime_
        question = remote.with_parameters(f"{self._collection}/items", asked)
        if resulttype == "hits":
            first = self._page(remote.with_parameters(question, {"limit": "1"}))
            return {"type": "FeatureCollection", "features": [], **_matched(first)}
        return self._from(question, offset, max(limit, 1))

    def get(self, identifier: str, **_: Any) -> dict[str, Any]:
        """One feature. Raises NotFound."""
        found = remote.document(f"{self._collection}/items/{quote(identifier, safe='')}", _ACCEPT)
        if not isinstance(found, dict) or found.get("type") != "Feature":
            raise RemoteError("the remote's item is no GeoJSON feature")
        return found

    def _from(self, question: str, offset: int, limit: int) -> dict[str, Any]:
        """Gather `limit` features from `offset` on, beginning at the nearest page that a link has led to."""
        url = _places.get(question, offset)
        at = offset if url is not None else 0
        url = _sized(url or remote.with_parameters(question, {"limit": "1"}), limit if at == offset else _PAGE)
        features: list[dict[str, Any]] = []
        told: dict[str, Any] = {}
        while url is not None and len(features) < limit:
            page = self._page(url)
            told = told or _matched(page)
            coming = page["features"]
            features += coming[max(offset - at, 0) :]
            at += len(coming)
            url = remote.next_of(page, url) if coming else None
            if url is not None:
                _places.put(question, at, url)
        return {"type": "FeatureCollection", "features": features[:limit], **told}

    def _page(self, url: str) -> dict[str, Any]:
        found = remote.document(url, _ACCEPT)
        if not isinstance(found, dict) or not isinstance(found.get("features"), list):
            raise RemoteError("the remote's page is no GeoJSON feature collection")
        return found


def _sized(url: str, limit: int) -> str:
    """A page's address with another limit, where it carries one."""
    return remote.with_parameters(url, {"limit": str(min(limit, _PAGE))}) if "limit=" in url else url


def _matched(page: Mapping[str, Any]) -> dict[str, Any]:
    number = page.get("numberMatched")
    return {"numberMatched": number} if isinstance(number, int) else {}


def _fields(schema: Any) -> dict[str, Any]:
    """The scalar properties of a JSON Schema."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return {}
    kinds = ("string", "integer", "number", "boolean")
    return {
        name: {"type": entry["type"], **({"format": entry["format"]} if isinstance(entry.get("format"), str) else {})}
        for name, entry in properties.items()
        if isinstance(entry, dict) and entry.get("type") in kinds and entry.get("x-ogc-role") not in ("id", "primary-geometry")
    }


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "number" if isinstance(value, float) else "string"
