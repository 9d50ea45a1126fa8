"""GE-26: each answer with features or a record names source, date of actuality and licence; and attestations over HTTP."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

import pytest

from .conftest import Twin
from .test_submissions import parts, sandbox, send, signer, trees

__all__ = ["sandbox"]
BY = "https://opendata.swiss/terms-of-use#terms_by"
CODE = "NonCommercialAllowed-CommercialAllowed-ReferenceRequired"


def linked(header: str) -> tuple[str, str]:
    """The licence's address, and the title of the author's link."""
    licence = next(part for part in header.split(", ") if 'rel="license"' in part)
    author = next(part for part in header.split(", ") if 'rel="author' in part)
    assert author.startswith("<http")
    return licence.partition(">")[0][1:], unquote(author.rpartition("title*=UTF-8''")[2])


@pytest.mark.parametrize(
    ("path", "forms"),
    [
        ("/collections/trees", "json html"),
        ("/collections/trees/items?limit=3", "json html"),
        ("/collections/trees/items/tree-0", "json html jsonld ttl cityjson"),
        ("/datasets/trees", "json html jsonld ttl xml"),
        ("/datasets/plan", "json html jsonld ttl xml"),
        ("/collections/trees/download", "geojson cityjson cityjsonseq geopackage citygml"),
    ],
)
def test_each_representation_names_source_date_and_licence(twin: Twin, path: str, forms: str) -> None:
    for form in forms.split():
        response = twin.client.get(f"{twin.url}{path}{'&' if '?' in path else '?'}f={form}")
        assert response.status_code == 200, response.text
        assert linked(response.headers["link"]) == (BY, "Parks office, 2024-06-01")
        assert "last-modified" in response.headers


@pytest.mark.parametrize(
    "path", ["/collections/trees", "/collections/trees/items?limit=1", "/collections/trees/items/tree-0", "/datasets/trees"]
)
def test_json_says_it_in_members(twin: Twin, path: str) -> None:
    body = twin.client.get(f"{twin.url}{path}").json()
    assert (body["attribution"], body["dateOfActuality"], body["license"]) == ("Parks office", "2024-06-01", CODE)


def test_lists_say_it_of_each_entry(twin: Twin) -> None:
    listed = [*twin.json("/collections")["collections"], *twin.json("/datasets")["datasets"]]
    assert len(listed) == 5
    assert {(entry["attribution"], entry["dateOfActuality"], entry["license"]) for entry in listed} == {
        ("Parks office", "2024-06-01", CODE)
    }


def test_the_restricted_datasets_source_is_named_to_its_owner_alone(twin: Twin) -> None:
    own = twin.get("/collections/network/items", key="utility")
    assert own.json()["attribution"] == "Utility"
    assert linked(own.headers["link"])[1] == "Utility, 2024-06-01"
    for path in ("/collections", "/datasets", "/csw?service=CSW&version=3.0.0&request=GetRecords&typeNames=csw:Record"):
        response = twin.get(path)
        assert "Utility" not in response.text + str(response.headers)


@pytest.mark.parametrize("form", ["jsonld", "ttl"])
def test_a_features_graph_says_it_of_its_dataset(twin: Twin, form: str) -> None:
    text = twin.get("/collections/trees/items/tree-0", f=form).text
    assert "Parks office" in text
    assert "2024-06-01" in text
    assert CODE in text


@pytest.mark.parametrize("elements", ["brief", "summary", "full"])
@pytest.mark.parametrize("schema", ["http://www.opengis.net/cat/csw/3.0", "http://www.isotc211.org/2005/gmd"])
def test_catalogue_answers_name_it_for_each_record(twin: Twin, elements: str, schema: str) -> None:
    given = f"service=CSW&version=3.0.0&request=GetRecords&typeNames=csw:Record&elementSetName={elements}&outputSchema={schema}"
    response = twin.client.get(f"{twin.url}/csw?{given}")
    assert response.status_code == 200, response.text
    header = response.headers["link"]
    assert header.count('rel="license"') == 1
    assert header.count('rel="author') == 3
    licence, source = linked(header)
    assert (licence, source) == (BY, "Office of tests, 2024-06-01") or source.startswith("Office des essais")
    one = twin.client.get(
        f"{twin.url}/csw?service=CSW&version=2.0.2&request=GetRecordById&id=record-trees&elementSetName={elements}"
    )
    assert one.headers["link"].count('rel="author') == 1


def test_a_catalogues_answer_without_records_names_none(twin: Twin) -> None:
    assert "link" not in twin.client.get(f"{twin.url}/csw?service=CSW&version=3.0.0&request=GetCapabilities").headers


# --- attestations over HTTP ------------------------------------------------------------------------------------------


def refused(response: Any) -> list[str | None]:
    assert response.status_code == 422, response.text
    body = response.json()
    assert body["counts"].get("GE-03") == 1
    return [finding["found"] for finding in body["findings"] if finding["rule"] == "GE-03"]


def test_a_submission_carries_its_attestation_and_shows_its_digest(sandbox: Twin) -> None:
    response = send(sandbox, **parts("maples"))
    assert response.status_code == 201, response.text
    digest = response.json()["attestation"]
    assert sandbox.gateway.blobs.has(digest)


@pytest.mark.parametrize(
    "token", [b"", b"junk", b"e30.e30.e30", b"eyJhbGciOiJub25lIn0.e30.", b"A" * 20_000, b"\xff\xfe\x00", "é.é.é".encode()]
)
def test_a_forged_attestation_is_422_with_the_rule(sandbox: Twin, token: bytes) -> None:
    form = parts("limes-forged")
    form["files"]["attestation"] = ("a.jws", token)
    assert refused(send(sandbox, **form))
    assert sandbox.get("/datasets/limes-forged", key="operator").status_code == 404


def test_a_huge_attestation_is_413(sandbox: Twin) -> None:
    form = parts("limes-huge")
    form["files"]["attestation"] = ("a.jws", b"A" * 100_000)
    assert send(sandbox, **form).status_code == 413


def test_an_attestation_of_another_party_is_refused(sandbox: Twin) -> None:
    form = parts("willows")
    digests = [sha256(form["files"][name][1]).hexdigest() for name in ("data", "record")]
    form["files"]["attestation"] = ("a.jws", signer(sandbox, "roads").token(*digests))
    assert refused(send(sandbox, **form)) == ["a key that is not the submitter’s"]


def test_a_raw_body_has_its_attestation_in_the_header(sandbox: Twin) -> None:
    assert send(sandbox, **parts("hazels")).status_code == 201
    data = trees().replace(b"park", b"orchard")
    asked = {"dataset": "hazels", "collection": "hazels", "name": "hazels.geojson"}
    token = signer(sandbox, "parks").token(sha256(data).hexdigest())
    response = send(sandbox, content=data, params=asked, headers={"Attestation": token.decode()})
    assert response.status_code == 201, response.text
    assert response.json()["version"] == 2
    assert refused(
        send(sandbox, content=data.replace(b"orchard", b"forest"), params=asked, headers={"Attestation": token.decode()})
    ) == ["other bytes than those sent"]
    both = parts("hazels")
    both["headers"] = {"Attestation": token.decode()}
    assert send(sandbox, **both).status_code == 400


def test_an_attestation_alone_is_nothing_to_publish(sandbox: Twin) -> None:
    response = send(sandbox, files={"attestation": ("a.jws", b"x")})
    assert (response.status_code, response.json()["parameter"]) == (400, "data")
    assert json.loads(response.text)["status"] == 400


def test_a_sparql_answer_names_the_sources_of_what_its_reader_may_see(twin: Twin) -> None:
    query = {"query": "SELECT ?s WHERE { ?s ?p ?o } LIMIT 1"}
    for key in (None, "operator"):
        link = twin.get("/sparql", key=key, **query).headers["link"]
        assert 'rel="license"' in link
        assert 'rel="author describedby"' in link
        assert ("record-network" in link) is (key == "operator")
