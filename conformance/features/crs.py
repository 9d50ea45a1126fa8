"""OGC API - Features Part 2: Coordinate Reference Systems by Reference (18-058r1, Annex A)."""

from __future__ import annotations

import re
import urllib.parse
from typing import Any

import numpy as np
import pyproj
from pyproj import Transformer

from conformance.features import geometry
from conformance.site import CRS84, Site
from conformance.verdict import AbstractTest, Failed, Skipped, require

CRS = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs"
_UNKNOWN = "http://www.opengis.net/def/crs/EPSG/0/99999"
_TOLERANCE = 2e-6
"""Degrees: about two decimetres, for servers that round longitudes and latitudes to six decimals."""


def _listed(site: Site, collection: dict[str, Any]) -> list[str]:
    """The CRS of a collection, with ``#/crs`` replaced by the list of /collections."""
    found: list[str] = []
    for uri in collection.get("crs", []):
        found += site.collections_document.get("crs", []) if uri == "#/crs" else [uri]
    return found


def _projected(site: Site, collection: dict[str, Any]) -> list[str]:
    return [uri for uri in _listed(site, collection) if uri not in CRS84]


def crs_uri(site: Site) -> None:
    """Every CRS is named by an http URI, a URN or the pointer to the list."""
    for collection in site.collections:
        for uri in collection.get("crs", []):
            require(re.match(r"https?://|urn:|#/crs$", uri), f"{collection['id']}: {uri!r} is no CRS identifier")


def default_crs(site: Site) -> None:
    """CRS84 stands in every list."""
    for collection in site.collections:
        require(set(CRS84) & set(_listed(site, collection)), f"{collection['id']}: CRS84 is not in its list of CRS")


def storage_crs(site: Site) -> None:
    """The storage CRS is one of the list."""
    tried = False
    for collection in site.collections:
        stored = collection.get("storageCrs")
        if stored is not None:
            tried = True
            require(stored in _listed(site, collection), f"{collection['id']}: storageCrs {stored} is not in its list")
    if not tried:
        raise Skipped("no collection states a storageCrs")


def crs_parameter(site: Site) -> None:
    """Each CRS of the list can be asked for at items and item, and Content-Crs names it."""
    for collection in site.collections:
        first = site.features(collection, 1)
        urls = [site.items_url(collection), *(site.item_url(collection, feature) for feature in first)]
        for uri in _listed(site, collection):
            for url in urls:
                response = site.client.get(url, {"crs": uri}, accept="application/geo+json").expect(200)
                given = response.headers.get("content-crs")
                require(given == f"<{uri}>", f"{response.url}: Content-Crs is {given}, expected <{uri}>")


def crs_parameter_invalid(site: Site) -> None:
    """A CRS that is not listed gives 400."""
    for collection in site.collections:
        response = site.client.get(site.items_url(collection), {"crs": _UNKNOWN}, accept="application/geo+json")
        require(response.status == 400, f"{response.url} gives {response.status}, expected 400")


def crs_parameter_default(site: Site) -> None:
    """Without the parameter the answer is in CRS84."""
    for collection in site.collections:
        response = site.client.get(site.items_url(collection), accept="application/geo+json").expect(200)
        given = response.headers.get("content-crs", "").strip("<>")
        require(given in CRS84, f"{response.url}: Content-Crs is {given or 'missing'}, expected CRS84")


def crs_parameter_transform(site: Site) -> None:
    """Coordinates in another CRS are others, and lead back to the same places."""
    tried = False
    for collection in site.collections:
        plain = {f.get("id"): f for f in site.items(collection, limit=10).get("features", [])}
        for uri in _projected(site, collection):
            for feature in site.items(collection, limit=10, crs=uri).get("features", []):
                there = [p[:2] for p in geometry.positions(feature.get("geometry"))]
                here = [p[:2] for p in geometry.positions((plain.get(feature.get("id")) or {}).get("geometry"))]
                if len(there) == len(here) and here:
                    tried = True
                    back = _to_crs84(uri, there)
                    gap = float(np.abs(back - np.array(here)).max())
                    require(gap <= _TOLERANCE, f"{collection['id']}/{feature['id']}: {uri} leads back {gap:.2e} degrees off")
    if not tried:
        raise Skipped("no collection lists a further CRS and has geometries")


