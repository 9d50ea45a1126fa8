"""Changes of single features over HTTP (OGC 20-002, draft): create, replace, update, delete, their conditions and their charter."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from attesting import Signer

from gateway import wiring
from gateway.model.access import EVERYTHING
from gateway.model.submission import Request
from gateway.settings import Settings
from gateway.store import audit
from gateway.wiring import open_gateway

from .conftest import ASK, LICENCE, SOUTH, WEST, Twin, houses, network, open_twin, publish, record, served, trees

LV95 = "<http://www.opengis.net/def/crs/EPSG/0/2056>"
WGS84 = "<http://www.opengis.net/def/crs/EPSG/0/4326>"
HERE = [6.1, 46.2]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """A twin of its own, since it changes."""
    files = tmp_path_factory.mktemp("files")
    gateway = open_twin(tmp_path_factory.mktemp("edits") / "t")
    for id in ("parks", "utility", "stranger"):
        gateway.identity.add_party(id, id.title())
    publish(gateway, files, "trees", trees(), record("trees", "Trees", level="A", licence=LICENCE), "parks", LICENCE, "A")
    publish(gateway, files, "houses", houses(), record("houses", "Houses", level="A", licence=LICENCE), "parks", LICENCE, "A")
    publish(gateway, files, "network", network(), record("network", "N", level="B", licence=ASK), "utility", ASK, "B")
    keys = {party: gateway.identity.new_key(party) for party in ("parks", "utility", "stranger", "operator")}
    plain = {"Accept-Encoding": "identity"}
    with served(gateway) as url, httpx.Client(verify=False, timeout=60, headers=plain) as client:
        yield Twin(gateway, url, keys, client)
    gateway.close()


def send(
    twin: Twin, method: str, path: str, body: Any = None, *, key: str | None = "parks", type: str | None = None, **headers: str
) -> httpx.Response:
    """One write; names of headers are written with underscores."""
    kinds = {"POST": "application/geo+json", "PUT": "application/geo+json", "PATCH": "application/merge-patch+json"}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        sent["Authorization"] = f"Bearer {twin.keys[key]}"
    if method in kinds:
        sent["Content-Type"] = type or kinds[method]
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return twin.client.request(method, f"{twin.url}{path}", content=content, headers=sent)


def tree(properties: dict[str, Any] | None = None, at: list[float] | None = None, **members: Any) -> dict[str, Any]:
    """A tree as GeoJSON."""
    place = members.pop("geometry", {"type": "Point", "coordinates": at or HERE})
    return {"type": "Feature", "geometry": place, "properties": {"usage": "street", **(properties or {})}, **members}


def version(twin: Twin) -> int:
    with twin.gateway.store.reading() as reader:
        return reader.version()


# --- create ---------------------------------------------------------------------------------------------------------------


def test_a_new_feature_gets_an_id_and_an_address(twin: Twin) -> None:
    before = twin.json("/collections/trees")
    made = send(twin, "POST", "/collections/trees/items", tree({"height": 4.5}))
    assert made.status_code == 201
    shown = twin.client.get(made.headers["location"])
    assert shown.json()["properties"] == {"usage": "street", "height": 4.5}
    assert shown.json()["geometry"]["coordinates"] == pytest.approx(HERE, abs=1e-7)
    assert made.headers["location"].endswith(f"/collections/trees/items/{shown.json()['id']}")
    assert (made.headers["etag"], made.headers["last-modified"]) == (shown.headers["etag"], shown.headers["last-modified"])
    assert made.content == b""
    assert twin.json("/collections/trees/items", limit=1)["numberMatched"] > 60
    assert twin.json("/collections/trees")["updated"] > before["updated"]


def test_an_id_may_be_given_once(twin: Twin) -> None:
    assert send(twin, "POST", "/collections/trees/items", tree(id="own/1")).status_code == 201
    assert twin.get("/collections/trees/items/own%2F1").json()["id"] == "own/1"
    again = send(twin, "POST", "/collections/trees/items", tree(id="own/1"))
    assert (again.status_code, again.json()["pointer"]) == (409, "/id")


def test_the_crs_of_a_body_is_stated_and_its_axes_are_its_authoritys(twin: Twin) -> None:
    x, y = WEST + 3, SOUTH + 4
    first = send(twin, "POST", "/collections/trees/items", tree(at=[x, y]), Content_Crs=LV95)
    shown = twin.client.get(first.headers["location"], params={"crs": LV95[1:-1]}).json()
    assert shown["geometry"]["coordinates"] == pytest.approx([x, y], abs=1e-4)
    latitude_first = send(twin, "POST", "/collections/trees/items", tree(at=HERE[::-1]), Content_Crs=WGS84)
    shown = twin.client.get(latitude_first.headers["location"]).json()
    assert shown["geometry"]["coordinates"] == pytest.approx(HERE, abs=1e-6)
    for wrong in ("EPSG:2056", "<http://www.opengis.net/def/crs/EPSG/0/26910>", "<x>"):
        refused = send(twin, "POST", "/collections/trees/items", tree(), Content_Crs=wrong)
        assert (refused.status_code, refused.json()["parameter"]) == (400, "Content-Crs"), wrong


def test_the_result_is_shown_where_the_caller_prefers_it(twin: Twin) -> None:
    made = send(twin, "POST", "/collections/trees/items", tree(), Prefer="return=representation", Accept="application/geo+json")
    assert made.status_code == 201
    assert made.headers["preference-applied"] == "return=representation"
    assert made.json()["id"] in made.headers["location"]
    self = next(link["href"] for link in made.json()["links"] if link["rel"] == "self")
    assert self == made.headers["location"]
    path = self.removeprefix(twin.url)
    changed = send(twin, "PATCH", path, {"properties": {"height": 9}}, Prefer="return=representation")
    assert (changed.status_code, changed.json()["properties"]["height"]) == (200, 9)


# --- replace --------------------------------------------------------------------------------------------------------------


def test_a_feature_is_replaced_as_a_whole(twin: Twin) -> None:
    path = "/collections/trees/items/tree-1"
    done = send(twin, "PUT", path, tree({"height": 1.5}))
    assert (done.status_code, done.content) == (204, b"")
    shown = twin.get(path)
    assert shown.json()["properties"] == {"usage": "street", "height": 1.5}
    assert shown.headers["etag"] == done.headers["etag"]


def test_what_was_read_can_be_sent_back_and_changes_nothing(twin: Twin) -> None:
    for path in ("/collections/trees/items/tree-2", "/collections/houses/items/house%2F2"):
        with twin.gateway.store.reading() as reader:
            name, id = ("trees", "tree-2") if "trees" in path else ("houses", "house/2")
            row = reader.item(name, id, EVERYTHING)
        stood = version(twin)
        got = twin.get(path)
        done = send(twin, "PUT", path, got.json(), If_Match=got.headers["etag"])
        assert (done.status_code, done.headers["etag"], version(twin)) == (204, got.headers["etag"], stood)
        with twin.gateway.store.reading() as reader:
            assert reader.item(name, id, EVERYTHING) == row


def test_an_address_without_a_feature_gets_one(twin: Twin) -> None:
    path = "/collections/trees/items/chosen"
    assert twin.json("/collections/trees")["supportsNonAutogeneratedResourceIds"] is True
    refused = send(twin, "PUT", path, tree(), If_Match='"xyz"')
    assert (refused.status_code, twin.get(path).status_code) == (412, 404)
    made = send(twin, "PUT", path, tree(), If_None_Match="*")
    assert (made.status_code, made.headers["location"]) == (201, f"{twin.url}{path}")
    assert send(twin, "PUT", path, tree({"height": 3}), If_None_Match="*").status_code == 412
    assert twin.get(path).json()["id"] == "chosen"


def test_the_id_of_a_body_is_that_of_the_address(twin: Twin) -> None:
    path = "/collections/trees/items/tree-3"
    for method, body in (("PUT", tree(id="other")), ("PATCH", {"id": "other"}), ("PATCH", {"id": "other", "height": 2})):
        refused = send(twin, method, path, body)
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/id")
    assert send(twin, "PUT", path, tree(id="tree-3")).status_code == 204


# --- update ---------------------------------------------------------------------------------------------------------------


def test_a_patch_touches_what_it_names(twin: Twin) -> None:
    path = "/collections/trees/items/tree-4"
    before = twin.get(path).json()
    done = send(twin, "PATCH", path, {"properties": {"height": 7.25, "listed": None}})
    assert done.status_code == 204
    after = twin.get(path)
    assert after.headers["etag"] == done.headers["etag"]
    kept = {name: value for name, value in before["properties"].items() if name != "listed"}
    assert after.json()["properties"] == {**kept, "height": 7.25}
    assert after.json()["geometry"] == before["geometry"]


def test_a_patch_may_follow_the_schema_instead_of_geojson(twin: Twin) -> None:
    path = "/collections/trees/items/tree-6"
    assert send(twin, "PATCH", path, {"usage": "hedge", "geometry": {"coordinates": HERE}}).status_code == 204
    after = twin.get(path).json()
    assert (after["properties"]["usage"], after["geometry"]["type"]) == ("hedge", "Point")
    assert after["geometry"]["coordinates"] == pytest.approx(HERE, abs=1e-7)


def test_a_new_property_can_be_asked_for(twin: Twin) -> None:
    path = "/collections/trees/items/tree-7"
    assert send(twin, "PATCH", path, {"properties": {"crown": "wide"}}).status_code == 204
    found = twin.json("/collections/trees/items", crown="wide")
    assert [feature["id"] for feature in found["features"]] == ["tree-7"]
    strict = send(twin, "PATCH", path, {"properties": {"crwon": "wide"}}, Prefer="handling=strict")
    assert (strict.status_code, strict.json()["pointer"]) == (422, "/properties/crwon")


# --- 3D -------------------------------------------------------------------------------------------------------------------


def test_an_unchanged_footprint_keeps_the_heights(twin: Twin) -> None:
    path = "/collections/houses/items/house%2F3"
    got = twin.get(path).json()
    got["properties"]["usage"] = "school"
    assert send(twin, "PUT", path, got).status_code == 204
    storage = twin.json("/collections/houses")["storageCrs"]
    shown = twin.get(path, crs=storage).json()
    assert shown["properties"]["usage"] == "school"
    assert shown["geometry"]["coordinates"][0][0][2] == 383.0
    shown["properties"]["usage"] = "office"
    assert send(twin, "PUT", path, shown, Content_Crs=f"<{storage}>").status_code == 204


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_another_shape_of_a_feature_in_3d_is_sent_as_json_fg_or_cityjson(twin: Twin, method: str) -> None:
    path = "/collections/houses/items/house%2F4"
    got = twin.get(path).json()
    got["geometry"]["coordinates"][0][1][0] += 0.001
    body = got if method == "PUT" else {"geometry": got["geometry"]}
    refused = send(twin, method, path, body)
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/geometry")
    assert "JSON-FG" in refused.json()["cure"]
    assert "CityJSON" in refused.json()["cure"]
    storage = twin.json("/collections/houses")["storageCrs"]
    higher = twin.get(path, crs=storage).json()
    for ring in higher["geometry"]["coordinates"]:
        for position in ring:
            position[2] += 1
    assert send(twin, "PUT", path, higher, Content_Crs=f"<{storage}>").status_code == 422


def test_json_fg_replaces_a_shape_in_3d(twin: Twin) -> None:
    path = "/collections/houses/items/house%2F5"
    storage = twin.json("/collections/houses")["storageCrs"]
    x, y, z = WEST + 1, SOUTH + 1, 400.0
    ring = [[x, y, z], [x + 5, y, z], [x + 5, y + 5, z], [x, y + 5, z], [x, y, z]]
    body = {
        "type": "Feature",
        "conformsTo": ["http://www.opengis.net/spec/json-fg-1/1.0/conf/core"],
        "coordRefSys": storage,
        "geometry": None,
        "place": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"usage": "flats", "storeys": 2},
    }
    assert send(twin, "PUT", path, body).status_code == 204
    shown = twin.get(path, crs=storage).json()
    assert sorted(shown["geometry"]["coordinates"][0]) == sorted(ring)


# --- delete ---------------------------------------------------------------------------------------------------------------


def test_a_feature_goes_and_its_past_stays(twin: Twin) -> None:
    path = "/collections/trees/items/tree-8"
    count = twin.json("/collections/trees/items", limit=1)["numberMatched"]
    assert send(twin, "DELETE", path).status_code == 204
    assert twin.get(path).status_code == 404
    assert twin.json("/collections/trees/items", limit=1)["numberMatched"] == count - 1
    assert send(twin, "DELETE", path).status_code == 404
    with twin.gateway.store.reading() as reader:
        assert reader.item("trees", "tree-8", EVERYTHING, version=1) is not None


# --- conditions -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "body"), [("PUT", tree({"height": 8})), ("PATCH", {"properties": {"height": 8}}), ("DELETE", None)]
)
def test_a_change_is_bound_to_the_state_that_was_read(twin: Twin, method: str, body: Any) -> None:
    id = f"bound-{method.lower()}"
    path = f"/collections/trees/items/{id}"
    send(twin, "PUT", path, tree())
    got = twin.get(path, crs=LV95[1:-1])
    tag, moment = got.headers["etag"], got.headers["last-modified"]
    assert tag.startswith('"')
    for wrong in ({"If_Match": '"0"'}, {"If_Match": f"W/{tag}"}, {"If_Unmodified_Since": "Sat, 13 Mar 2021 11:28:17 GMT"}):
        assert send(twin, method, path, body, **wrong).status_code == 412
    assert twin.get(path, crs=LV95[1:-1]).headers["etag"] == tag
    done = send(twin, method, path, body, If_Match=f'"other", {tag}', If_Unmodified_Since=moment)
    assert done.status_code == 204
    assert done.headers.get("etag") != tag
    assert send(twin, method, path, body, If_Match=tag).status_code in (404, 412)


def test_the_validator_of_a_feature_is_its_own(twin: Twin) -> None:
    path, crs = "/collections/trees/items/tree-10", LV95[1:-1]
    first, far = twin.get(path), twin.get("/collections/houses/items/house%2F1")
    assert send(twin, "PATCH", "/collections/trees/items/tree-11", {"properties": {"height": 1.25}}).status_code == 204
    assert twin.get(path).headers["etag"] == first.headers["etag"]
    assert twin.get(path).headers["last-modified"] == first.headers["last-modified"]
    assert twin.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert twin.get(path, headers={"If-Modified-Since": first.headers["last-modified"]}).status_code == 304
    assert twin.get("/collections/houses/items/house%2F1").headers["etag"] == far.headers["etag"]
    others = {first.headers["etag"], twin.get(path, crs=crs).headers["etag"], twin.get(path, f="html").headers["etag"]}
    assert len(others) == 3


def test_another_datasets_publication_leaves_validators_alone(twin: Twin) -> None:
    paths = ("/collections/houses", "/collections/houses/items", "/collections/houses/schema", "/collections/houses/queryables")
    before = {path: twin.get(path).headers["etag"] for path in paths}
    listed = twin.get("/collections").headers["etag"]
    send(twin, "PATCH", "/collections/trees/items/tree-12", {"properties": {"height": 1.75}})
    assert {path: twin.get(path).headers["etag"] for path in paths} == before
    assert twin.get("/collections/trees/items").headers["etag"] != twin.get("/collections/houses/items").headers["etag"]
    assert twin.get("/collections").headers["etag"] != listed
    hidden = twin.get("/collections").headers["etag"]
    done = send(twin, "PATCH", "/collections/network/items/pipe-1", {"properties": {"usage": "cold"}}, key="utility")
    assert (done.status_code, twin.get("/collections").headers["etag"]) == (204, hidden)
    for path in paths:
        assert twin.get(path, headers={"If-None-Match": before[path]}).status_code == 304


def test_of_two_writers_at_once_one_wins(twin: Twin) -> None:
    path = "/collections/trees/items/tree-13"
    tag = twin.get(path).headers["etag"]
    start, outcomes = threading.Barrier(5), []

    def write(number: int) -> None:
        start.wait()
        outcomes.append(send(twin, "PATCH", path, {"properties": {"height": number}}, If_Match=tag).status_code)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [204, 412, 412, 412, 412]


def test_unbound_writers_all_win_and_lose_nothing(twin: Twin) -> None:
    path = "/collections/trees/items/tree-14"
    outcomes = []
    threads = [
        threading.Thread(
            target=lambda name=name: outcomes.append(send(twin, "PATCH", path, {"properties": {name: 1}}).status_code)  # type: ignore[misc]
        )
        for name in ("a1", "a2", "a3")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [204] * 3
    assert twin.get(path).json()["properties"].keys() >= {"a1", "a2", "a3"}


# --- the charter ----------------------------------------------------------------------------------------------------------


def test_writing_needs_a_key_and_what_is_hidden_is_not_there(twin: Twin) -> None:
    for method, path, body in (
        ("POST", "/collections/trees/items", tree()),
        ("PUT", "/collections/trees/items/tree-20", tree()),
        ("PATCH", "/collections/nosuch/items/x", {}),
        ("DELETE", "/collections/network/items/pipe-0", None),
    ):
        assert send(twin, method, path, body, key=None).status_code == 401
    absent = send(twin, "DELETE", "/collections/nosuch/items/pipe-0", key="stranger")
    hidden = send(twin, "DELETE", "/collections/network/items/pipe-0", key="stranger")
    assert (absent.status_code, hidden.status_code) == (404, 404)
    assert {**absent.json(), "place": ""} == {**hidden.json(), "place": ""}


def test_a_strangers_edit_is_refused_by_the_rule_and_kept(twin: Twin) -> None:
    stood = twin.get("/collections/trees/items/tree-21").headers["etag"]
    refused = send(twin, "PATCH", "/collections/trees/items/tree-21", {"properties": {"height": 99}}, key="stranger")
    assert refused.status_code == 422
    problem = refused.json()
    assert (problem["verdict"], problem["findings"][0]["rule"]) == ("refused", "GE-04")
    assert problem["findings"][0]["howToFix"]["fr"]
    kept = twin.get(f"/submissions/{problem['submission']}", key="stranger")
    assert (kept.status_code, kept.json()["state"]) == (200, "refused")
    assert twin.get("/collections/trees/items/tree-21").headers["etag"] == stood


def test_a_shape_that_is_not_valid_is_refused_with_its_place_on_the_map(twin: Twin) -> None:
    path = "/collections/houses/items/bow-tie"
    x, y = HERE
    ring = [[x, y], [x + 0.001, y + 0.001], [x + 0.001, y], [x, y + 0.001], [x, y]]
    refused = send(twin, "PUT", path, tree(geometry={"type": "Polygon", "coordinates": [ring]}))
    assert (refused.status_code, twin.get(path).status_code) == (422, 404)
    finding = next(entry for entry in refused.json()["findings"] if entry["rule"] == "GE-09")
    assert finding["object"] == "bow-tie"
    assert finding["position"] == pytest.approx([x + 0.0005, y + 0.0005], abs=1e-5)


def test_a_warning_lets_an_edit_pass_and_stays_to_be_read(twin: Twin) -> None:
    done = send(twin, "PUT", "/collections/trees/items/tree-22", tree(at=[8.5, 47.4]))
    assert done.status_code == 204
    verdict = twin.get(done.headers["link"].partition(">")[0][1:].removeprefix(twin.url), key="parks").json()
    assert [entry["rule"] for entry in verdict["findings"]] == ["GE-08"]


def test_a_mandate_lets_another_party_edit(twin: Twin) -> None:
    path = "/collections/trees/items/tree-23"
    assert send(twin, "PATCH", path, {"properties": {"height": 1}}, key="utility").status_code == 422
    twin.gateway.identity.give_mandate("utility", "trees")
    assert send(twin, "PATCH", path, {"properties": {"height": 1}}, key="utility").status_code == 204


def test_an_edit_is_one_entry_of_the_journal_that_names_no_feature(twin: Twin) -> None:
    stood = version(twin)
    done = send(twin, "PATCH", "/collections/trees/items/tree-24", {"properties": {"height": 2.25}})
    with twin.gateway.store.reading() as reader:
        (entry,) = reader.entries(stood)
    body = dict(entry.body)
    assert (entry.kind, body["event"], body["action"], body["collection"], body["features"]) == (
        "publication",
        "edit",
        "update",
        "trees",
        1,
    )
    assert body["collections"]["trees"]["changed"] == 1
    assert "tree-24" not in str(body)
    address = done.headers["link"].partition(">")[0][1:]
    verdict = twin.get(address.removeprefix(twin.url), key="parks").json()
    assert {"GE-01", "GE-04", "GE-08", "GE-14"} <= set(verdict["rules"])
    assert "GE-03" not in verdict["rules"]
    assert twin.gateway.blobs.has(body["payload"])
    assert audit.verify(twin.gateway.folder).sound


def test_the_same_key_and_edit_have_one_effect(twin: Twin) -> None:
    first = send(twin, "POST", "/collections/trees/items", tree({"height": 3.5}), Idempotency_Key="k1")
    stood = version(twin)
    again = send(twin, "POST", "/collections/trees/items", tree({"height": 3.5}), Idempotency_Key="k1")
    assert (first.status_code, again.status_code, again.headers["location"]) == (201, 201, first.headers["location"])
    assert version(twin) == stood
    other = send(twin, "POST", "/collections/trees/items", tree({"height": 4.5}), Idempotency_Key="k1")
    assert other.status_code == 422
    assert other.json()["type"].endswith("#problem-idempotency-conflict")


# --- bodies that are none -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"type": "FeatureCollection", "features": []}, "/type"),
        ([], "/"),
        ({**tree(), "colour": "red"}, "/colour"),
        ({**tree(), "a/b~c": 1}, "/a~1b~0c"),
        ({"type": "Feature", "properties": {}}, "/geometry"),
        ({**tree(), "properties": [1]}, "/properties"),
        ({**tree(), "id": True}, "/id"),
        ({**tree(), "id": ""}, "/id"),
        (tree({"height": "tall"}), "/properties/height"),
        (tree({"listed": 1}), "/properties/listed"),
        (tree(at=[HERE[0]]), "/geometry/coordinates"),
        (tree(at=[1e308, 1e308]), "/geometry/coordinates"),
        (tree(at=[6.1, 91.0]), "/geometry/coordinates"),
        (tree(at=[6.1, 46.2, 400.0]), "/geometry/coordinates"),
        ({**tree(), "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}}, "/geometry/type"),
        ({**tree(), "geometry": {"type": "Circle", "coordinates": [0, 0]}}, "/geometry/type"),
        ({**tree(), "geometry": "POINT(1 2)"}, "/geometry"),
    ],
)
def test_what_is_wrong_with_a_body_is_pointed_at(twin: Twin, body: Any, pointer: str) -> None:
    stood = version(twin)
    refused = send(twin, "POST", "/collections/trees/items", body)
    assert (refused.status_code, refused.json().get("pointer")) == (422, pointer), refused.text
    assert version(twin) == stood


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b'{"type":"Feature","geometry":null,"properties":{"height":NaN}}',
        b'{"type":"Feature","geometry":null,"properties":{"height":1e999}}',
        b'{"type":"Feature","geometry":null,"properties":{"usage":"a","usage":"b"}}',
        b'{"type":"Feature","geometry":null,"properties":{"usage":"\\ud800"}}',
        b'{"type":"Feature","geometry":null,"properties":' + b'{"a":' * 100 + b"1" + b"}" * 101,
        b'{"type":"Feature","geometry":' + b'{"type":"GeometryCollection","geometries":[' * 40 + b"]}" * 40 + b',"properties":{}}',
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_body_that_is_no_sound_json_is_refused(twin: Twin, method: str, body: bytes) -> None:
    path = "/collections/trees/items" if method == "POST" else "/collections/trees/items/tree-25"
    refused = send(twin, method, path, body)
    assert 400 <= refused.status_code < 500
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("PUT", "/tree-26"), ("PATCH", "/tree-26")])
def test_a_body_says_what_type_it_is_of(twin: Twin, method: str, path: str) -> None:
    url = f"{twin.url}/collections/trees/items{path}"
    key = {"Authorization": f"Bearer {twin.keys['parks']}"}
    unstated = twin.client.request(method, url, content=b"{}", headers=key)
    assert (unstated.status_code, unstated.json()["parameter"]) == (400, "Content-Type")
    other = twin.client.request(method, url, content=b"{}", headers={**key, "Content-Type": "text/csv"})
    assert other.status_code == 415
    unknown = twin.client.request(method, f"{url}?colour=red", content=b"{}", headers={**key, "Content-Type": "application/json"})
    assert (unknown.status_code, unknown.json()["parameter"]) == (400, "colour")


def test_an_address_says_what_may_be_done_there_and_with_what(twin: Twin) -> None:
    items = twin.client.options(f"{twin.url}/collections/trees/items")
    assert (items.status_code, items.headers["allow"]) == (200, "GET, HEAD, OPTIONS, POST")
    assert "application/geo+json" in items.headers["accept-post"]
    item = twin.client.options(f"{twin.url}/collections/trees/items/house%2F0")
    assert item.headers["allow"] == "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"
    assert item.headers["accept-patch"] == "application/merge-patch+json"
    asked = {"Origin": "https://map.example", "Access-Control-Request-Method": "PATCH"}
    preflight = twin.client.options(f"{twin.url}/collections/trees/items/x", headers=asked)
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    for name in ("If-Match", "Content-Crs", "Authorization", "If-Unmodified-Since", "Prefer"):
        assert name in preflight.headers["access-control-allow-headers"]
    assert twin.client.options(f"{twin.url}/collections/trees").headers["allow"] == "GET, HEAD, OPTIONS"
    assert twin.client.options(f"{twin.url}/nothing/here").status_code == 404
    hidden, absent = (twin.client.options(f"{twin.url}/collections/{name}/items") for name in ("network", "nosuch"))
    assert dict(hidden.headers) | {"date": ""} == dict(absent.headers) | {"date": ""}
    wrong = twin.client.request("PATCH", f"{twin.url}/collections/trees", headers={"Authorization": f"Bearer {twin.keys['parks']}"})
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


# --- attestations, settings, city objects ---------------------------------------------------------------------------------


def test_an_edit_may_be_attested_and_a_false_signature_is_refused(twin: Twin) -> None:
    path = "/collections/trees/items/tree-30"
    signer = Signer(twin.gateway.signing_keys, "parks")
    body = json.dumps({"properties": {"height": 6.5}}).encode()
    token = signer.token(sha256(body).hexdigest(), None)
    false = send(twin, "PATCH", path, body + b" ", Attestation=token.decode())
    assert (false.status_code, false.json()["findings"][0]["rule"]) == (422, "GE-03-EDIT")
    done = send(twin, "PATCH", path, body, Attestation=token.decode())
    assert done.status_code == 204
    verdict = twin.get(done.headers["link"].partition(">")[0][1:].removeprefix(twin.url), key="parks").json()
    assert verdict["attestation"] == sha256(token).hexdigest()
    assert twin.gateway.blobs.has(verdict["attestation"])


def test_a_twin_may_ask_every_change_for_a_condition(twin: Twin) -> None:
    path = "/collections/trees/items/tree-31"
    settings = Settings(log_level="warning", edit_conditions=True)
    gateway = open_gateway(twin.gateway.folder, settings)
    with served(gateway) as url:
        careful = Twin(gateway, url, twin.keys, twin.client)
        unbound = send(careful, "PATCH", path, {"properties": {"height": 1}})
        assert (unbound.status_code, unbound.json()["title"]) == (428, "A condition is needed")
        tag = careful.get(path).headers["etag"]
        assert send(careful, "PATCH", path, {"properties": {"height": 1}}, If_Match=tag).status_code == 204
        assert send(careful, "POST", "/collections/trees/items", tree()).status_code == 201
    gateway.close()


def test_of_two_processes_at_once_one_wins(twin: Twin) -> None:
    """Another process over the same file takes its turn through the same lock."""
    path = "/collections/trees/items/tree-32"
    tag = twin.get(path).headers["etag"]
    script = """
