"""Whole collections as files: what comes is what is there, for whoever may have it, however it is asked for and interrupted."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway import wiring
from gateway.model.access import EVERYTHING, PUBLIC
from gateway.model.submission import Request
from gateway.ports import ReadOptions
from gateway.services.downloads import FORMATS
from gateway.services.formats import detect
from gateway.services.making import Made, Making
from gateway.settings import Settings

from .conftest import CANARY, HOUSES, TREES, Twin, served

NAMES = [format.name for format in FORMATS]
DRIVERS = {"geojson": "GeoJSON", "geopackage": "GPKG", "citygml": "GML"}


def fetched(twin: Twin, collection: str, name: str, *, key: str | None = None) -> httpx.Response:
    response = twin.get(f"/collections/{collection}/download", f=name, key=key)
    assert response.status_code == 200, response.text
    return response


@pytest.mark.parametrize("name", [name for name in NAMES if name != "gml"])
def test_a_download_read_back_has_every_feature(twin: Twin, tmp_path: Path, name: str) -> None:
    format = next(format for format in FORMATS if format.name == name)
    response = fetched(twin, "houses", name)
    assert response.headers["Content-Type"] == format.media_type
    assert response.headers["Content-Disposition"] == f'attachment; filename="houses{format.suffix}"'
    path = tmp_path / f"houses{format.suffix}"
    path.write_bytes(response.content)
    with detect(path).open(path, ReadOptions()) as reading:
        found = {feature.id: feature.properties["usage"] for feature in reading}
    assert len(found) == HOUSES
    assert set(found.values()) == {"office", "flats"}


@pytest.mark.parametrize("name", ["geojson", "geopackage", "jsonfg", "flatgeobuf", "gml"])
def test_gdal_reads_a_download_and_counts_as_we_do(twin: Twin, tmp_path: Path, name: str) -> None:
    import pyogrio

    suffix = next(format.suffix for format in FORMATS if format.name == name)
    path = tmp_path / f"trees{suffix}"
    path.write_bytes(fetched(twin, "trees", name).content)
    found = pyogrio.read_info(path, force_feature_count=True)
    assert found["features"] == TREES
    assert found["crs"] == ("EPSG:4326" if name == "geojson" else "EPSG:2056")


def test_a_collection_links_to_its_downloads(twin: Twin) -> None:
    links = [link for link in twin.json("/collections/trees")["links"] if link["rel"] == "enclosure"]
    assert [link["type"] for link in links] == [
        "application/geo+json",
        "application/city+json",
        "application/city+json-seq",
        "application/gml+xml",
        "application/geopackage+sqlite3",
        "application/vnd.ogc.fg+json",
        "application/flatgeobuf",
        "application/vnd.apache.parquet",
        'application/gml+xml;version=3.2;profile="http://www.opengis.net/def/profile/ogc/2.0/gml-sf0"',
        "text/csv; charset=utf-8; header=present",
    ]
    for link in links:
        assert twin.client.get(link["href"]).headers["Content-Type"] == link["type"]


def test_a_made_file_has_length_validator_and_digest(twin: Twin) -> None:
    first = fetched(twin, "trees", "geojson")
    made = fetched(twin, "trees", "geojson")
    assert made.content == first.content
    assert int(made.headers["Content-Length"]) == len(made.content)
    digest = base64.b64encode(hashlib.sha256(made.content).digest()).decode()
    assert made.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert made.headers["ETag"].startswith('"')
    assert 'rel="license"' in made.headers["Link"]
    assert made.headers["Last-Modified"]
    again = twin.get("/collections/trees/download", f="geojson", headers={"If-None-Match": made.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_head_says_what_get_would_and_sends_nothing(twin: Twin) -> None:
    whole = fetched(twin, "trees", "geopackage")
    head = twin.client.head(f"{twin.url}/collections/trees/download?f=geopackage")
    assert head.status_code == 200
    assert head.headers["Content-Length"] == str(len(whole.content))
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert head.content == b""


@pytest.mark.parametrize(
    ("wanted", "status", "start", "stop"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=100-", 206, 100, None),
        ("bytes=-7", 206, -7, None),
        ("bytes=5-999999999", 206, 5, None),
        ("bytes=9-2", 200, 0, None),
        ("lines=0-9", 200, 0, None),
        ("bytes=0-1,5-6", 200, 0, None),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(10_000)), 416, 0, 0),
        ("bytes=999999999-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
    ],
)
def test_ranges(twin: Twin, wanted: str, status: int, start: int, stop: int | None) -> None:
    whole = fetched(twin, "trees", "cityjson").content
    found = twin.get("/collections/trees/download", f="cityjson", headers={"Range": wanted})
    assert found.status_code == status
    assert found.content == whole[start:stop]
    if status == 206:
        first = start % len(whole)
        assert found.headers["Content-Range"] == f"bytes {first}-{first + len(found.content) - 1}/{len(whole)}"


def test_if_range_holds_for_the_same_bytes_only(twin: Twin) -> None:
    tag = fetched(twin, "trees", "cityjson").headers["ETag"]
    for condition, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200)):
        found = twin.get("/collections/trees/download", f="cityjson", headers={"Range": "bytes=0-9", "If-Range": condition})
        assert found.status_code == status


def test_a_restricted_collection_has_downloads_for_its_readers_only(twin: Twin) -> None:
    for name in NAMES:
        hidden = twin.get("/collections/network/download", f=name)
        absent = twin.get("/collections/nothing/download", f=name)
        assert hidden.status_code == absent.status_code == 404
        assert twin.get("/collections/network/download", f=name, key="stranger").status_code == 404
    mine = fetched(twin, "network", "geojson", key="utility")
    assert CANARY in mine.text
    assert "private" in mine.headers["Cache-Control"]
    assert twin.get("/collections/network/download", f="geojson").status_code == 404


@pytest.mark.parametrize("wrong", [{"f": "shp"}, {"crs": "http://www.opengis.net/def/crs/EPSG/0/2056"}, {"bbox": "1,2,3,4"}])
def test_what_a_download_cannot_do_is_said(twin: Twin, wrong: dict[str, str]) -> None:
    found = twin.get("/collections/trees/download", **wrong)
    assert found.status_code == 400
    assert found.json()["parameter"] == next(iter(wrong))


# --- making ----------------------------------------------------------------------------------------------------------

MANY = 20_000
MAKER = """
import sys, time
from pathlib import Path
from gateway import wiring
from gateway.model.access import EVERYTHING
from gateway.services.downloads import FORMATS
from gateway.services.formats import detect
gateway = wiring.open_gateway(Path(sys.argv[1]))
with gateway.queries.view(EVERYTHING) as view:
    source = view.source("points")