def bbox_crs_parameter(site: Site) -> None:
    """A box in another CRS finds what the same region in CRS84 finds."""
    tried = False
    for collection in site.collections:
        feature = next((f for f in site.features(collection, 1) if geometry.box(f.get("geometry"))), None)
        for uri in _projected(site, collection) if feature else []:
            tried = True
            own = geometry.box(feature["geometry"]) if feature else None
            _compare_boxes(site, collection, uri, own or (0.0, 0.0, 0.0, 0.0))
    if not tried:
        raise Skipped("no collection lists a further CRS and has geometries")


def _compare_boxes(site: Site, collection: dict[str, Any], uri: str, own: geometry.Box) -> None:
    inside = {f.get("id") for f in site.pages(collection, 2000, limit=200, bbox=_text(own))}
    around = _from_crs84(uri, own)
    wider = {f.get("id"): f for f in site.pages(collection, 4000, limit=200, bbox=_text(around), bbox_crs=uri)}
    missing = inside - wider.keys()
    require(not missing, f"{collection['id']}: the box in {uri} misses {sorted(map(str, missing))[:3]}")
    corners = [[around[i], around[j]] for i in (0, 2) for j in (1, 3)]
    back = _to_crs84(uri, corners)
    region = (float(back[:, 0].min()), float(back[:, 1].min()), float(back[:, 0].max()), float(back[:, 1].max()))
    for id, other in wider.items():
        theirs = geometry.box(other.get("geometry"))
        require(
            theirs is None or geometry.intersect(region, theirs, 1e-5), f"{collection['id']}/{id} lies outside the box in {uri}"
        )


def bbox_crs_parameter_invalid(site: Site) -> None:
    """A box in a CRS that is not listed gives 400."""
    for collection in site.collections:
        parameters = {"bbox": "1,1,2,2", "bbox-crs": _UNKNOWN}
        response = site.client.get(site.items_url(collection), parameters, accept="application/geo+json")
        require(response.status == 400, f"{response.url} gives {response.status}, expected 400")


def bbox_crs_parameter_default(site: Site) -> None:
    """A box without a CRS is in CRS84."""
    for collection in site.collections:
        for feature in site.features(collection, 1):
            own = geometry.box(feature.get("geometry"))
            if own is None:
                continue
            without = [f.get("id") for f in site.pages(collection, 2000, limit=200, bbox=_text(own))]
            named = [f.get("id") for f in site.pages(collection, 2000, limit=200, bbox=_text(own), bbox_crs=CRS84[0])]
            require(without == named, f"{collection['id']}: bbox-crs=CRS84 changes the answer")


def _text(box: geometry.Box) -> str:
    return ",".join(f"{value:.10f}" for value in box)


def _transformer(uri: str, *, back: bool) -> Transformer:
    """Between CRS84 and the horizontal part of a CRS, in the axis order of its authority."""
    horizontal = urllib.parse.parse_qs(urllib.parse.urlsplit(uri).query).get("1", [uri])[0]
    match = re.search(r"/def/crs/([A-Za-z]+)/[^/]+/(\w+)$", horizontal) or re.search(r"crs:([A-Za-z]+):[^:]*:(\w+)$", horizontal)
    if match is None:
        raise Failed(f"{uri} cannot be read as a CRS")
    other = pyproj.CRS.from_authority(match[1], match[2]).to_2d()
    return Transformer.from_crs(other, "OGC:CRS84") if back else Transformer.from_crs("OGC:CRS84", other)


def _to_crs84(uri: str, points: list[list[float]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    first, second = _transformer(uri, back=True).transform(*np.array(points, dtype=float).T)
    return np.column_stack((first, second))


def _from_crs84(uri: str, box: geometry.Box) -> geometry.Box:
    a, b, c, d = _transformer(uri, back=False).transform_bounds(*box, densify_pts=21)
    return a, b, c, d


TESTS = tuple(
    AbstractTest(f"{CRS}/{name}", function)
    for name, function in (
        ("crs-uri", crs_uri),
        ("default-crs", default_crs),
        ("storageCrs", storage_crs),
        ("crs-parameter", crs_parameter),
        ("crs-parameter-invalid", crs_parameter_invalid),
        ("crs-parameter-default", crs_parameter_default),
        ("crs-parameter-transform", crs_parameter_transform),
        ("bbox-crs-parameter", bbox_crs_parameter),
        ("bbox-crs-parameter-invalid", bbox_crs_parameter_invalid),
        ("bbox-crs-parameter-default", bbox_crs_parameter_default),
    )
)
