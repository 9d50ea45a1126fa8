"""OWSLib, a client nobody here wrote, reads the catalogue."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from smalltwin import OPEN, SmallTwin

from gateway.catalogue.csw import CswRequest, respond
from gateway.catalogue.trial import self_test

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:owslib", "ignore::FutureWarning:owslib", "ignore::UserWarning:owslib"
)


def _door(twin: SmallTwin, address: list[str]) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._respond(CswRequest("GET", self.path.partition("?")[2], accept=self.headers.get("Accept", ""), address=address[0]))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._respond(CswRequest("POST", "", body, address=address[0]))

        def _respond(self, request: CswRequest) -> None:
            with twin.store.reading() as reader:
                answer = respond(request, reader, OPEN, "Small & sound")
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.media_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Door


@pytest.fixture(scope="module")
def address(twin: SmallTwin) -> Iterator[str]:
    known: list[str] = [""]
    server = ThreadingHTTPServer(("127.0.0.1", 0), _door(twin, known))
    known[0] = f"http://127.0.0.1:{server.server_port}/csw"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield known[0]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("version", ["2.0.2", "3.0.0"])
def test_owslib_finds_all_records_and_those_it_filters(address: str, version: str) -> None:
    from owslib.catalogue import csw2, csw3
    from owslib.fes import BBox, PropertyIsLike
    from owslib.fes2 import PropertyIsLike as PropertyIsLike2

    made = (csw2 if version == "2.0.2" else csw3).CatalogueServiceWeb(address)
    like = PropertyIsLike if version == "2.0.2" else PropertyIsLike2
    assert made.version == version
    ask = made.getrecords2 if version == "2.0.2" else made.getrecords
    ask(esn="full", maxrecords=10)
    assert sorted(made.records) == ["rec-parcels", "rec-plan", "rec-trees"]
    assert made.records["rec-trees"].title == "The trees, of the city"
    ask(constraints=[like("dc:title", "%trees%")], esn="full")
    assert list(made.records) == ["rec-trees"]
    if version == "2.0.2":
        made.getrecords2(constraints=[BBox([6.1004, 46.2, 6.1009, 46.2005])], esn="full")
        assert list(made.records) == ["rec-trees"]
        box = made.records["rec-trees"].bbox
        assert (float(box.minx), float(box.miny), float(box.maxx), float(box.maxy)) == (6.1, 46.2, 6.1005, 46.2005)


def test_owslib_reads_a_record_as_iso_19139(address: str) -> None:
    from owslib.catalogue.csw2 import CatalogueServiceWeb

    made = CatalogueServiceWeb(address)
    made.getrecordbyid(id=["rec-trees"], outputschema="http://www.isotc211.org/2005/gmd")
    found = made.records["rec-trees"]
    assert found.identification.title == "The trees, of the city"
    assert float(found.identification.bbox.maxx) == 6.1005


def test_the_self_test_finds_nothing_wrong() -> None:
    assert self_test() == []
