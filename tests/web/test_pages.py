"""Pages: complete, in two languages, escaped, and without anything from elsewhere (Features Part 1, html class)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import wiring
from gateway.model.submission import Request
from gateway.settings import Settings
from gateway.web.app import STATIC
from gateway.web.messages import catalogue

from .conftest import Twin, feature, geojson, served

PAGES = (
    "/",
    "/conformance",
    "/api",
    "/collections",
    "/collections/trees",
    "/collections/trees/schema",
    "/collections/trees/queryables",
    "/collections/trees/items",
    "/collections/trees/items/tree-1",
    "/collections/houses/items/house%2F1",
    "/datasets",
    "/datasets/trees",
    "/datasets/plan",
    "/submissions",
    "/sparql",
)
EVIL = '<script>alert("x")</script>\'"&{{7*7}}'


class Document(HTMLParser):
    """What a page refers to, and how its elements nest."""

    VOID = frozenset({"meta", "link", "img", "br", "input", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[tuple[str, str]] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.attributes.append((tag, found))
        self.references += [(tag, found[name] or "") for name in ("src", "href") if name in found]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


def page(twin: Twin, path: str, language: str = "en", key: str | None = "operator") -> str:
    headers = {"Accept": "text/html", "Accept-Language": language}
    response = twin.get(path, key=key, headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-language"] == language
    return response.text


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_page_is_whole_and_loads_nothing_from_elsewhere(twin: Twin, path: str, language: str) -> None:
    text = page(twin, path, language)
    document = Document(text)
    assert f'<html lang="{language}">' in text
    assert not document.faults
    assert document.open == []
    for tag, address in document.references:
        if tag in ("script", "link", "img"):
            assert address.startswith("/static/")
    for tag, attributes in document.attributes:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert tag != "script" or attributes.get("src")
        assert tag != "img" or "alt" in attributes


def test_every_link_inside_the_pages_leads_somewhere(twin: Twin) -> None:
    seen: set[str] = set()
    for path in PAGES:
        for tag, address in Document(page(twin, path)).references:
            if address.startswith(("http", "#", "mailto")) or address in seen or tag not in ("a", "script", "link", "img"):
                continue
            seen.add(address)
            response = twin.get(address, key="operator")
            assert response.status_code == 200, address
    assert len(seen) > 50


def test_the_language_chosen_by_hand_stays(twin: Twin) -> None:
    text = twin.get("/collections", lang="fr", headers={"Accept": "text/html"}).text
    links = [address for tag, address in Document(text).references if tag == "a" and address.startswith("/collections/")]
    assert links
    assert all("lang=fr" in address for address in links)


def test_both_languages_have_the_same_words() -> None:
    english, french = catalogue("en"), catalogue("fr")
    assert english.keys() == french.keys()
    for key, text in english.items():
        assert text.strip()
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", french[key]) or sorted(re.findall(r"{\w+}", text)) == sorted(
            re.findall(r"{\w+}", french[key])
        )


def test_html_content_the_items_page_shows_what_the_json_says(twin: Twin) -> None:
    text = page(twin, "/collections/trees/items?limit=25")
    for entry in twin.json("/collections/trees/items", limit=25)["features"]:
        assert f">{entry['id']}<" in text
    assert 'rel="next"' in text


def test_html_content_the_item_page_shows_every_attribute(twin: Twin) -> None:
    text = page(twin, "/collections/trees/items/tree-4")
    for name, value in twin.json("/collections/trees/items/tree-4")["properties"].items():
        assert f">{name}<" in text
        assert f">{value}<" in text


def test_a_dataset_shows_owner_licence_and_date(twin: Twin) -> None:
    for path in ("/", "/datasets/trees", "/collections/trees", "/collections/trees/items/tree-1"):
        text = page(twin, path, key=None)
        assert "Parks office" in text
        assert "Open use with source" in text
        assert re.search(r"\d{1,2} \w+ 20\d\d", text)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A twin whose publisher puts markup everywhere it can."""
    folder = tmp_path_factory.mktemp("hostile")
    wiring.create(folder / "t", title=f"Twin {EVIL}")
    gateway = wiring.open_gateway(folder / "t", Settings(log_level="warning"))
    file = folder / "evil.geojson"
    at: dict[str, Any] = {"type": "Point", "coordinates": [2_500_000, 1_118_000]}
    file.write_bytes(
        geojson([feature(EVIL, at, {"name": EVIL, EVIL: EVIL, "url": "javascript:alert(1)", "nested": {EVIL: [EVIL]}})])
    )
    gateway.publishing.publish(Request(data=str(file), data_name=file.name), gateway.identity.party("operator"))
    with served(gateway) as url:
        yield url
    gateway.close()


def test_what_a_publisher_writes_is_text_and_never_markup(hostile: str) -> None:
    item = httpx.get(f"{hostile}/collections/evil/items").json()["features"][0]["id"]
    assert item == EVIL
    address = str(
        httpx.URL(f"{hostile}/collections/evil/items/").copy_with(
            raw_path=b"/collections/evil/items/" + "".join(f"%{byte:02X}" for byte in item.encode()).encode()
        )
    )
    paths = (
        "/",
        "/collections",
        "/collections/evil",
        "/collections/evil/schema",
        "/collections/evil/items",
        "/datasets",
        "/datasets/evil",
        f"/collections/{EVIL}",
        f"/collections/evil/items?{EVIL}=1",
    )
    for full in (address, *(f"{hostile}{path}" for path in paths)):
        response = httpx.get(full, headers={"Accept": "text/html"})
        assert response.status_code in (200, 400, 404)
        assert "<script>alert" not in response.text
        assert 'href="javascript' not in response.text
        assert not Document(response.text).faults


def test_the_browser_library_is_shipped_and_its_absence_is_said() -> None:
    assert (STATIC / "vendor" / "maplibre-gl.mjs").stat().st_size > 500_000
    assert "data-failed" in (Path(STATIC).parent / "templates" / "collection.html").read_text()
    script = (STATIC / "map.js").read_text()
    assert "element.dataset.failed" in script


def test_no_page_names_a_place_on_the_internet_to_load_from() -> None:
    for file in (*STATIC.glob("*.js"), *STATIC.glob("*.css"), *(STATIC.parent / "templates").glob("*.html")):
        loaded = re.findall(r"""(?:src|href|url|import|from|fetch)\s*[=(]?\s*["'(]?(https?://[^"')\s]+)""", file.read_text())
        assert not [address for address in loaded if not address.startswith("{{")], file.name
