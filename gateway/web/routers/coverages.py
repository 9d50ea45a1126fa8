"""``/collections/{id}/coverage``: a cascaded raster, or a part of it, as GeoTIFF or CoverageJSON."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from gateway.errors import NotFound
from gateway.federation import coverage as coverages
from gateway.geo import crs as systems
from gateway.model.crs import CRS84
from gateway.services.query import Source
from gateway.services.question import horizontal_box
from gateway.web import attribution
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.negotiation import Offer
from gateway.web.parameters import bbox

router = APIRouter()
COVERAGE_JSON = Offer("covjson", coverages.COVERAGE_JSON, ("application/json",))
GEOTIFF = Offer("tif", "image/tiff; application=geotiff", ("image/tiff",))
PARAMETERS = frozenset({"bbox", "bbox-crs", "properties"})


@router.get("/collections/{collection}/coverage")
async def coverage(request: Request, collection: str) -> Response:
    """The raster. 404 for a collection of features, 502 and 504 where what is behind it cannot be had."""
    asked = asked_of(request)
    return await run_in_threadpool(_answer, asked, collection)


def _answer(asked: Asked, collection: str) -> Response:
    given = asked.read(PARAMETERS)
    offer = asked.offer(GEOTIFF, COVERAGE_JSON)
    with asked.gateway.queries.view(asked.access) as view:
        source = view.source(collection)
    known = asked.gateway.cascaded.cascade(collection)
    if known is None or not known[0].is_coverage:
        raise NotFound("this collection is no coverage", place=collection)
    crs = CRS84 if "bbox-crs" not in given else systems.known(given["bbox-crs"], "bbox-crs")
    box = bbox(given.get("bbox"))
    bands = [band for band in given.get("properties", "").split(",") if band]
    body = coverages.cut(*known, None if box is None else horizontal_box(box, crs), crs, bands, native=offer is GEOTIFF)
    return Response(body, headers=_headers(asked, source, offer), media_type=offer.media_type)


def _headers(asked: Asked, source: Source, offer: Offer) -> dict[str, str]:
    named = attribution.named(asked, source.dataset)
    suffix = "tif" if offer is GEOTIFF else "covjson"
    return {
        "Content-Crs": f"<{source.collection.crs.uri}>",
        "Content-Disposition": f'inline; filename="{source.collection.id}.{suffix}"',
        "Link": named.link,
    }
