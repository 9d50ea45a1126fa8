"""Section Q: query parameters of features and, where they apply, of the catalogue's key-value requests (Q01 to Q09)."""

from __future__ import annotations

import base64
import time

import pytest

from tests.hardening.server import Served

ITEMS = "collections/baseline/items"
ALL = 20
CSW = {"service": "CSW", "version": "2.0.2", "request": "GetRecords", "typenames": "csw:Record", "elementsetname": "brief"}
PLACES = ("exec(java.lang.Runtime)", "__class__.__mro__", "{0.__globals__}", "${jndi:ldap://127.0.0.1/x}", "{{7*7}}", "' OR '1'='1")


def refused(server: Served, parameter: str, path: str = ITEMS, **asked: str) -> None:
    """400 by name, within a second."""
    begun = time.monotonic()
    answer = server.client.get(server.url + path, params=asked)
    assert time.monotonic() - begun < 1.0
    server.demand_well()
    assert answer.status_code == 400, answer.text[:300]
    problem = answer.json()
    assert problem["parameter"] == parameter
    assert problem["cure"]
    assert "Traceback" not in answer.text
    assert "gateway/" not in problem["detail"]


@pytest.mark.parametrize(
    "box",
    [
        *("", "1", "1,2", "1,2,3", "1,2,3,4,5", "1,2,3,4,5,6,7", ",,,", "a,b,c,d", "[6,46,7,47]", "(6,46,7,47)", "6;46;7;47"),
        *("6 46 7 47", "6,46,7,", "6,46,7,47,", "6,47,7,46", "nan,46,7,47", "inf,46,7,47", "-inf,-inf,inf,inf", "6,46,7,1e400"),
        *("٣,46,7,47", "6,46,7,0x2f", "6,46,7,4_7", "6,46,NULL,47", "6,46,9,7,47,8", "1," * 5000),
    ],
)
def test_q01_q02_a_box_that_is_none_is_400(box: str, server: Served) -> None:
    refused(server, "bbox", bbox=box)


def test_q02_a_box_across_the_antimeridian_is_one(server: Served) -> None:
    assert server.get(ITEMS, bbox="170,-10,-170,10").json()["numberMatched"] == 0
    assert server.get(ITEMS, bbox="5,-80,-170,80").json()["numberMatched"] == ALL


def test_q03_a_box_filters_whatever_else_is_asked(server: Served) -> None:
    whole = server.get("collections/baseline").json()["extent"]["spatial"]["bbox"][0]
    middle = (whole[0] + whole[2]) / 2
    asked = {"bbox": f"{whole[0]},{whole[1]},{middle},{whole[3]}"}
    ids = None
    for more in ({}, {"sortby": "n"}, {"crs": server.get("collections/baseline").json()["storageCrs"]}, {"kind": "oak"}):
        page = server.get(ITEMS, limit="100", **asked, **more).json()
        found = sorted(feature["id"] for feature in page["features"])
        assert 0 < len(found) < ALL
        assert page["numberMatched"] == len(found)
        assert ids in (None, found)
        ids = found


@pytest.mark.parametrize("text", ["-1", "0", "1.5", "", " ", "+5", "1e3", "0x10", "ten", "٣", "-0", "1,2", "1" * 500])
def test_q04_a_limit_is_400_or_capped_and_never_more_than_the_maximum(text: str, server: Served) -> None:
    answer = server.client.get(server.url + ITEMS, params={"limit": text})
    server.demand_well()
    if answer.status_code == 200:
        assert text.isascii()
        assert text.isdigit()
        assert answer.json()["numberReturned"] <= 10_000
    else:
        assert answer.status_code == 400
        assert answer.json()["parameter"] == "limit"


@pytest.mark.parametrize("text", ["1000000000", "1" + "0" * 400])
def test_q04_a_limit_above_the_maximum_is_the_maximum(text: str, server: Served) -> None:
    answer = server.client.get(server.url + ITEMS, params={"limit": text})
    assert answer.status_code in (200, 400)
    server.demand_well()


@pytest.mark.parametrize("name", ["limit", "bbox", "sortby", "properties", "version", "crs", "f", "datetime", "after", "profile"])
def test_q04_a_parameter_given_twice_is_400(name: str, server: Served) -> None:
    answer = server.client.get(f"{server.url}{ITEMS}?{name}=1&{name}=1")
    assert answer.status_code == 400
    server.demand_well()


@pytest.mark.parametrize(
    "token", ["", "0", "-1", "9223372036854775808", "1" + "0" * 30, "AAAA", "AAAAAAAAAAA=", "../..", "%00", "é", "A" * 50_000]
)
def test_q05_a_place_to_go_on_from_is_a_token_of_ours_or_400(token: str, server: Served) -> None:
    refused(server, "after", after=token)
    refused(server, "after", after=token, sortby="n")


