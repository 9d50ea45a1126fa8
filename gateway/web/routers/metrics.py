"""``/metrics``: what the server does, in the text format of Prometheus; nothing in it tells of anything that is not open."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

from gateway import __version__
from gateway.model.access import PUBLIC
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.counting import BUCKETS, Counts

router = APIRouter()


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """All measures of all workers of this server; the process's own are those of the worker that answers."""
    asked = asked_of(request)
    asked.read(frozenset())
    registry = CollectorRegistry()
    registry.register(_Measures(asked, request.app.state.counts))
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), headers={"Cache-Control": "no-store"}, media_type=CONTENT_TYPE_LATEST)


class _Measures:
    """The collector that prometheus-client asks."""

    def __init__(self, asked: Asked, counts: Counts) -> None:
        self._asked = asked
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Every family of measures."""
        yield GaugeMetricFamily("gateway_up", f"The twin gateway {__version__} answers", value=1)
        yield from self._requests()
        yield from self._twin()

    def _requests(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("gateway_requests", "Requests answered, by route and status", labels=["route", "status"])
        seconds = HistogramMetricFamily("gateway_request_seconds", "How long answers took, by route", labels=["route"])
        for line in self._counts.lines():
            for status, number in line.statuses.items():
                requests.add_metric([line.route, str(status or "other")], number)
            total, buckets = 0, []
            for bound, number in zip((*BUCKETS, float("inf")), line.bins, strict=True):
                total += number
                buckets.append(("+Inf" if isinf(bound) else str(bound), total))
            seconds.add_metric([line.route], buckets, line.seconds)
        yield from (requests, seconds)

    def _twin(self) -> Iterator[Metric]:
        """Of the twin itself: features of open collections only; of the journal the size, which its signed heads publish."""
        gateway = self._asked.gateway
        features = GaugeMetricFamily("gateway_features", "Features of the open collections", labels=["collection"])
        with gateway.queries.view(gateway.queries.access(PUBLIC)) as view:
            for source in view.sources():
                features.add_metric([source.collection.id], source.collection.features)
            size = view.version
        lag = GaugeMetricFamily("gateway_projection_lag_entries", "Journal entries a projection is behind", labels=["projection"])
        for name, entries in gateway.projector.behind(size).items():
            lag.add_metric([name], entries)
        yield from (features, GaugeMetricFamily("gateway_journal_entries", "Entries of the journal", value=size), lag)
