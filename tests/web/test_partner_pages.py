"""What a partner does in a browser: signs in with the key, reads why a delivery was refused, takes a collection away."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from browser import CHROMIUM, opened

from gateway.services import downloads
from tests.conftest import Demo

from .conftest import Twin

HTML = {"Accept": "text/html"}


def test_signing_in_is_the_browsers_own_prompt(twin: Twin) -> None:
    page = twin.get("/sign-in", headers=HTML)
    assert page.status_code == 200
    assert "/sign-in/key" in page.text
    asked = twin.get("/sign-in/key", headers=HTML)
    assert asked.status_code == 401
    assert asked.headers["WWW-Authenticate"].startswith("Basic ")
    wrong = twin.client.get(f"{twin.url}/sign-in/key", headers=HTML, auth=("parks", "twin_wrong"))
    assert wrong.status_code == 401
    assert wrong.headers["WWW-Authenticate"].startswith("Basic ")
    inside = twin.client.get(f"{twin.url}/sign-in/key", headers=HTML, auth=("anything", twin.keys["parks"]))
    assert (inside.status_code, inside.headers["Location"]) == (303, "/submissions")
    read = twin.client.get(f"{twin.url}/", headers=HTML, auth=("anything", twin.keys["parks"]))
    assert ">Parks office</a>" in read.text
    assert read.headers["Cache-Control"] == "private, no-cache"


def test_what_a_browser_repeats_unasked_writes_nothing(twin: Twin) -> None:
    sent = twin.client.post(f"{twin.url}/submissions", content=b"{}", headers=HTML, auth=("anything", twin.keys["parks"]))
    assert sent.status_code == 401


def test_what_is_not_found_may_be_behind_a_key(twin: Twin) -> None:
    for path in ("/collections/network", "/collections/nothing", "/submissions/s-0"):
        page = twin.get(path, headers=HTML)
        assert page.status_code == 404
        assert 'href="/sign-in"' in page.text
        assert "perhaps" not in page.text


def test_the_collections_page_names_the_size_of_a_file_once_it_is_made(twin: Twin) -> None:
    def buttons() -> tuple[str, list[str]]:
        page = twin.get("/collections/houses", headers=HTML, lang="fr")
        return page.headers["ETag"], re.findall(r'rel="enclosure"[^>]*download>([^<]+)( <b>[^<]*</b>)?</a>', page.text)

    twin.client.get(f"{twin.url}/collections/houses/download?f=citygml")
    tag, found = buttons()
    assert [title for title, _ in found] == [format.title for format in downloads.FORMATS]
    assert re.fullmatch(r" <b>\d+([,]\d)?\xa0(ko|octets)</b>", dict(found)["CityGML 2.0"])
    assert buttons()[0] == tag


@pytest.fixture(scope="module")
def refused(demo: Demo) -> str:
    """The address of the demo's refused delivery."""
    headers = {"Authorization": f"Bearer {demo.key('roads')}"}
    (entry,) = httpx.get(f"{demo.url}/submissions", headers=headers).json()["submissions"]
    return f"/submissions/{entry['id']}"


def test_a_refused_delivery_says_what_where_and_how_to_mend_it(demo: Demo, refused: str) -> None:
    page = httpx.get(f"{demo.url}{refused}?lang=fr", headers=HTML, auth=("roads", demo.key("roads"))).text
    assert "Que faire maintenant" in page
    assert "gateway check FICHIER --charter sitg" in page
    marks = re.findall(r'id="finding-(\d+)"', page)
    assert marks == [str(n) for n in range(1, len(marks) + 1)]
    assert len(marks) >= 3
    assert page.count('class="mark ') == len(marks)
    assert page.count("Comment corriger") == len(re.findall(r'<article class="finding ', page))
    english = httpx.get(f"{demo.url}{refused}?lang=en", headers=HTML, auth=("roads", demo.key("roads"))).text
    assert "What to do now" in english
    assert httpx.get(f"{demo.url}{refused}", headers=HTML).status_code == 404


@pytest.mark.service
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; .ci/run installs it")
def test_a_browser_signs_in_and_lists_the_deliveries(demo: Demo, refused: str, tmp_path: Path) -> None:
    whose = demo.url.replace("http://", f"http://roads:{demo.key('roads')}@")
    document, log = opened(f"{whose}/sign-in/key", tmp_path, "Bureau")
    assert refused in document
    assert "Uncaught" not in log
