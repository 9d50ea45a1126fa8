"""OGC API - Features Part 1, class Core (17-069r4, Annex A.2): landing page, declaration and the descriptions of collections."""

from __future__ import annotations

import re
from typing import Any

from conformance import openapi
from conformance.site import Site
from conformance.verdict import AbstractTest, Skipped, require

CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"
OAS30 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30"
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$")


def http(site: Site) -> None:
    """HTTP 1.1 on the paths of the API."""
    for url in (f"{site.url}/", f"{site.url}/conformance", f"{site.url}/collections"):
        response = site.client.get(url)
        require(response.version >= 11, f"{url} is answered in HTTP/{response.version / 10}")


def root_op(site: Site) -> None:
    """GET / answers 200."""
    site.landing_response.expect(200)


def root_success(site: Site) -> None:
    """The landing page links to the API definition, the declaration and the collections."""
    require(
        site.links(site.landing, "service-desc") or site.links(site.landing, "service-doc"), "no link service-desc or service-doc"
    )
    require(
        site.links(site.landing, "conformance") or site.links(site.landing, "http://www.opengis.net/def/rel/ogc/1.0/conformance"),
        "no link conformance",
    )
    require(
        site.links(site.landing, "data") or site.links(site.landing, "http://www.opengis.net/def/rel/ogc/1.0/data"), "no link data"
    )


def api_definition_op(site: Site) -> None:
    """Every link to an API definition resolves."""
    links = [*site.links(site.landing, "service-desc"), *site.links(site.landing, "service-doc")]
    require(links, "no link to an API definition")
    for link in links:
        site.client.get(site.absolute(link["href"]), accept=link.get("type", "*/*")).expect(200)


def api_definition_success(site: Site) -> None:
    """The API definition is a valid OpenAPI 3.0 document, where the class oas30 is declared."""
    if not site.declares(OAS30):
        raise Skipped("the class oas30 is not declared")
    found = openapi.problems(site.api)
    require(not found, "; ".join(found[:5]))


def conformance_op(site: Site) -> None:
    """GET /conformance answers 200."""
    site.client.get(f"{site.url}/conformance").expect(200)


def conformance_success(site: Site) -> None:
    """The declaration lists URIs, Core among them."""
    declared = site.conformance.get("conformsTo")
    require(isinstance(declared, list) and all(isinstance(uri, str) for uri in declared), "`conformsTo` is no array of strings")
    require(site.declares(CORE), f"{CORE} is not declared")


def fc_md_op(site: Site) -> None:
    """GET /collections answers 200."""
    site.client.get(f"{site.url}/collections").expect(200)


def fc_md_success(site: Site) -> None:
    """The document lists collections, each with an id and links."""
    found = site.collections_document.get("collections")
    require(isinstance(found, list), "no array `collections`")
    for collection in found or []:
        require(isinstance(collection.get("id"), str) and collection["id"], "a collection has no id")
        require(isinstance(collection.get("links"), list), f"collection {collection['id']} has no links")


def fc_md_links(site: Site) -> None:
    """The document links to itself and its other encodings, with types."""
    document = site.collections_document
    require(site.links(document, "self"), "no link self")
    for link in document["links"]:
        require(link.get("rel"), f"a link to {link.get('href')} has no rel")
        if link["rel"] in ("self", "alternate"):
            require(link.get("type"), f"the link {link['rel']} has no type")


def fc_md_items(site: Site) -> None:
    """Every collection that is listed is described at its own address."""
    for collection in site.collections:
        site.client.get(site.collection_url(collection)).expect(200)


def fc_md_items_links(site: Site) -> None:
    """Each collection links to its items, with a type."""
    for collection in site.collections:
        links = site.links(collection, "items")
        require(links, f"collection {collection['id']} has no link items")
        require(all(link.get("type") for link in links), f"an items link of {collection['id']} has no type")


def fc_md_extent(site: Site) -> None:
    """Extents are boxes in WGS 84 and intervals of RFC 3339."""
    for collection in site.collections:
        for box in _boxes(collection):
            require(_is_box(box), f"collection {collection['id']}: the box {box} is none in WGS 84")
        for interval in _intervals(collection):
            good = isinstance(interval, list) and len(interval) == 2 and all(v is None or _TIME.match(str(v)) for v in interval)
            require(good, f"collection {collection['id']}: the interval {interval} is not two times of RFC 3339 or null")


def fc_md_extent_multi(site: Site) -> None:
    """Where there are several boxes, the first covers the others."""
    several = False
    for collection in site.collections:
        first, *others = _boxes(collection) or [None]
        for box in others:
            several = True
            half = len(box) // 2
            inside = first[0] <= box[0] and first[1] <= box[1] and first[half] >= box[half] and first[half + 1] >= box[half + 1]
            require(inside, f"collection {collection['id']}: the first box does not cover {box}")
    if not several:
        raise Skipped("no collection has more than one box")


def sfc_md_op(site: Site) -> None:
    """GET /collections/{id} answers 200."""
    for collection in site.collections:
        site.client.get(site.collection_url(collection)).expect(200)


def sfc_md_success(site: Site) -> None:
    """A collection says the same of itself at its own address as in the list."""
    for collection in site.collections:
        alone = site.client.get(site.collection_url(collection)).expect(200).json()
        for member in ("id", "title", "description", "extent", "itemType"):
            require(
                alone.get(member) == collection.get(member),
                f"collection {collection['id']}: `{member}` differs from that in /collections",
            )
        require(site.links(alone, "items"), f"collection {collection['id']} has no link items at its own address")


def _boxes(collection: dict[str, Any]) -> list[Any]:
    return list(((collection.get("extent") or {}).get("spatial") or {}).get("bbox") or [])


def _intervals(collection: dict[str, Any]) -> list[Any]:
    return list(((collection.get("extent") or {}).get("temporal") or {}).get("interval") or [])


def _is_box(box: Any) -> bool:
    if not isinstance(box, list) or len(box) not in (4, 6) or not all(isinstance(v, int | float) for v in box):
        return False
    half = len(box) // 2
    west, south, east, north = (float(box[i]) for i in (0, 1, half, half + 1))
    return -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90


TESTS = tuple(
    AbstractTest(f"{CORE}/{name}", function)
    for name, function in (
        ("http", http),
        ("root-op", root_op),
        ("root-success", root_success),
        ("api-definition-op", api_definition_op),
        ("api-definition-success", api_definition_success),
        ("conformance-op", conformance_op),
        ("conformance-success", conformance_success),
        ("fc-md-op", fc_md_op),
        ("fc-md-success", fc_md_success),
        ("fc-md-links", fc_md_links),
        ("fc-md-items", fc_md_items),
        ("fc-md-items-links", fc_md_items_links),
        ("fc-md-extent", fc_md_extent),
        ("fc-md-extent-multi", fc_md_extent_multi),
        ("sfc-md-op", sfc_md_op),
        ("sfc-md-success", sfc_md_success),
    )
)
