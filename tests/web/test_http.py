"""What all answers share: methods, CORS, conditional requests, languages, problems, sizes (hardening H06, H07, Q08)."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
import yaml

from gateway.services.query import QueryService
from gateway.web import messages

from .conftest import Twin, open_twin, served


@pytest.mark.parametrize(
    "path", ["/", "/collections", "/collections/trees/items", "/collections/trees/items/tree-0", "/api", "/health"]
)
def test_head_is_get_without_the_body(twin: Twin, path: str) -> None:
    got, head = twin.get(path), twin.client.head(f"{twin.url}{path}")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers["content-length"] == got.headers["content-length"]
    assert head.headers.get("etag") == got.headers.get("etag")


def test_options_says_what_may_be_done_from_anywhere(twin: Twin) -> None:
    response = httpx.options(
        f"{twin.url}/collections/trees/items", headers={"Origin": "https://map.example", "Access-Control-Request-Method": "GET"}
    )
    assert response.status_code == 200
    assert response.headers["access-control-allow-methods"] == response.headers["allow"]
    assert "GET" in response.headers["allow"]
    assert response.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in response.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in response.headers


def test_any_page_may_read_open_data_and_its_headers(twin: Twin) -> None:
    headers = twin.get("/collections/trees/items", headers={"Origin": "https://map.example"}).headers
    assert headers["access-control-allow-origin"] == "*"
    assert "Content-Crs" in headers["access-control-expose-headers"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_a_method_nobody_offers_is_405(twin: Twin, method: str) -> None:
    response = httpx.request(method, f"{twin.url}/collections/trees")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/collections",
        "/collections/trees",
        "/collections/trees/items",
        "/collections/trees/items/tree-0",
        "/datasets",
        "/datasets/trees",
        "/api",
    ],
)
def test_what_the_caller_has_already_is_304(twin: Twin, path: str) -> None:
    tag = twin.get(path).headers["etag"]
    for header in (tag, f'"x", {tag}', tag.removeprefix("W/"), "*"):
        again = twin.get(path, headers={"If-None-Match": header})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == tag
        assert "vary" in again.headers
    assert twin.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_another_representation_has_another_validator(twin: Twin) -> None:
    path = "/collections/trees/items"
    tags = {
        twin.get(path).headers["etag"],
        twin.get(path, f="html").headers["etag"],
        twin.get(path, limit=3).headers["etag"],
        twin.get(path, headers={"Accept-Language": "fr"}).headers["etag"],
        twin.get(path, headers={"Accept": "text/html"}).headers["etag"],
    }
    assert len(tags) == 5


def test_a_publication_changes_the_validator(twin: Twin) -> None:
    before = twin.get("/collections").headers["etag"]
    twin.gateway.identity.add_party("late", "Late")
    assert twin.get("/collections", headers={"If-None-Match": before}).status_code in (200, 304)
    assert "last-modified" in twin.get("/collections/trees/items").headers


def test_language_follows_lang_then_the_header(twin: Twin) -> None:
    assert twin.get("/collections", headers={"Accept-Language": "fr-CH"}).headers["content-language"] == "fr"
    assert twin.get("/collections", lang="fr", headers={"Accept-Language": "en"}).headers["content-language"] == "fr"
    assert twin.json("/datasets/trees", lang="fr")["title"] == "Trees (fr)"
    assert "Accept-Language" in twin.get("/collections").headers["vary"]
    assert twin.get("/collections", lang="xx").json()["parameter"] == "lang"


@pytest.mark.parametrize("f", ["../../x", "exe", "", "JSON"])
def test_an_unknown_representation_is_400(twin: Twin, f: str) -> None:
    assert twin.get("/collections", f=f).json()["parameter"] == "f"


def test_a_type_nobody_offers_is_406_and_nonsense_is_harmless(twin: Twin) -> None:
    assert twin.get("/collections", headers={"Accept": "image/png"}).status_code == 406
    assert twin.get("/collections", headers={"Accept": "*/*;q=NaN"}).json()["collections"]
    assert twin.get("/collections", headers={"Accept": "a/b;q=1," * 2000}).status_code == 406


def test_a_problem_is_a_page_for_a_browser(twin: Twin) -> None:
    response = twin.get("/collections/nosuch", headers={"Accept": "text/html", "Accept-Language": "fr"})
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert "Introuvable" in response.text


def test_the_type_of_a_problem_leads_to_its_explanation(twin: Twin) -> None:
    kind = twin.get("/collections/nosuch").json()["type"]
    page, _, anchor = kind.partition("#")
    assert f'id="{anchor}"' in httpx.get(page).text


def test_a_thousand_parameters_are_refused(twin: Twin) -> None:
    assert twin.client.get(f"{twin.url}/collections?{'&'.join(f'a{n}=1' for n in range(1000))}").status_code == 400


def test_a_body_where_none_belongs_is_capped(twin: Twin) -> None:
    response = twin.client.post(
        f"{twin.url}/sparql", content=b"x" * 1_100_000, headers={"Content-Type": "application/sparql-query"}
    )
    assert response.status_code == 413


def test_a_compressed_body_is_not_unpacked(twin: Twin) -> None:
    headers = {"Content-Encoding": "gzip", "Authorization": f"Bearer {twin.keys['parks']}"}
    assert twin.client.post(f"{twin.url}/submissions", content=b"\x1f\x8b", headers=headers).status_code == 415


def test_ranges_of_static_files_stay_cheap(twin: Twin) -> None:
    ranges = "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(0, 12_000, 3))
    assert twin.client.get(f"{twin.url}/static/style.css", headers={"Range": ranges}, timeout=5).status_code in (200, 206, 400, 416)


def test_pages_carry_a_policy_that_lets_nothing_foreign_in(twin: Twin) -> None:
    for path in ("/", "/collections/trees", "/collections/nosuch"):
        policy = twin.get(path, headers={"Accept": "text/html"}).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy


def test_health_reads_the_store(twin: Twin) -> None:
    response = twin.get("/health")
    assert response.json()["status"] == "ok"
    assert response.headers["cache-control"] == "no-store"


class Broken:
    """A store that cannot be read."""

    def reading(self) -> None:
        raise OSError("the disk is gone: /secret/place")


def test_health_fails_when_the_store_cannot_be_read(tmp_path: Path) -> None:
    gateway = open_twin(tmp_path / "t")
    with served(gateway) as url:
        assert httpx.get(f"{url}/health").status_code == 200
        gateway.queries = QueryService(Broken(), gateway.charter, gateway.settings)  # type: ignore[arg-type]
        response = httpx.get(f"{url}/health")
        assert response.status_code == 503
        assert "secret" not in response.text
        for path in ("/collections", "/collections/trees/items"):
            failed = httpx.get(f"{url}{path}")
            assert failed.status_code == 500
            assert failed.json()["detail"] == "the server failed; its log says why"
    gateway.close()


def test_the_fast_path_and_the_routes_give_the_same_answers(twin: Twin) -> None:
    """Hot reads are answered ahead of FastAPI's routing; both ways must be one (design, section 6)."""
    paths = [
        "/collections/trees/items",
        "/collections/trees/items?limit=3&usage=park",
        "/collections/trees/items?bbox=6,46,7,47&limit=1000",
        "/collections/trees/items?nosuch=1",
        "/collections/trees/items?f=html",
        "/collections/trees/items/tree-1",
        "/collections/trees/items/tree-1?f=html&lang=fr",
        "/collections/trees/items/nosuch",
        "/collections/houses/items/house%2F1",
        "/collections/network/items",
        "/collections/network/items/pipe-1",
    ]
    with served(twin.gateway, use_fast=False) as url:
        for path in paths:
            one, two = twin.client.get(f"{twin.url}{path}"), httpx.get(f"{url}{path}")
            assert one.status_code == two.status_code
            plain = [
                re.sub(r'"timeStamp":"[^"]*"', "", response.text).replace(base, "")
                for response, base in ((one, twin.url), (two, url))
            ]
            assert plain[0] == plain[1]
            ignored = {"date", "etag", "content-length"}
            assert {k: v.replace(twin.url, "") for k, v in one.headers.items() if k not in ignored} == {
                k: v.replace(url, "") for k, v in two.headers.items() if k not in ignored
            }


