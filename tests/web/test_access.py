"""Keys at every door, and what a reader may not see: as if it were absent (hardening A03, A05, A06, A09, and issue 3)."""

from __future__ import annotations

import base64

import httpx
import pytest

from .conftest import CANARY, Twin

DOORS = (
    "/",
    "/conformance",
    "/api",
    "/collections",
    "/collections/trees",
    "/collections/trees/schema",
    "/collections/trees/queryables",
    "/collections/trees/items",
    "/collections/trees/items/tree-0",
    "/datasets",
    "/datasets/trees",
    "/submissions",
    "/health",
    "/static/style.css",
    "/csw?service=CSW&version=2.0.2&request=GetCapabilities",
    "/sparql?query=ASK%7B%7D",
    "/id/trees/tree-0",
    "/nosuch",
)
WRONG = (
    "Bearer wrong",
    "Bearer",
    "Basic eDp3cm9uZw==",
    "Basic ???",
    "Basic",
    "Digest x",
    "Bearer ../../dev/null",
    "Bearer ' OR 1=1 --",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "Bearer " + "x" * 5000,
)


@pytest.mark.parametrize("path", DOORS)
def test_a_wrong_key_is_401_at_every_door(twin: Twin, path: str) -> None:
    for page in (False, True):
        headers = {"Authorization": "Bearer wrong", "Accept": "text/html" if page else "*/*"}
        response = twin.client.get(f"{twin.url}{path}", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Basic" if page else "Bearer")
        assert "private" in response.headers["cache-control"]


@pytest.mark.parametrize("header", WRONG)
def test_every_kind_of_wrong_key_is_401(twin: Twin, header: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        assert httpx.request(method, f"{twin.url}/collections", headers={"Authorization": header}).status_code == 401


def test_an_ended_key_is_401(twin: Twin) -> None:
    gateway = twin.gateway
    gateway.identity.add_party("leaving", "Leaving")
    key = gateway.identity.new_key("leaving")
    headers = {"Authorization": f"Bearer {key}"}
    assert twin.client.get(f"{twin.url}/collections", headers=headers).status_code == 200
    gateway.identity.end_party("leaving")
    assert twin.client.get(f"{twin.url}/collections", headers=headers).status_code == 401
    assert twin.client.get(f"{twin.url}/collections/trees/items", headers=headers).status_code == 401


def test_a_key_may_come_as_a_basic_password_for_reading_only(twin: Twin) -> None:
    pair = base64.b64encode(f"anyone:{twin.keys['utility']}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}"}
    assert twin.client.get(f"{twin.url}/collections/network", headers=headers).status_code == 200
    assert twin.client.post(f"{twin.url}/submissions", headers=headers, content=b"{}").status_code == 401


HIDDEN = (
    ("/collections/{}", "network"),
    ("/collections/{}/items", "network"),
    ("/collections/{}/items/pipe-1", "network"),
    ("/collections/{}/schema", "network"),
    ("/collections/{}/queryables", "network"),
    ("/datasets/{}", "network"),
    ("/id/{}/pipe-1", "network"),
    ("/id/dataset/{}", "network"),
)


@pytest.mark.parametrize(("path", "id"), HIDDEN)
@pytest.mark.parametrize("key", [None, "stranger", "parks"])
@pytest.mark.parametrize("query", ["", "?f=html", "?f=xml", "?limit=1", "?bbox=x", "?usage=heat", "?crs=nosuch", "?word=x"])
def test_hidden_is_absent_byte_for_byte_but_the_id(twin: Twin, path: str, id: str, key: str | None, query: str) -> None:
    absent = "nothing"
    one = twin.get(f"{path.format(id)}{query}", key=key)
    two = twin.get(f"{path.format(absent)}{query}", key=key)
    assert one.status_code == two.status_code in (400, 404)
    assert one.content.replace(id.encode(), b"?") == two.content.replace(absent.encode(), b"?")
    kept = {name: value for name, value in one.headers.items() if name not in ("date", "content-length")}
    assert kept == {name: value for name, value in two.headers.items() if name not in ("date", "content-length")}


SEEN = ("/", "/api", "/collections", "/datasets", "/health", "/conformance", "/submissions")


@pytest.mark.parametrize("f", ["json", "html"])
@pytest.mark.parametrize("key", [None, "stranger", "parks"])
def test_no_document_names_what_is_hidden(twin: Twin, f: str, key: str | None) -> None:
    for path in SEEN:
        response = twin.get(path, key=key, **({} if path == "/health" else {"f": f}))
        text = f"{response.headers}{response.text}"
        assert CANARY not in text
        assert "network" not in text.lower()
        assert "Utility" not in text


def test_the_owner_and_the_centre_see_it_through_every_door(twin: Twin) -> None:
    for key in ("utility", "operator"):
        found = twin.json("/collections", key=key)["collections"]
        assert [entry["id"] for entry in found] == ["houses", "network", "trees"]
        items = twin.json("/collections/network/items", key=key)
        assert items["numberMatched"] == 7
        assert {feature["properties"]["word"] for feature in items["features"]} == {CANARY}
        assert twin.json("/collections/network/items/pipe-3", key=key)["properties"]["word"] == CANARY
        assert CANARY in twin.get("/datasets/network", key=key).text
        assert "/collections/network/items" in twin.json("/api", key=key)["paths"]


def test_what_a_key_was_used_for_is_kept_by_no_shared_cache(twin: Twin) -> None:
    private, public = twin.get("/collections", key="utility"), twin.get("/collections")
    assert private.headers["cache-control"] == "private, no-cache"
    assert public.headers["cache-control"] == "no-cache"
    for response in (private, public):
        assert "Authorization" in response.headers["vary"]
    assert private.headers["etag"] != public.headers["etag"]


def test_a_validator_of_one_reader_is_worth_nothing_to_another(twin: Twin) -> None:
    tag = twin.get("/collections/network/items", key="utility").headers["etag"]
    assert twin.get("/collections/network/items", key="utility", headers={"If-None-Match": tag}).status_code == 304
    assert twin.get("/collections/network/items", headers={"If-None-Match": tag}).status_code == 404
    listed = twin.get("/collections", key="utility").headers["etag"]
    assert twin.get("/collections", headers={"If-None-Match": listed}).status_code == 200


def test_no_forwarding_header_gives_rights_or_addresses(twin: Twin) -> None:
    headers = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": "for=127.0.0.1;host=evil.example;proto=https",
        "X-Original-URL": "/collections/network",
        "X-Remote-User": "operator",
    }
    response = twin.get("/collections", headers=headers)
    assert "evil" not in response.text
    assert "network" not in response.text
    assert response.json()["links"][0]["href"] == f"{twin.url}/collections"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example"])
def test_a_host_the_server_does_not_answer_to_is_refused(twin: Twin, host: str) -> None:
    response = twin.get("/", headers={"Host": host})
    assert response.status_code == 400
    assert "evil" not in response.text
