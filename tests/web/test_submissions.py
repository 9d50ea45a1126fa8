"""Publishing over HTTP: raw and multipart, verdicts and who sees them, repeated and refused ones, hostile bodies (H07, A09)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import wiring
from gateway.catalogue import json_record
from gateway.settings import Settings

from .conftest import LICENCE, Signer, Twin, geojson, open_twin, record, served, trees


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """A twin of its own under `sitg`, to be written to."""
    gateway = open_twin(tmp_path_factory.mktemp("sandbox") / "t", max_upload=300_000)
    for id in ("parks", "roads"):
        gateway.identity.add_party(id, id.title())
    keys = {party: gateway.identity.new_key(party) for party in ("parks", "roads", "operator")}
    with served(gateway) as url, httpx.Client(timeout=30) as client:
        yield Twin(gateway, url, keys, client)
    gateway.close()


_SIGNERS: dict[tuple[str, str], Signer] = {}


def signer(twin: Twin, party: str) -> Signer:
    """The signing key of a party of the sandbox, enrolled at first use."""
    if (twin.url, party) not in _SIGNERS:
        _SIGNERS[twin.url, party] = Signer(twin.gateway.signing_keys, party)
    return _SIGNERS[twin.url, party]


_TOKENS: dict[tuple[str, str, str, str], bytes] = {}


def attested(twin: Twin, party: str, data: str, record: str) -> bytes:
    """The party's attestation of these digests, the same each time."""
    if (twin.url, party, data, record) not in _TOKENS:
        _TOKENS[twin.url, party, data, record] = signer(twin, party).token(data, record)
    return _TOKENS[twin.url, party, data, record]


def send(twin: Twin, *, key: str | None = "parks", headers: dict[str, str] | None = None, **given: Any) -> httpx.Response:
    """POST /submissions; parts are attested by the sender."""
    files = given.get("files", {})
    if "record" in files and key is not None and "attestation" not in files:
        token = attested(twin, key, *(sha256(files[name][1]).hexdigest() for name in ("data", "record")))
        given["files"] = {**files, "attestation": ("attestation.jws", token)}
    sent = {**({"Authorization": f"Bearer {twin.keys[key]}"} if key else {}), **(headers or {})}
    return twin.client.post(f"{twin.url}/submissions", headers=sent, **given)


def parts(name: str, data: bytes | None = None, **fields: str) -> dict[str, Any]:
    """The parts of a sound submission of `name`."""
    sheet = json_record.write(record(name, name.title(), level="A", licence=LICENCE))
    files = {
        "record": (f"{name}.record.json", sheet, "application/json"),
        "data": (f"{name}.geojson", data or trees(), "application/geo+json"),
    }
    return {"files": files, "data": {"dataset": name, "collection": name, "access": "A", "licence": LICENCE, **fields}}


def test_a_sound_submission_is_201_with_its_place_and_verdict(sandbox: Twin) -> None:
    response = send(sandbox, **parts("oaks"))
    assert response.status_code == 201, response.text
    verdict = response.json()
    assert verdict["verdict"] == "accepted"
    assert verdict["state"] == "published"
    assert verdict["collections"] == ["oaks"]
    assert verdict["charter"] == "sitg"
    assert response.headers["location"] == f"{sandbox.url}/submissions/{verdict['submission']}"
    seen = sandbox.get(f"/submissions/{verdict['submission']}", key="parks").json()
    assert seen["verdict"] == "accepted"
    assert sandbox.json("/collections/oaks/items")["numberMatched"] == 60


