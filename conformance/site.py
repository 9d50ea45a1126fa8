"""One endpoint under test, with the resources that many tests look at fetched once."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from conformance.client import Client, Response
from conformance.verdict import Failed, Skipped

SAMPLE = 12
"""Collections looked at closely; a server with more is judged by the first of them."""

CRS84 = ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "http://www.opengis.net/def/crs/OGC/0/CRS84h")


class Site:
    """The endpoint at `url` (its landing page). Every property raises Failed where the resource is missing or wrong."""

    def __init__(self, url: str, client: Client) -> None:
        self.url = url.rstrip("/")
        self.client = client
        self.kept: dict[str, Any] = {}

    @cached_property
    def landing_response(self) -> Response:
        """The landing page as it came."""
        return self.client.get(f"{self.url}/")

    @cached_property
    def landing(self) -> dict[str, Any]:
        """The landing page."""
        return _object(self.landing_response.expect(200))

    @cached_property
    def conformance(self) -> dict[str, Any]:
        """The declaration of conformance."""
        return _object(self.client.get(f"{self.url}/conformance").expect(200))

    @cached_property
    def collections_document(self) -> dict[str, Any]:
        """The document at /collections."""
        return _object(self.client.get(f"{self.url}/collections").expect(200))

    @cached_property
    def collections(self) -> list[dict[str, Any]]:
        """The feature collections to test. Raises Skipped where there are none."""
        found = self.collections_document.get("collections")
        if not isinstance(found, list):
            raise Failed("/collections has no array `collections`")
        features = [c for c in found if isinstance(c, dict) and c.get("itemType", "feature") == "feature"]
        if not features:
            raise Skipped("the endpoint has no feature collections")
        return features[:SAMPLE]

    @cached_property
    def api(self) -> dict[str, Any]:
        """The OpenAPI document behind the landing page's `service-desc` link."""
        for link in self.links(self.landing, "service-desc"):
            if "openapi" in link.get("type", "") or "json" in link.get("type", ""):
                return _object(self.client.get(self.absolute(link["href"]), accept=link["type"]).expect(200))
        raise Failed("the landing page has no service-desc link to an OpenAPI document in JSON")

    def declares(self, uri: str) -> bool:
        """Whether the class stands in /conformance."""
        return uri in self.conformance.get("conformsTo", [])

    def absolute(self, href: str) -> str:
        """A link's address, resolved against the landing page."""
        return urllib.parse.urljoin(f"{self.url}/", href)

    def links(self, document: dict[str, Any], relation: str) -> list[dict[str, Any]]:
        """The links of one relation."""
        found = document.get("links")
        if not isinstance(found, list):
            raise Failed("the document has no array `links`")
        return [link for link in found if isinstance(link, dict) and link.get("rel") == relation and "href" in link]

    def items_url(self, collection: dict[str, Any]) -> str:
        """The address of a collection's items, from its own `items` link."""
        for link in self.links(collection, "items"):
            if link.get("type") in ("application/geo+json", "application/json", None):
                return self.absolute(link["href"])
        return f"{self.url}/collections/{urllib.parse.quote(str(collection['id']), safe='')}/items"

    def collection_url(self, collection: dict[str, Any]) -> str:
        """The address of one collection."""
        return f"{self.url}/collections/{urllib.parse.quote(str(collection['id']), safe='')}"

    def items(self, collection: dict[str, Any], exact: Mapping[str, Any] | None = None, **parameters: Any) -> dict[str, Any]:
        """A page of items as GeoJSON; a parameter's underscore stands for a hyphen, but in the names of `exact`."""
        named = {**{name.replace("_", "-"): value for name, value in parameters.items()}, **(exact or {})}
        return _object(self.client.get(self.items_url(collection), named, accept="application/geo+json").expect(200))

    def features(self, collection: dict[str, Any], limit: int = 10) -> list[dict[str, Any]]:
        """The first features of a collection that have an id."""
        found = self.items(collection, limit=limit).get("features", [])
        return [feature for feature in found if isinstance(feature, dict) and "id" in feature]

    def pages(self, collection: dict[str, Any], most: int, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Features page after page along the `next` links, at most `most` of them."""
        page = self.items(collection, **parameters)
        given = 0
        while True:
            for feature in page.get("features", []):
                yield feature
                given += 1
                if given >= most:
                    return
            following = self.links(page, "next")
            if not following:
                return
            page = _object(self.client.get(self.absolute(following[0]["href"]), accept="application/geo+json").expect(200))

    def item_url(self, collection: dict[str, Any], feature: dict[str, Any]) -> str:
        """The address of one feature."""
        return f"{self.items_url(collection).partition('?')[0]}/{urllib.parse.quote(str(feature['id']), safe='')}"


def _object(response: Response) -> dict[str, Any]:
    document = response.json()
    if not isinstance(document, dict):
        raise Failed(f"{response.url} is no JSON object")
    return document
