"""``/metrics``: requests by route and status, and of the twin nothing but what is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.web.counting import Counts, route_of

from .conftest import HOUSES, TREES, Twin


def samples(text: str) -> dict[tuple[str, str], float]:
    """Values by name and labels."""
    return {
        (sample.name, ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status(twin: Twin) -> None:
    item = "route=/collections/{collectionId}/items/{featureId},status=404"
    before = samples(twin.get("/metrics").text).get(("gateway_requests_total", item), 0.0)
    for _ in range(3):
        twin.get("/collections/trees/items/nothing")
    response = twin.get("/metrics")
    found = samples(response.text)
    assert response.headers["Content-Type"].startswith("text/plain")
    assert response.headers["Cache-Control"] == "no-store"
    assert found["gateway_requests_total", item] == before + 3
    route = "route=/collections/{collectionId}/items/{featureId}"
    assert found["gateway_request_seconds_count", route] == found["gateway_request_seconds_bucket", f"le=+Inf,{route}"] > 0
    assert found["gateway_up", ""] == 1.0


def test_features_of_open_collections_alone_are_counted_and_nothing_restricted_is_named(twin: Twin) -> None:
    for key in (None, "utility", "operator"):
        twin.get("/collections/network/items", key="utility")
        text = twin.get("/metrics", key=key).text
        found = samples(text)
        assert {labels for name, labels in found if name == "gateway_features"} == {"collection=trees", "collection=houses"}
        assert found["gateway_features", "collection=trees"] == TREES
        assert found["gateway_features", "collection=houses"] == HOUSES
        assert "network" not in text
        assert "utility" not in text


def test_the_journal_and_the_projections_are_measured(twin: Twin) -> None:
    found = samples(twin.get("/metrics").text)
    with twin.gateway.store.reading() as reader:
        assert found["gateway_journal_entries", ""] == reader.version()
    assert found["gateway_projection_lag_entries", "projection=graph"] >= 0


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/collections", "/collections"),
        ("/collections/a", "/collections/{collectionId}"),
        ("/collections/a/items", "/collections/{collectionId}/items"),
        ("/collections/a/items/b/c/d", "/collections/{collectionId}/items/{featureId}"),
        ("/collections/a/download", "/collections/{collectionId}/download"),
        ("/static/vendor/x.js", "/static"),
        ("/secret", "other"),
        ("/secret/x/y/z", "other"),
        ("/collections/a/secret", "other"),
        ("", "other"),
    ],
)
def test_a_label_is_a_route_never_a_path(path: str, route: str) -> None:
    assert route_of(path) == route


def test_workers_add_up(tmp_path: Path) -> None:
    one, two = Counts(tmp_path), Counts(tmp_path)
    one.add("/health", 200, 0.001)
    two.add("/health", 200, 0.2)
    two.add("/health", 418, 30.0)
    for counts in (one, two):
        (line,) = counts.lines()
        assert line.route == "/health"
        assert line.statuses == {200: 2, 0: 1}
        assert sum(line.bins) == 3
        assert line.bins[-1] == 1
        assert line.seconds == pytest.approx(30.201)