def test_the_same_again_is_200_and_the_first_submission(sandbox: Twin) -> None:
    first = send(sandbox, **parts("elms"))
    again = send(sandbox, **parts("elms"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["submission"] == first.json()["submission"]
    assert again.json()["repeated"] is True
    assert again.headers["location"] == first.headers["location"]


def test_a_refused_one_is_422_with_findings_that_say_how_to_mend_it(sandbox: Twin) -> None:
    response = send(sandbox, content=geojson([]), params={"dataset": "bare", "name": "bare.geojson"})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["verdict"] == "refused"
    assert problem["findings"]
    for finding in problem["findings"]:
        assert finding["rule"]
        assert finding["message"]["en"]
        assert finding["howToFix"]["fr"]
    assert sandbox.get("/datasets/bare", key="operator").status_code == 404
    kept = sandbox.get(f"/submissions/{problem['submission']}", key="parks").json()
    assert kept["findings"] == problem["findings"]


def test_a_refused_one_is_a_page_that_a_partner_can_act_on(sandbox: Twin) -> None:
    refused = send(sandbox, content=geojson([]), params={"dataset": "bare", "name": "bare.geojson"}).json()
    page = sandbox.get(
        f"/submissions/{refused['submission']}", key="parks", headers={"Accept": "text/html", "Accept-Language": "fr"}
    )
    assert page.status_code == 200
    for finding in refused["findings"]:
        assert finding["rule"] in page.text
    assert "Comment corriger" in page.text


def test_without_a_key_nothing_is_taken(sandbox: Twin) -> None:
    assert send(sandbox, key=None, **parts("oaks")).status_code == 401
    assert sandbox.get("/submissions").status_code == 401
    assert not list((sandbox.gateway.folder / "incoming").glob("*"))


def test_a_verdict_is_seen_by_its_submitter_and_the_centre_only(sandbox: Twin) -> None:
    id = send(sandbox, **parts("limes")).json()["submission"]
    path = f"/submissions/{id}"
    assert sandbox.get(path, key="parks").status_code == 200
    assert sandbox.get(path, key="operator").status_code == 200
    for key in ("roads", None):
        hidden, absent = sandbox.get(path, key=key), sandbox.get(f"/submissions/{'0' * len(id)}", key=key)
        assert hidden.status_code == absent.status_code == 404
        assert hidden.content.replace(id.encode(), b"?") == absent.content.replace(b"0" * len(id), b"?")
    own = sandbox.get("/submissions", key="roads").json()["submissions"]
    assert id not in [entry["id"] for entry in own]
    assert id in [entry["id"] for entry in sandbox.get("/submissions", key="operator").json()["submissions"]]


def test_a_dry_run_says_the_verdict_and_keeps_nothing(sandbox: Twin) -> None:
    response = send(sandbox, **parts("ashes", **{"dry-run": "true"}))
    assert response.status_code == 200
    assert response.json()["verdict"] == "accepted"
    assert sandbox.get("/datasets/ashes", key="operator").status_code == 404
    bad = send(sandbox, content=geojson([]), params={"dataset": "bare", "dry-run": "true", "name": "b.geojson"})
    assert bad.status_code == 422
    assert bad.json()["verdict"] == "refused"


def test_an_idempotency_key_holds_for_one_body(sandbox: Twin) -> None:
    headers = {"Idempotency-Key": "once"}
    first = send(sandbox, headers=headers, **parts("pines"))
    again = send(sandbox, headers=headers, **parts("pines"))
    other = send(sandbox, headers=headers, **parts("firs"))
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 422)
    assert other.json()["type"].endswith("idempotency-conflict")


def test_a_collection_id_that_is_taken_is_409(sandbox: Twin) -> None:
    send(sandbox, **parts("beeches"))
    response = send(sandbox, key="roads", **parts("verges", collection="beeches"))
    assert response.status_code == 409
    assert response.json()["type"].endswith("id-not-available")


def test_nobody_publishes_in_the_name_of_another(sandbox: Twin) -> None:
    response = send(sandbox, **parts("poplars", owner="roads"))
    assert response.status_code == 400
    assert response.json()["parameter"] == "owner"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\x89PNG\r\n\x1a\n", b"[]", b'{"type":"Topology"}', b"\0" * 1000, "é".encode("utf-16")]
)
def test_a_body_of_no_known_format_is_refused_and_leaves_nothing(sandbox: Twin, body: bytes) -> None:
    before = sandbox.json("/datasets")
    response = send(sandbox, content=body, params={"dataset": "junk"})
    assert response.status_code in (415, 422)
    assert response.headers["content-type"] == "application/problem+json"
    assert sandbox.json("/datasets") == before
    assert not list((sandbox.gateway.folder / "incoming").glob("*"))


