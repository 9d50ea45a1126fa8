"""A real twin under the charter `sitg`, served by a real uvicorn in a thread: open trees and houses, a restricted network, a
dataset that is a record only."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from gateway import wiring
from gateway.catalogue import json_record
from gateway.model.record import Attribute, Contact, Extent, Keyword, Record
from gateway.model.submission import Request, Submission
from gateway.settings import Settings
from gateway.web.app import create_app
from gateway.web.server import listen
from gateway.wiring import Gateway

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))
from attesting import Signer

CANARY = "zitronenfalter"
LICENCE = "NonCommercialAllowed-CommercialAllowed-ReferenceRequired"
ASK = "NonCommercialAllowed-CommercialWithPermission-ReferenceRequired"
WEST, SOUTH = 2_500_000.0, 1_118_000.0
TREES, HOUSES = 60, 12


@dataclass(frozen=True)
class Twin:
    """The twin, where it is served, and its partners' keys."""

    gateway: Gateway
    url: str
    keys: dict[str, str]
    client: httpx.Client

    def get(self, path: str, *, key: str | None = None, headers: dict[str, str] | None = None, **parameters: Any) -> httpx.Response:
        """GET with string parameters; names with a hyphen are written with an underscore."""
        given = {name.replace("_", "-"): str(value) for name, value in parameters.items()}
        sent = {**({"Authorization": f"Bearer {self.keys[key]}"} if key else {}), **(headers or {})}
        return self.client.get(f"{self.url}{path}", params=given or None, headers=sent)

    def json(self, path: str, **parameters: Any) -> Any:
        """The JSON of a 200."""
        response = self.get(path, **parameters)
        assert response.status_code == 200, response.text
        return response.json()


ATTRIBUTES = {"houses": ("usage", "storeys"), "network": ("usage", "word")}
_TREES = ("usage", "height", "planted", "listed")


def record(id: str, title: str, *, level: str, licence: str, abstract: str = "Made for tests.") -> Record:
    """A complete record; what is not of another kind is of trees."""
    contact = Contact({"en": "Office of tests", "fr": "Office des essais"}, "owner", email="tests@example.org")
    return Record(
        id=f"record-{id}",
        title={"en": title, "fr": f"{title} (fr)"},
        abstract={"en": abstract, "fr": abstract},
        language="fr",
        contacts=(contact, Contact(contact.organisation, "pointOfContact", email="tests@example.org")),
        metadata_contacts=(contact,),
        keywords=(Keyword({"en": "test"}),),
        topics=("environment",),
        extent=Extent(box=(6.0, 46.1, 6.3, 46.4)),
        lineage={"en": "Drawn by hand.", "fr": "Dessiné à la main."},
        licence=licence,
        update_frequency="annually",
        created="2024-01-01",
        revised="2024-06-01",
        modified="2024-06-01",
        access_level=level,
        attributes=tuple(Attribute(name, "string", {"en": name}) for name in ATTRIBUTES.get(id, _TREES)),
    )


def feature(id: str, geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    """A GeoJSON feature."""
    return {"type": "Feature", "id": id, "geometry": geometry, "properties": properties}


def geojson(features: list[dict[str, Any]], crs_name: str = "urn:ogc:def:crs:EPSG::2056") -> bytes:
    """A collection in EPSG:2056, as the 2008 `crs` member says, or in another system."""
    crs = {"type": "name", "properties": {"name": crs_name}}
    return json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}).encode()


