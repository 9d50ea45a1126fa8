"""A twin with cascaded collections, and the remotes behind them: the served demo, a MapServer, a raster file."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import uvicorn
import yaml

from gateway import wiring
from gateway.federation import cascades
from gateway.settings import Settings
from gateway.web.app import create_app
from gateway.web.server import listen
from gateway.wiring import Gateway
from tests.conftest import Demo

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))
from smalltwin import SmallTwin

EGRESS = Settings(allowed_egress=("127.0.0.1", "localhost"), cascade_seconds=8.0, log_level="error")


def make(folder: Path, *definitions: dict[str, Any], settings: Settings = EGRESS) -> Path:
    """A twin with two datasets that are records only, `transport` for everybody and `secret` for its owner, and these cascades."""
    twin = SmallTwin(folder, "sitg")
    twin.publish("transport", [], level="A")
    twin.publish("secret", [], level="B")
    twin.store.close()
    for definition in definitions:
        path = folder / "definition.yaml"
        path.write_text(yaml.safe_dump(definition))
        cascades.add(folder, path, settings)
    return folder


@dataclass(frozen=True)
class Client:
    """A served twin and a client of it."""

    gateway: Gateway
    url: str
    http: httpx.Client

    def get(self, address: str, *, params: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> httpx.Response:
        """GET a path of the twin, or an address that one of its links gave."""
        return self.http.get(address if "://" in address else f"{self.url}{address}", params=params, headers=headers)


@contextmanager
def client(folder: Path, settings: Settings = EGRESS) -> Iterator[Client]:
    """The twin over its cascades, served by a real server in a thread."""
    gateway = wiring.open_gateway(folder, settings)
    sock = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(gateway), log_level="warning", lifespan="off", access_log=False, ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        with httpx.Client(timeout=30) as http:
            yield Client(gateway, f"http://127.0.0.1:{sock.getsockname()[1]}", http)
    finally:
        server.should_exit = True
        thread.join(10)
        sock.close()
        gateway.close()


def definition(collection: str, data: Any, name: str, **more: Any) -> dict[str, Any]:
    """A definition with a provider block."""
    dataset = more.pop("dataset", "transport")
    provider = {"type": "feature", "name": name, "data": data, **more.pop("provider", {})}
    return {"collection": collection, "dataset": dataset, "provider": provider, **more}


OAPIF = "gateway.federation.oapif.OgcApiFeatures"
WFS = "gateway.federation.wfs.WebFeatures"


@pytest.fixture(scope="session")
def cascading(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = make(
        tmp_path_factory.mktemp("cascading") / "twin",
        definition("their-trees", f"{demo.url}/collections/trees", OAPIF, extent=[6.0, 46.0, 6.3, 46.4]),
        definition("hidden-trees", f"{demo.url}/collections/trees", OAPIF, dataset="secret"),
    )
    with client(folder) as found:
        yield found


@pytest.fixture(scope="session")
def theirs(demo: Demo, cascading: Client) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{demo.url}/collections/trees/items", params={"limit": 5000}).json()
    return found


@pytest.fixture(scope="session")
def stops() -> dict[str, Any]:
    """57 stops with what breaks careless code in their names."""
    names = ["Gare & Co <1>", 'Rue "Haute"', "Zürich 東京", "O'Brien"]
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [round(6.1 + n * 0.001, 6), 46.2]},
                "properties": {"ident": f"s{n}", "name": f"{names[n % 4]} {n}", "lines": n % 5},
            }
            for n in range(57)
        ],
    }


@pytest.fixture(scope="session")
def mapserver(stops: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Web Feature Service: MapServer run as CGI behind a small HTTP server. Needs Debian's cgi-mapserver."""
    program = shutil.which("mapserv")
    if program is None:
        pytest.skip("mapserv is not installed: apt-get install cgi-mapserver")
    folder = tmp_path_factory.mktemp("mapserver")
    (folder / "stops.geojson").write_text(json.dumps(stops))
    mapfile, config = folder / "wfs.map", folder / "mapserver.conf"
    config.write_text('CONFIG\n  ENV\n    MS_MAP_PATTERN "."\n  END\n  MAPS\n  END\nEND\n')

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            environment = {
                "REQUEST_METHOD": "GET",
                "QUERY_STRING": urlsplit(self.path).query,
                "MS_MAPFILE": str(mapfile),
                "MAPSERVER_CONFIG_FILE": str(config),
                "PATH": os.environ["PATH"],
            }
            answer = subprocess.run([program], env=environment, capture_output=True, check=False).stdout
            head, _, body = answer.partition(b"\r\n\r\n")
            self.send_response(200)
            for line in head.decode().splitlines():
                name, _, value = line.partition(": ")
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mapfile.write_text(_MAPFILE.format(folder=folder, port=server.server_port))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/wfs"
    server.shutdown()
    server.server_close()
    thread.join()


_MAPFILE = """MAP
  NAME "wfs"
  SIZE 100 100
  EXTENT 6 46 7 47
  PROJECTION "init=epsg:4326" END
  WEB METADATA
    "ows_title" "stops"
    "ows_onlineresource" "http://127.0.0.1:{port}/wfs?"
    "ows_srs" "EPSG:4326"
    "ows_enable_request" "*"
    "wfs_getfeature_formatlist" "geojson"
  END END
  OUTPUTFORMAT
    NAME "geojson"
    DRIVER "OGR/GEOJSON"
    MIMETYPE "application/json; subtype=geojson"
    FORMATOPTION "STORAGE=stream"
    FORMATOPTION "FORM=SIMPLE"
    FORMATOPTION "LCO:NATIVE_DATA=NO"
  END
  LAYER
    NAME "stops"
    TYPE POINT
    STATUS ON
    CONNECTIONTYPE OGR
    CONNECTION "{folder}/stops.geojson"
    DATA "stops"
    PROJECTION "init=epsg:4326" END
    METADATA
      "wfs_title" "stops"
      "wfs_srs" "EPSG:4326"
      "gml_include_items" "all"
      "gml_featureid" "ident"
      "gml_types" "auto"
      "wfs_enable_request" "*"
      "wfs_use_default_extent_for_getfeature" "false"
    END
    TEMPLATE "x"
  END
END
"""


@pytest.fixture(scope="session")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GeoTIFF of heights in EPSG:2056: 40 by 30 cells of 10 m, the value of a cell its row times 100 plus its column."""
    rasterio = pytest.importorskip("rasterio")
    path = tmp_path_factory.mktemp("raster") / "heights.tif"
    values = np.add.outer(np.arange(30) * 100, np.arange(40)).astype("float32")
    transform = rasterio.transform.from_origin(2_500_000, 1_118_000, 10, 10)
    with rasterio.open(
        path, "w", driver="GTiff", height=30, width=40, count=1, dtype="float32", crs="EPSG:2056", transform=transform
    ) as target:
        target.write(values, 1)
    return path
