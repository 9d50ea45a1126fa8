"""Section C at the reading doors: reference systems that are none, are code paths, or are out of range (C01, C02, C04)."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.hardening.server import Served, Trap

ITEMS = "collections/baseline/items"
ITEM = f"{ITEMS}/t1"
BOX = "2400000,1000000,2900000,1400000"
LV95 = "http://www.opengis.net/def/crs/EPSG/0/2056"
NONE = {
    "unknown": "EPSG:999999",
    "unknown-uri": "http://www.opengis.net/def/crs/EPSG/0/999999",
    "no-code": "urn:ogc:def:crs:EPSG::",
    "empty": "",
    "blank": "   ",
    "wkt": 'PROJCRS["x",' + "BASEGEOGCRS[" * 2_500 + "]" * 2_500 + "]",
    "passwd": "/etc/passwd",
    "file": "file:///etc/passwd",
    "proj": "+proj=longlat +datum=WGS84",
    "pipeline": "+proj=pipeline +step +proj=hgridshift +grids=http://127.0.0.1:TRAP/x",
    "init": "+init=epsg:2056",
    "address": "http://127.0.0.1:TRAP/def/crs/EPSG/0/2056",
    "json": '{"$schema":"http://127.0.0.1:TRAP/x","type":"GeographicCRS"}',
    "nul": "EPSG:2056\x00",
    "digits": "EPSG:٢٠٥٦",
    "geocentric": "EPSG:4978",
    "vertical": "EPSG:5728",
    "engineering": "EPSG:5800",
    "not-listed": "EPSG:31370",
    "three": "EPSG:2056+5728+5728",
    "twice": "EPSG:2056,EPSG:2056",
    "shell": "EPSG:2056; rm -rf /",
}


@pytest.mark.parametrize("name", NONE)
@pytest.mark.parametrize(
    ("path", "parameter", "beside"),
    [
        (ITEMS, "crs", {}),
        (ITEM, "crs", {}),
        (ITEMS, "bbox-crs", {"bbox": BOX}),
        (ITEMS, "filter-crs", {"filter": "S_INTERSECTS(geometry,POINT(6 46))"}),
    ],
    ids=["items", "item", "bbox", "filter"],
)
def test_a_system_that_is_none_is_400_by_name_and_nobody_is_called(
    name: str, path: str, parameter: str, beside: dict[str, str], server: Served, trap: Trap
) -> None:
    calls = len(trap.calls)
    text = NONE[name].replace("TRAP", str(trap.port))
    answer = server.client.get(server.url + path, params={parameter: text, **beside})
    server.demand_well()
    assert len(trap.calls) == calls
    assert answer.status_code == 400 or (len(text) > 60_000 and answer.status_code in (414, 431))
    if answer.headers["content-type"] == "application/problem+json":
        assert answer.json()["parameter"] == parameter
    assert "root:x:" not in answer.text
    assert "Traceback" not in answer.text


def test_a_hundred_kilobytes_of_wkt_end_at_the_door(server: Served) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname or "", address.port or 80), timeout=10) as peer:
        line = f"GET {address.path}{ITEMS}?crs={'%5B' * 33_000} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n"
        peer.sendall(line.encode())
        status = int(peer.recv(64).split()[1])
    server.demand_well()
    assert 400 <= status < 500


@pytest.mark.parametrize(
    ("box", "system"),
    [
        ("1e9,46,1000000001,47", None),
        ("6,91,7,92", None),
        ("-181,46,7,47", None),
        ("91,6,92,7", "http://www.opengis.net/def/crs/EPSG/0/4326"),
        ("-1e12,1000000,2900000,1400000", LV95),
        ("2400000,1000000,1e308,1e308", LV95),
        ("-1e308,-1e308,1e308,1e308", LV95),
        ("-2e7,-8.9e1,2e7,1e300", "http://www.opengis.net/def/crs/EPSG/0/3857"),
    ],
)
def test_a_box_out_of_range_is_400_and_nothing_infinite_comes_back(box: str, system: str | None, server: Served) -> None:
    asked = {"bbox": box} | ({} if system is None else {"bbox-crs": system})
    answer = server.client.get(server.url + ITEMS, params=asked)
    server.demand_well()
    assert answer.status_code == 400
    assert answer.json()["parameter"] == "bbox"
    assert "Infinity" not in answer.text
    assert "NaN" not in answer.text


def test_every_system_listed_gives_finite_numbers(server: Served) -> None:
    def no_constant(text: str) -> None:
        raise AssertionError(text)

    for uri in server.get("collections/baseline").json()["crs"]:
        answer = server.get(ITEMS, crs=uri)
        assert answer.status_code == 200
        json.loads(answer.content, parse_constant=no_constant)
        assert answer.headers["content-crs"] == f"<{uri}>"