def trees() -> bytes:
    """Points on a lattice of 20 m, ten a row."""
    found = []
    for n in range(TREES):
        at = {"type": "Point", "coordinates": [WEST + 20 * (n % 10), SOUTH + 20 * (n // 10)]}
        usage = ("street", "park", "school yard")[n % 3]
        found.append(
            feature(
                f"tree-{n}", at, {"usage": usage, "height": 2.5 + n / 4, "planted": f"20{n % 24:02}-03-01", "listed": n % 5 == 0}
            )
        )
    return geojson(found)


def houses() -> bytes:
    """Squares of 10 m with heights, 40 m apart."""
    found = []
    for n in range(HOUSES):
        x, y, z = WEST + 40 * (n % 4) + 5, SOUTH + 40 * (n // 4) + 5, 380.0 + n
        ring = [[x, y, z], [x + 10, y, z], [x + 10, y + 10, z], [x, y + 10, z], [x, y, z]]
        found.append(
            feature(
                f"house/{n}",
                {"type": "Polygon", "coordinates": [ring]},
                {"usage": "office" if n % 2 else "flats", "storeys": n % 5},
            )
        )
    return geojson(found, "urn:ogc:def:crs,crs:EPSG::2056,crs:EPSG::5728")


def network() -> bytes:
    """Restricted lines; every one has the canary."""
    lines = [{"type": "LineString", "coordinates": [[WEST + 9000 + n, SOUTH], [WEST + 9000 + n, SOUTH + 50]]} for n in range(7)]
    return geojson([feature(f"pipe-{n}", line, {"usage": "heat", "word": CANARY}) for n, line in enumerate(lines)])


def publish(
    gateway: Gateway, folder: Path, name: str, data: bytes | None, kept: Record, party: str, licence: str, level: str
) -> Submission:
    """Publish through the service that every door uses."""
    sheet = folder / f"{name}.record.json"
    sheet.write_bytes(json_record.write(kept))
    file = folder / f"{name}.geojson"
    if data is not None:
        file.write_bytes(data)
    request = Request(
        data=None if data is None else str(file),
        data_name=None if data is None else file.name,
        record=str(sheet),
        record_name=sheet.name,
        dataset=name,
        collection=None if data is None else name,
        access=level,
        licence=licence,
    )
    request = Signer(gateway.signing_keys, party).attest(request, folder)
    return gateway.publishing.publish(request, gateway.identity.party(party))


@contextmanager
def served(gateway: Gateway, **options: Any) -> Iterator[str]:
    """The twin on a free loopback port, until the end of the `with`."""
    sock = listen("127.0.0.1", 0)
    config = uvicorn.Config(create_app(gateway, **options), log_level="warning", lifespan="off", access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        sock.close()


def open_twin(folder: Path, **options: Any) -> Gateway:
    """A new twin under `sitg`, open."""
    wiring.create(folder, charter="sitg", title="Test quarter")
    return wiring.open_gateway(folder, Settings(log_level="warning", **options))


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    files = tmp_path_factory.mktemp("files")
    gateway = open_twin(tmp_path_factory.mktemp("twin") / "t")
    for id, name in (("parks", "Parks office"), ("utility", "Utility"), ("stranger", "Stranger")):
        gateway.identity.add_party(id, name)
    publish(gateway, files, "trees", trees(), record("trees", "Trees", level="A", licence=LICENCE), "parks", LICENCE, "A")
    publish(gateway, files, "houses", houses(), record("houses", "Houses", level="A", licence=LICENCE), "parks", LICENCE, "A")
    restricted = record("network", "Network", level="B", licence=ASK, abstract=f"The word is {CANARY}.")
    publish(gateway, files, "network", network(), restricted, "utility", ASK, "B")
    publish(gateway, files, "plan", None, record("plan", "Plan", level="A", licence=LICENCE), "parks", LICENCE, "A")
    yield gateway
    gateway.close()


@pytest.fixture(scope="session")
def twin(gateway: Gateway) -> Iterator[Twin]:
    keys = {party: gateway.identity.new_key(party) for party in ("parks", "utility", "stranger", "operator")}
    with served(gateway) as url, httpx.Client(verify=False, timeout=60) as client:
        yield Twin(gateway, url, keys, client)


@pytest.fixture(scope="session")
def worker(gateway: Gateway) -> Iterator[None]:
    """A worker for the twin's jobs."""
    from .jobs_service import working

    with working(gateway.folder):
        yield