@pytest.mark.parametrize("text", ["", "-1", "1.5", "١", "1" + "0" * 30, "9223372036854775808", "100000000", "10001"])
def test_q05_an_offset_is_bounded_by_the_largest_page(text: str, server: Served) -> None:
    refused(server, "offset", offset=text)


def test_q05_the_far_end_costs_what_the_beginning_costs(server: Served) -> None:
    begun = time.monotonic()
    for key in (2**40, 2**62, 2**63 - 1):
        token = base64.urlsafe_b64encode(key.to_bytes(8)).rstrip(b"=").decode()
        page = server.get(ITEMS, after=token).json()
        assert page["features"] == []
        assert page["numberMatched"] == ALL
    assert time.monotonic() - begun < 1.0


@pytest.mark.parametrize("f", ["../../x", "exe", "json\x00", "", "JSON", "json;q=1", "application/json", "x" * 9000, *PLACES])
def test_q08_a_format_that_is_none_is_400(f: str, server: Served) -> None:
    refused(server, "f", f=f)


@pytest.mark.parametrize(
    ("accept", "statuses"),
    [
        ("*/*;q=NaN", {200, 406}),
        ("*/*;q=-1", {200, 406}),
        ("application/geo+json;q=0", {406}),
        ("image/png", {406}),
        (",".join(f"a/b{n}" for n in range(5_000)), {200, 400, 406, 431}),
        (";;;,,,///", {200, 406}),
        ("application/json" + ";a=b" * 2_000, {200, 406, 431}),
    ],
)
def test_q08_an_accept_header_that_is_odd_does_no_harm(accept: str, statuses: set[int], server: Served) -> None:
    answer = server.client.get(server.url + ITEMS, headers={"Accept": accept})
    server.demand_well()
    assert answer.status_code in statuses


@pytest.mark.parametrize("parameter", ["sortby", "properties", "exclude-properties"])
@pytest.mark.parametrize("text", ["nosuch", "gw_id", "gw_ready", "fid", "rowid", "geom", "gw_digest", *PLACES])
def test_q09_a_property_that_is_unknown_or_hidden_is_400_and_never_evaluated(parameter: str, text: str, server: Served) -> None:
    refused(server, parameter, **{parameter: text})


@pytest.mark.parametrize("text", ["nosuch", "gw_id", "__class__", *PLACES])
def test_q09_a_filter_on_what_is_not_there_is_400(text: str, server: Served) -> None:
    refused(server, text, **{text: "1"})


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        *(("version", text) for text in ("0", "-1", "1.5", "9" * 40, "٣", "1;2", "../1", "main")),
        *(("as-of", text) for text in ("", "now", "2020-02-30", "2020-01-01T25:00:00Z", "1e9", "0000-00-00", "9" * 40)),
        *(("datetime", text) for text in ("", "yesterday", "2020-13-01", "2021-01-01/2020-01-01", "a/b", "1/2/3", "\x00")),
        *(("profile", text) for text in ("", "nosuch", "../x", "http://127.0.0.1/p", "a," * 500)),
    ],
)
def test_versions_times_and_profiles_that_are_none_are_400(parameter: str, text: str, server: Served) -> None:
    refused(server, parameter, **{parameter: text})


@pytest.mark.parametrize(
    "asked",
    [
        *({"startposition": text} for text in ("-1", "0", "1.5", "x", "1" + "0" * 30, "9223372036854775808")),
        *({"maxrecords": text} for text in ("-1", "1.5", "x", "1" + "0" * 400)),
        *({"elementsetname": text} for text in ("nosuch", "../x", *PLACES)),
        *({"sortby": text} for text in ("nosuch:A", "dc:title:SIDEWAYS", *PLACES)),
        *({"outputformat": text} for text in ("../../x", "exe")),
        *({"outputschema": text} for text in ("file:///etc/passwd", "http://127.0.0.1/x")),
        {"bbox": "1,2,3"},
        {"bbox": "nan,nan,nan,nan"},
    ],
    ids=str,
)
def test_the_catalogue_answers_the_same_with_an_exception_or_with_records(asked: dict[str, str], server: Served) -> None:
    begun = time.monotonic()
    answer = server.client.get(f"{server.url}csw", params={**CSW, **asked})
    assert time.monotonic() - begun < 5.0
    server.demand_well()
    assert answer.status_code in (200, 400, 403)
    assert "Traceback" not in answer.text
    assert "root:x:" not in answer.text
    assert answer.text.count("BriefRecord>") <= 2 * 100