@pytest.mark.parametrize(
    ("path", "title", "detail", "cure"),
    [
        ("/collections/nosuch", "Introuvable", "il n’y a pas de telle collection", None),
        ("/collections?colour=red", "Un paramètre n'est pas correct", "il n’y a pas de tel paramètre ici", "connus : f, lang"),
        ("/collections/trees/items?limit=none", None, "pas un nombre entier à partir de 1", "1 to 10000"),
        ("/collections/trees/items?height=tall", None, "pas une valeur de type number", None),
    ],
)
def test_a_problem_speaks_the_callers_language(twin: Twin, path: str, title: str | None, detail: str, cure: str | None) -> None:
    french = twin.client.get(f"{twin.url}{path}", headers={"Accept-Language": "fr"})
    assert french.headers["content-language"] == "fr"
    problem = french.json()
    assert problem["detail"] == detail
    assert title in (None, problem["title"])
    assert cure in (None, problem.get("cure"))
    english = twin.client.get(f"{twin.url}{path}").json()
    assert (english["detail"] != detail, english["type"]) == (True, problem["type"])


def test_every_french_sentence_fills_the_gaps_of_its_english() -> None:
    gaps = re.compile(r"\{\d\}")
    with (Path(messages.__file__).parent / "said-fr.yaml").open(encoding="utf-8") as stream:
        found = yaml.safe_load(stream)
    for english, french in found.items():
        assert sorted(gaps.findall(english)) == sorted(gaps.findall(french)), english
        assert messages.said(english, "fr") == french
    assert messages.said("the id 'a' is not offered", "fr") == "the id 'a' is not offered"


def test_every_resource_refuses_parameters_it_has_not(twin: Twin) -> None:
    """OGC 17-069r4, /req/core/query-param-unknown; CSW has a parameter language of its own."""
    filled = {
        "collectionId": "trees",
        "featureId": "tree-1",
        "datasetId": "trees",
        "processId": "echo",
        "tileMatrixSetId": "WebMercatorQuad",
        "tileMatrix": "0",
        "tileRow": "0",
        "tileCol": "0",
        "styleId": "default",
    }
    wrong = {}
    for path, operations in twin.json("/api")["paths"].items():
        address = re.sub(r"\{(\w+)\}", lambda match: filled.get(match[1], "x"), path)
        if "get" in operations:
            answer = twin.get(address, nosuch="1", key="operator")
            if answer.status_code != 400:
                wrong[path] = answer.status_code
    assert wrong == {}