def form(*sections: bytes, boundary: bytes = b"b", end: bytes = b"--b--\r\n") -> dict[str, Any]:
    """A hand-made multipart body."""
    body = b"".join(b"--" + boundary + b"\r\n" + section + b"\r\n" for section in sections) + end
    return {"content": body, "headers": {"Content-Type": f"multipart/form-data; boundary={boundary.decode()}"}}


PART = b'Content-Disposition: form-data; name="%s"%s\r\n\r\n%s'


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 422),
        (form(end=b""), 422),
        (form(PART % (b"data", b'; filename="a"', b"x"), end=b""), 422),
        (form(PART % (b"nosuch", b"", b"x")), 400),
        (form(PART % (b"dataset", b"", b"a"), PART % (b"dataset", b"", b"b")), 400),
        (form(PART % (b"dataset", b"", b"\xff\xfe")), 400),
        (form(PART % (b"mode", b"", b"overwrite"), PART % (b"data", b'; filename="a"', b"{}")), 400),
        (form(PART % (b"dataset", b"", b"x" * 10_000)), 413),
        (form(PART % (b"data", b'; filename="%s"' % (b"n" * 100_000), b"x")), 422),
        (form(*[b"X-%d: y" % n + b"\r\n\r\nz" for n in range(40)]), 400),
        (form(b"No colon here\r\n\r\nx"), 422),
        (form(PART % (b"dataset", b"", b"only")), 400),
        ({"content": b"a=b", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 415),
        ({"content": b"x" * 400_000, "headers": {"Content-Type": "application/json"}}, 413),
    ],
)
def test_a_broken_or_excessive_body_is_refused_with_flat_memory(sandbox: Twin, sent: dict[str, Any], status: int) -> None:
    response = send(sandbox, **sent)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert not list((sandbox.gateway.folder / "incoming").glob("*"))


def test_a_million_parts_are_refused_at_the_thirty_third(sandbox: Twin) -> None:
    one = b"--b\r\n" + PART % (b"graph", b"", b"") + b"\r\n"
    fields = [b"dataset", b"collection", b"access", b"licence", b"crs", b"id", b"mode", b"graph"]
    many = form(*[PART % (name, b"", b"x") for name in fields * 5])
    assert send(sandbox, **many).status_code == 400
    response = send(sandbox, content=one * 3_000, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert response.status_code == 400


def test_an_upload_that_announces_no_length_is_counted(sandbox: Twin) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 10_000

    response = send(sandbox, content=endless(), headers={"Content-Type": "application/geo+json"})
    assert response.status_code == 413


def test_a_file_name_is_a_name_and_never_a_path(sandbox: Twin) -> None:
    for name in ("../../x.geojson", "/etc/passwd", "C:\\temp\\x.geojson", "a\0b.geojson"):
        sent = parts("willows")
        sent["files"]["data"] = (name, trees(), "application/geo+json")
        assert send(sandbox, **sent).status_code in (200, 201)


def test_under_open_a_raw_body_is_all_it_takes(tmp_path: Path) -> None:
    wiring.create(tmp_path / "t")
    gateway = wiring.open_gateway(tmp_path / "t", Settings(log_level="warning"))
    key = gateway.identity.new_key("operator")
    with served(gateway) as url:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/geo+json"}
        response = httpx.post(f"{url}/submissions?name=trees.geojson", content=trees(), headers=headers, timeout=30)
        assert response.status_code == 201, response.text
        assert response.json()["collections"] == ["trees"]
        assert httpx.get(f"{url}/collections/trees/items").json()["numberMatched"] == 60
        found = json.loads(httpx.get(f"{url}/datasets/trees").content)
        assert found["owner"] == "Operator"
    gateway.close()
