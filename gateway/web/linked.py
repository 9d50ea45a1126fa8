"""One feature or dataset as linked data, at the address its identifier leads to; `gateway.graph` is loaded on first use."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Response

from gateway.model.dataset import Dataset
from gateway.services.query import Item
from gateway.web.asked import Asked
from gateway.web.negotiation import Offer


def feature(asked: Asked, found: Item, offer: Offer, headers: Mapping[str, str]) -> Response:
    """A feature as JSON-LD or Turtle."""
    from gateway.graph import resource

    source, id_base = found.source, asked.gateway.id_base
    body = resource.feature_bytes(
        source.dataset, source.collection, found.row, id_base, asked.base, offer.media_type, home=found.home
    )
    kept = {name: value for name, value in headers.items() if name != "Content-Crs"}
    return Response(body, headers=kept, media_type=offer.media_type)


def dataset(asked: Asked, found: Dataset, offer: Offer, headers: Mapping[str, str]) -> Response:
    """A dataset as JSON-LD or Turtle."""
    from gateway.graph import resource

    body = resource.dataset_bytes(found, asked.gateway.id_base, asked.base, offer.media_type)
    return Response(body, headers=dict(headers), media_type=offer.media_type)