import sys
from pathlib import Path
from gateway.errors import PreconditionFailed
from gateway.services.conditions import Conditions
from gateway.services.edit import Edit
from gateway.wiring import open_gateway
gateway = open_gateway(Path(sys.argv[1]))
edit = Edit("update", "trees", "tree-32", sys.argv[3].encode(), conditions=Conditions(match=frozenset({sys.argv[2]})))
party = gateway.identity.party("parks")
print("ready", flush=True)
sys.stdin.readline()
try:
    print(204 if gateway.editing.edit(edit, party).submission else 0)
except PreconditionFailed as error:
    print(error.status)
gateway.close()
"""
    state = tag.strip('"').partition(".")[0]
    run = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(twin.gateway.folder), state, json.dumps({"properties": {"height": number}})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in (101, 102)
    ]
    for process in run:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in run:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert sorted(process.communicate(timeout=60)[0].strip() for process in run) == ["204", "412"]


def test_a_city_object_keeps_what_geojson_cannot_show(twin: Twin, tmp_path: Path) -> None:
    cube = [[0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0], [0, 0, 5], [10, 0, 5], [10, 10, 5], [0, 10, 5]]
    faces = [[[3, 2, 1, 0]], [[4, 5, 6, 7]], [[0, 1, 5, 4]], [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]
    geometry = {
        "type": "Solid",
        "lod": "2",
        "boundaries": [faces],
        "semantics": {
            "surfaces": [{"type": "GroundSurface"}, {"type": "RoofSurface"}, {"type": "WallSurface"}],
            "values": [[0, 1, 2, 2, 2, 2]],
        },
    }
    city = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [1, 1, 1], "translate": [WEST, SOUTH, 380]},
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/2056"},
        "CityObjects": {
            "b1": {"type": "Building", "attributes": {"use": "flats"}, "geometry": [geometry], "children": ["p1"]},
            "p1": {"type": "BuildingPart", "attributes": {"use": "shop"}, "geometry": [geometry], "parents": ["b1"]},
        },
        "vertices": cube,
    }
    file = tmp_path / "city.city.json"
    file.write_text(json.dumps(city))
    wiring.create(tmp_path / "open")
    gateway = open_gateway(tmp_path / "open", Settings(log_level="warning"))
    operator = gateway.identity.party("operator")
    gateway.publishing.publish(Request(data=str(file), data_name=file.name), operator)
    with served(gateway) as url:
        own = Twin(gateway, url, {"parks": gateway.identity.new_key("operator")}, twin.client)
        path = "/collections/building/items/b1"
        shown = own.get(path).json()
        shown["properties"]["use"] = "school"
        assert send(own, "PUT", path, shown).status_code == 204
        assert send(own, "PATCH", "/collections/building/items/p1", {"properties": {"floors": 1}}).status_code == 204
        after = own.json(path, f="cityjson")["CityObjects"]
        assert after["b1"]["attributes"] == {"use": "school"}
        assert after["p1"]["attributes"] == {"use": "shop", "floors": 1}
        assert len(after["b1"]["geometry"][0]["semantics"]["surfaces"]) == 3
        moved = {"geometry": {"type": "Point", "coordinates": HERE}}
        assert send(own, "PATCH", path, moved).json()["pointer"] == "/geometry"
        assert send(own, "DELETE", path).status_code == 409
        assert send(own, "DELETE", "/collections/building/items/p1").status_code == 204
        assert "children" not in own.json(path, f="cityjson")["CityObjects"]["b1"]
        assert send(own, "DELETE", path).status_code == 204
    gateway.close()