gateway.downloads.get(source, EVERYTHING, FORMATS[2])
time.sleep(60)
"""


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A twin with one collection large enough to be caught while it is written."""
    folder = tmp_path_factory.mktemp("points")
    file = folder / "points.geojson"
    features = [
        {
            "type": "Feature",
            "id": f"p{n}",
            "geometry": {"type": "Point", "coordinates": [6 + n / 1e6, 46.2]},
            "properties": {"n": n},
        }
        for n in range(MANY)
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    wiring.create(folder / "twin")
    with wiring.opened(folder / "twin") as gateway:
        gateway.publishing.publish(Request(data=str(file)), gateway.identity.party("operator"), wait=False)
    return folder / "twin"


@pytest.fixture
def fresh(points: Path) -> Iterator[wiring.Gateway]:
    """The same twin with nothing made."""
    import shutil

    shutil.rmtree(points / "downloads", ignore_errors=True)
    gateway = wiring.open_gateway(points, Settings(log_level="warning"))
    yield gateway
    gateway.close()


def left(gateway: wiring.Gateway) -> list[str]:
    return sorted(path.suffix for path in (gateway.folder / "downloads").rglob("*.*") if path.is_file())


def test_it_streams_while_it_is_made_and_a_caller_who_leaves_disturbs_nobody(fresh: wiring.Gateway) -> None:
    with served(fresh) as url, httpx.Client(timeout=30) as client:
        address = f"{url}/collections/points/download?f=cityjsonseq"
        begun = time.perf_counter()
        with client.stream("GET", address) as leaving:
            assert leaving.status_code == 200
            assert "Content-Length" not in leaving.headers
            assert leaving.headers["Accept-Ranges"] == "none"
            next(leaving.iter_raw())
            first = time.perf_counter() - begun
        followed = client.get(address)
        made = client.get(address)
    assert first < 1.0 or first < made.elapsed.total_seconds() * 100
    assert followed.content == made.content
    assert made.content.count(b"\n") == MANY + 1
    assert left(fresh) == [".made"]


def test_of_two_at_once_one_makes_it(fresh: wiring.Gateway) -> None:
    format = FORMATS[2]
    with fresh.queries.view(EVERYTHING) as view:
        source = view.source("points")
    going = fresh.downloads.get(source, EVERYTHING, format)
    joined = fresh.downloads.get(source, fresh.queries.access(PUBLIC), format)
    assert isinstance(going, Making)
    assert going is joined
    assert going.wait(60)
    made = fresh.downloads.get(source, EVERYTHING, format)
    assert isinstance(made, Made)
    assert made == going.result()


def test_of_two_processes_one_makes_it_and_the_other_follows(fresh: wiring.Gateway) -> None:
    other = wiring.open_gateway(fresh.folder, Settings(log_level="warning"))
    try:
        with served(fresh) as one, served(other) as two:
            found: list[bytes] = []
            callers = [
                threading.Thread(
                    target=lambda url=url: found.append(httpx.get(f"{url}/collections/points/download", timeout=60).content)
                )
                for url in (one, two, one, two)
            ]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join()
    finally:
        other.close()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert left(fresh) == [".made"]


def test_killed_while_it_is_made_nothing_half_is_ever_sent(fresh: wiring.Gateway) -> None:
    child = subprocess.Popen([sys.executable, "-c", MAKER, str(fresh.folder)])
    deadline = time.monotonic() + 30
    while not left(fresh) and time.monotonic() < deadline:
        time.sleep(0.005)
    child.kill()
    child.wait()
    assert left(fresh) == [".part"]
    with served(fresh) as url:
        found = httpx.get(f"{url}/collections/points/download?f=cityjsonseq", timeout=60)
    assert found.content.count(b"\n") == MANY + 1
    assert left(fresh) == [".made"]


def test_a_making_that_fails_leaves_nothing_and_breaks_the_answer_off(
    fresh: wiring.Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway.services import making

    def full(self: making.Sink, now: float) -> None:
        if sum(map(len, self._waiting)) < making._BUFFER:
            hand_on(self, now)
        raise OSError(28, "No space left on device")

    hand_on = making.Sink._hand_on
    monkeypatch.setattr(making.Sink, "_hand_on", full)
    with served(fresh) as url, pytest.raises(httpx.HTTPError):
        httpx.get(f"{url}/collections/points/download?f=geojson", timeout=30).raise_for_status()
    assert left(fresh) == []


def test_a_newer_version_takes_the_files_of_the_older_away(tmp_path: Path) -> None:
    file = tmp_path / "a.geojson"
    feature = '{"type":"Feature","id":"a","geometry":{"type":"Point","coordinates":[6,46]},"properties":{"n":%d}}'
    wiring.create(tmp_path / "twin")
    with wiring.opened(tmp_path / "twin") as gateway, served(gateway) as url:
        for n in (1, 2):
            file.write_text('{"type":"FeatureCollection","features":[' + feature % n + "]}")
            gateway.publishing.publish(Request(data=str(file)), gateway.identity.party("operator"))
            address = f"{url}/collections/a/download?f=geojson"
            assert httpx.get(address).json()["features"][0]["properties"] == {"n": n}
            assert httpx.get(address).json()["features"][0]["properties"] == {"n": n}
        assert left(gateway) == [".made"]
        assert len(list((gateway.folder / "downloads" / "a").iterdir())) == 1
