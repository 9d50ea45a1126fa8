"""Cascaded collections: somebody else's features under our access decision, links, systems and errors."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.errors import Conflict, UsageError
from gateway.federation import cascades
from gateway.settings import Settings
from tests.conftest import Demo

from .conftest import EGRESS, OAPIF, WFS, Client, client, definition, make


def test_all_pages_of_a_remote_collection_hold_what_the_remote_holds(cascading: Client, theirs: dict[str, Any]) -> None:
    address: str | None = "/collections/their-trees/items?limit=300"
    found = []
    while address is not None:
        page = cascading.get(address).json()
        assert page["numberMatched"] == len(theirs["features"])
        found += page["features"]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert [feature["id"] for feature in found] == [feature["id"] for feature in theirs["features"]]
    assert [feature["properties"] for feature in found] == [feature["properties"] for feature in theirs["features"]]
    assert [feature["geometry"] for feature in found] == [feature["geometry"] for feature in theirs["features"]]


def test_links_of_a_remote_page_are_ours(cascading: Client) -> None:
    page = cascading.get("/collections/their-trees/items?limit=2").json()
    assert all(link["href"].startswith(cascading.url) for link in page["links"] if link["rel"] != "license")


def test_a_remote_feature_is_had_by_its_id_and_an_unknown_one_is_404(cascading: Client, theirs: dict[str, Any]) -> None:
    wanted = theirs["features"][3]
    found = cascading.get(f"/collections/their-trees/items/{wanted['id']}")
    assert found.status_code == 200 and found.json()["properties"] == wanted["properties"]
    assert cascading.get("/collections/their-trees/items/no-such-tree").status_code == 404


def test_boxes_systems_and_properties_work_as_on_our_own(cascading: Client, theirs: dict[str, Any]) -> None:
    west, south = theirs["features"][0]["geometry"]["coordinates"][:2]
    box = f"{west - 1e-6},{south - 1e-6},{west + 1e-6},{south + 1e-6}"
    near = cascading.get("/collections/their-trees/items", params={"bbox": box}).json()
    assert theirs["features"][0]["id"] in [feature["id"] for feature in near["features"]]
    assert near["numberMatched"] < len(theirs["features"])
    latitude_first = cascading.get(
        "/collections/their-trees/items", params={"limit": 1, "crs": "http://www.opengis.net/def/crs/EPSG/0/4326"}
    )
    assert latitude_first.headers["content-crs"] == "<http://www.opengis.net/def/crs/EPSG/0/4326>"
    assert latitude_first.json()["features"][0]["geometry"]["coordinates"][:2] == pytest.approx([south, west])
    assert cascading.get("/collections/their-trees/items", params={"nonsense": "x"}).status_code == 400


def test_a_remote_collection_of_a_hidden_dataset_does_not_exist(cascading: Client) -> None:
    listed = cascading.get("/collections").json()["collections"]
    assert [entry["id"] for entry in listed] == ["their-trees"]
    for path in ("", "/items", "/items/1", "/schema", "/queryables", "/coverage"):
        hidden = cascading.get(f"/collections/hidden-trees{path}")
        absent = cascading.get(f"/collections/no-such-trees{path}")
        assert (hidden.status_code, hidden.json()["title"]) == (absent.status_code, absent.json()["title"]) == (404, "Not found")


def test_a_remote_collection_says_whose_it_is(cascading: Client) -> None:
    found = cascading.get("/collections/their-trees").json()
    assert found["dataset"] == "transport" and found["attribution"]
    assert not [link for link in found["links"] if link["rel"] == "enclosure"]
    assert found["extent"]["spatial"]["bbox"] == [[6.0, 46.0, 6.3, 46.4]]


def test_the_same_question_may_have_another_answer_so_no_validator_is_kept(cascading: Client) -> None:
    first = cascading.get("/collections/their-trees/items?limit=1")
    again = cascading.get("/collections/their-trees/items?limit=1", headers={"If-None-Match": first.headers.get("etag", '"x"')})
    assert again.status_code == 200


def test_a_service_that_is_down_fails_its_own_collection_alone(tmp_path: Path, demo: Demo) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{taken.getsockname()[1]}/collections/x"
    fields = [{"name": "height", "type": "number"}]
    alive = definition("alive", f"{demo.url}/collections/trees", OAPIF)
    with client(make(tmp_path / "twin", definition("down", dead, OAPIF, fields=fields), alive)) as found:
        assert found.get("/collections/down/items").status_code == 502
        problem = found.get("/collections/down/items/1")
        assert problem.status_code == 502 and dead not in problem.text and dead.split(":")[2][:5] not in problem.text
        assert found.get("/collections/alive/items").status_code == 200
        assert len(found.get("/collections").json()["collections"]) == 2
        assert found.get("/collections/down").status_code == 200


def test_a_service_that_never_answers_is_504_in_time_and_the_next_question_is_asked(tmp_path: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        held: list[socket.socket] = []
        threading.Thread(target=lambda: held.append(mute.accept()[0]), daemon=True).start()
        address = f"http://127.0.0.1:{mute.getsockname()[1]}/collections/x"
        settings = Settings(allowed_egress=("127.0.0.1",), cascade_seconds=1.0, log_level="error")
        silent = definition("silent", address, OAPIF, fields=[{"name": "a"}])
        with client(make(tmp_path / "twin", silent, settings=settings), settings) as found:
            assert found.get("/collections/silent/items").status_code == 504
            assert found.get("/health").status_code == 200
        for connection in held:
            connection.close()


def test_a_provider_whose_process_dies_is_started_anew(cascading: Client) -> None:
    assert cascading.get("/collections/their-trees/items?limit=1").status_code == 200
    _, host = cascading.gateway.cascaded.cascade("their-trees")
    os.kill(host._process.pid, signal.SIGKILL)
    host._process.wait()
    assert cascading.get("/collections/their-trees/items?limit=1").status_code == 200


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:9/collections/x", "http://localhost/collections/x", "http://169.254.169.254/x", "file:///etc/passwd"],
)
def test_an_address_inside_is_not_cascaded(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError, match=r"public internet|http and https"):
        make(tmp_path / "twin", definition("inside", address, OAPIF), settings=Settings())


def test_a_provider_of_pygeoapi_is_held_to_the_egress_rules_at_every_connection(tmp_path: Path, demo: Demo) -> None:
    """The Socrata and ESRI providers ask by `requests`; the rules hold for whatever connects in that process."""
    code = (
        "import sys; sys.argv=['x']\n"
        "from gateway.federation.hostside import guard\n"
        "guard([])\n"
        "import requests\n"
        f"requests.get('{demo.url}/health', timeout=5)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode != 0 and "not on the public internet" in run.stderr
    allowed = code.replace("guard([])", "guard(['127.0.0.1'])")
    assert subprocess.run([sys.executable, "-c", allowed], capture_output=True, check=False).returncode == 0


def test_a_definition_says_what_is_wrong_with_it(tmp_path: Path, demo: Demo) -> None:
    good = definition("trees-there", f"{demo.url}/collections/trees", OAPIF)
    folder = make(tmp_path / "twin", good)
    path = tmp_path / "x.yaml"
    for change, told in (
        ({"collection": "../x"}, "collection is no identifier"),
        ({"collekshun": 1}, "collekshun"),
        ({"provider": {"name": "x"}}, "provider has no name and data"),
        ({"provider": {"name": "x", "data": "y", "type": "tile"}}, "type tile"),
        ({"provider": {"name": "x", "data": "/vsicurl/http://x/y", "type": "coverage"}}, "/vsi"),
        ({"extent": [1, 2]}, "extent"),
        ({"fields": "x"}, "fields"),
        ({"title": 3}, "title"),
    ):
        path.write_text(yaml.safe_dump({**good, **change}))
        with pytest.raises(UsageError, match=told):
            cascades.add(folder, path, EGRESS)
    path.write_text(yaml.safe_dump(good))
    with pytest.raises(Conflict):
        cascades.add(folder, path, EGRESS)
    cascades.remove(folder, "trees-there")
    assert cascades.load(folder) == []


@pytest.mark.service
def test_a_feature_type_of_a_real_wfs_is_a_collection(mapserver: str, stops: dict[str, Any], tmp_path: Path) -> None:
    wanted = definition(
        "stops", mapserver, WFS, provider={"options": {"typename": "stops"}, "id_field": "ident"}, extent=[6.0, 46.0, 6.3, 46.4]
    )
    with client(make(tmp_path / "twin", wanted)) as found:
        address: str | None = "/collections/stops/items?limit=20"
        features = []
        while address is not None:
            page = found.get(address).json()
            assert page["numberMatched"] == 57
            features += page["features"]
            address = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
        names = {feature["properties"]["name"] for feature in features}
        assert names == {feature["properties"]["name"] for feature in stops["features"]} and len(features) == 57
        first = next(feature for feature in features if feature["properties"]["ident"] == "s0")
        assert first["geometry"]["coordinates"] == pytest.approx([6.1, 46.2])
        box = found.get("/collections/stops/items", params={"bbox": "6.0995,46.19,6.1025,46.21"}).json()
        assert sorted(feature["properties"]["ident"] for feature in box["features"]) == ["s0", "s1", "s2"]
        assert found.get(f"/collections/stops/items/{first['id']}").json()["properties"]["ident"] == "s0"
        quoted = found.get("/collections/stops/items", params={"name": "O'Brien 3"}).json()
        assert [feature["properties"]["ident"] for feature in quoted["features"]] == ["s3"]
        assert found.get("/collections/stops/items/nothing").status_code == 404


def test_a_remote_collection_is_changed_where_it_is(cascading: Client) -> None:
    key = cascading.gateway.identity.new_key("city")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/geo+json"}
    refused = cascading.http.post(f"{cascading.url}/collections/their-trees/items", content=b"{}", headers=headers)
    assert refused.status_code == 403
    assert refused.json()["cure"] == "change it there"
    assert cascading.get("/collections/their-trees").json()["supportsNonAutogeneratedResourceIds"] is False
