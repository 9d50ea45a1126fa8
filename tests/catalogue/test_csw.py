"""The catalogue by CSW 2.0.2 and 3.0: what is found, what is not seen, what is refused."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from lxml import etree
from smalltwin import CANARY, SmallTwin

from gateway.catalogue import csw
from gateway.model.access import EVERYTHING, Access

CSW2 = "http://www.opengis.net/cat/csw/2.0.2"
CSW3 = "http://www.opengis.net/cat/csw/3.0"
RECORDS = {
    "2.0.2": "service=CSW&version=2.0.2&request=GetRecords&typenames=csw:Record&elementsetname=full&resulttype=results",
    "3.0.0": "service=CSW&version=3.0.0&request=GetRecords&typenames=csw:Record&elementsetname=full",
}
BOTH = pytest.mark.parametrize("release", ["2.0.2", "3.0.0"])


def ids(answer) -> list[str]:
    assert answer.status == 200, answer.body
    root = etree.fromstring(answer.body)
    return [found.text for found in root.iter("{http://purl.org/dc/elements/1.1/}identifier")]


def matched(answer) -> int:
    root = etree.fromstring(answer.body)
    return int(next(root.iter("{*}SearchResults")).get("numberOfRecordsMatched"))


def cql(text: str, release: str = "2.0.2") -> str:
    return f"{RECORDS[release]}&constraintlanguage=CQL_TEXT&constraint_language_version=1.1.0&constraint={quote(text)}"


def posted(condition: str, release: str = "2.0.2", sort: str = "") -> bytes:
    if release == "2.0.2":
        spaces = f'xmlns:csw="{CSW2}" xmlns:ogc="http://www.opengis.net/ogc" xmlns:gml="http://www.opengis.net/gml"'
        inner = f'<csw:Constraint version="1.1.0"><ogc:Filter>{condition}</ogc:Filter></csw:Constraint>{sort}'
        return (
            f'<csw:GetRecords {spaces} service="CSW" version="2.0.2" resultType="results"><csw:Query typeNames="csw:Record">'
            f"<csw:ElementSetName>brief</csw:ElementSetName>{inner}</csw:Query></csw:GetRecords>"
        ).encode()
    spaces = f'xmlns:csw="{CSW3}" xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"'
    inner = f'<csw:Constraint version="2.0.0"><fes:Filter>{condition}</fes:Filter></csw:Constraint>'
    return (
        f'<csw:GetRecords {spaces} service="CSW" version="3.0.0"><csw:Query typeNames="csw:Record">'
        f"<csw:ElementSetName>brief</csw:ElementSetName>{inner}</csw:Query></csw:GetRecords>"
    ).encode()


@BOTH
def test_the_capabilities_name_what_is_offered_and_nothing_that_writes(ask, release: str) -> None:
    answer = ask(f"service=CSW&version={release}&acceptversions={release}&request=GetCapabilities")
    assert answer.status == 200
    root = etree.fromstring(answer.body)
    assert root.get("version") == release
    operations = {found.get("name") for found in root.iter("{*}Operation")}
    assert {"GetRecords", "GetRecordById", "GetDomain", "DescribeRecord"} - operations in (set(), {"DescribeRecord"})
    assert not operations & {"Transaction", "Harvest"}
    assert b"Small &amp; sound" in answer.body


@BOTH
def test_a_reader_finds_what_he_may_see(ask, release: str) -> None:
    answer = ask(RECORDS[release])
    assert sorted(ids(answer)) == ["rec-parcels", "rec-plan", "rec-trees"]
    assert matched(answer) == 3
    assert sorted(ids(ask(RECORDS[release], access=EVERYTHING))) == ["rec-heating", "rec-parcels", "rec-plan", "rec-trees"]


def test_the_owner_finds_his_own(ask, twin: SmallTwin) -> None:
    access = Access(levels=frozenset({"A"}), owner=twin.utility.pseudonym)
    assert "rec-heating" in ids(ask(RECORDS["2.0.2"], access=access))


PRYING = [
    *RECORDS.values(),
    cql(f"csw:AnyText like '%{CANARY}%'"),
    cql("dc:identifier = 'rec-heating' or dc:title like '%heating%'"),
    cql("not dc:title = 'x'"),
    "service=CSW&version=2.0.2&request=GetRecordById&id=rec-heating&elementsetname=full",
    "service=CSW&version=3.0.0&request=GetRecordById&id=rec-heating&elementsetname=full",
    "service=CSW&version=2.0.2&request=GetRecordById&id=rec-heating&outputschema=http://www.isotc211.org/2005/gmd",
    "service=CSW&version=2.0.2&request=GetRepositoryItem&id=rec-heating",
    "service=CSW&version=2.0.2&request=GetDomain&propertyname=dc:title",
    "service=CSW&version=3.0.0&request=GetDomain&valuereference=dc:identifier",
    "service=CSW&version=2.0.2&request=GetDomain&propertyname=dct:abstract",
    "service=CSW&version=3.0.0&request=GetRecords&typenames=csw:Record&recordids=rec-heating",
    "mode=opensearch&service=CSW&version=3.0.0&request=GetRecords&typenames=csw:Record&outputformat=application/atom%2Bxml",
    f"service=CSW&version=3.0.0&request=GetRecords&typenames=csw:Record&q={CANARY}",
    "service=CSW&version=3.0.0&request=GetRecords&typenames=csw:Record&bbox=6.1019,46.2,6.1026,46.2005",
]


@pytest.mark.parametrize("query", PRYING)
def test_a_hidden_record_is_in_no_answer(ask, query: str) -> None:
    answer = ask(query)
    assert CANARY.encode() not in answer.body
    assert b"rec-heating" not in answer.body.replace(b"'rec-heating'", b"").replace(b"id=rec-heating", b"")
    assert b"The heating" not in answer.body
    seen = ask(query, access=EVERYTHING)
    assert answer.body != seen.body


def test_a_hidden_record_by_id_answers_as_an_absent_one(ask) -> None:
    for version in ("2.0.2", "3.0.0"):
        hidden, absent = (
            ask(f"service=CSW&version={version}&request=GetRecordById&id={name}") for name in ("rec-heating", "rec-absent1")
        )
        assert hidden.status == absent.status
        assert hidden.body.replace(b"rec-heating", b"") == absent.body.replace(b"rec-absent1", b"")


@BOTH
def test_boxes_are_exact(ask, release: str) -> None:
    answer = ask(RECORDS[release] + "&maxrecords=10")
    root = etree.fromstring(answer.body)
    lower = {found.text for found in root.iter("{*}LowerCorner")}
    assert "46.2 6.1" in lower and "46.2 6.101" in lower


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ("6.1006,46.2,6.1009,46.2005", []),
        ("6.1004,46.2,6.1009,46.2005", ["rec-trees"]),
        ("6.1004,46.2,6.1011,46.2005", ["rec-parcels", "rec-trees"]),
        ("46.2,6.1004,46.2005,6.1009,urn:ogc:def:crs:EPSG::4326", ["rec-trees"]),
        ("170,-10,-170,10", []),
    ],
)
def test_a_box_finds_what_it_touches_and_no_neighbour(ask, box: str, expected: list[str]) -> None:
    assert sorted(ids(ask(f"service=CSW&version=3.0.0&request=GetRecords&typenames=csw:Record&bbox={box}"))) == expected


def test_a_box_in_a_filter_goes_by_the_axis_order_of_its_crs(ask) -> None:
    box = (
        "<ogc:BBOX><ogc:PropertyName>ows:BoundingBox</ogc:PropertyName><gml:Envelope{}><gml:lowerCorner>{}</gml:lowerCorner>"
        "<gml:upperCorner>{}</gml:upperCorner></gml:Envelope></ogc:BBOX>"
    )
    north_first = box.format(' srsName="urn:ogc:def:crs:EPSG::4326"', "46.2 6.1004", "46.2005 6.1009")
    east_first = box.format(' srsName="EPSG:4326"', "6.1004 46.2", "6.1009 46.2005")
    bare = box.format("", "6.1004 46.2", "6.1009 46.2005")
    swiss = box.format(' srsName="urn:ogc:def:crs:EPSG::2056"', "2499800 1117700", "2499830 1117730")
    for condition in (north_first, east_first, bare):
        assert ids(ask(body=posted(condition))) == ["rec-trees"]
    assert ids(ask(body=posted(swiss))) == []
    assert sorted(ids(ask(body=posted(f"<ogc:Not>{bare}</ogc:Not>")))) == ["rec-parcels", "rec-plan"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dc:title like '%trees%'", ["rec-trees"]),
        ("dc:title ilike 'THE TREES%'", ["rec-trees"]),
        ("dc:identifier = 'rec-plan' or dc:identifier = 'rec-trees'", ["rec-plan", "rec-trees"]),
        ("dc:identifier in ('rec-plan','rec-parcels')", ["rec-parcels", "rec-plan"]),
        ("(dc:identifier = 'rec-plan' or dc:identifier = 'rec-trees') and not dc:title like '%plan%'", ["rec-trees"]),
        ("csw:AnyText like 'mapped'", ["rec-parcels", "rec-plan", "rec-trees"]),
        ("dc:title = 'a or b'", []),
        ("dc:subject = 'trees levés'", ["rec-trees"]),
        ("apiso:RevisionDate between '2025-12-31' and '2026-12-31'", ["rec-parcels", "rec-plan", "rec-trees"]),
        ("dct:abstract is null", []),
        ("BBOX(ows:BoundingBox, 6.1004, 46.2, 6.1009, 46.2005)", ["rec-trees"]),
        ("dc:title = 'x'' or ''1'' = ''1'", []),
    ],
)
def test_cql_text_finds_what_it_says(ask, text: str, expected: list[str]) -> None:
    assert sorted(ids(ask(cql(text)))) == expected


@pytest.mark.parametrize(
    "text", ["dc:nonsense = 'x'", "dc:title =", "dc:title like 'a' or", "(" * 100 + "dc:title = 'a'" + ")" * 100, "; DROP TABLE x"]
)
def test_a_constraint_that_is_none_is_a_400_that_names_it(ask, text: str) -> None:
    answer = ask(cql(text))
    assert answer.status == 400
    assert b"ExceptionReport" in answer.body and b"constraint" in answer.body


def test_fes_20_finds_what_it_says(ask) -> None:
    like = (
        '<fes:PropertyIsLike wildCard="*" singleChar="?" escapeChar="!"><fes:ValueReference>dc:title</fes:ValueReference>'
        "<fes:Literal>*trees*</fes:Literal></fes:PropertyIsLike>"
    )
    assert ids(ask(body=posted(like, "3.0.0"))) == ["rec-trees"]
    assert sorted(ids(ask(body=posted(f"<fes:Not>{like}</fes:Not>", "3.0.0")))) == ["rec-parcels", "rec-plan"]


def test_filters_nest_to_64_and_no_deeper(ask) -> None:
    name = "<ogc:PropertyName>dc:identifier</ogc:PropertyName>"
    equal = f"<ogc:PropertyIsEqualTo>{name}<ogc:Literal>rec-plan</ogc:Literal></ogc:PropertyIsEqualTo>"
    assert ids(ask(body=posted("<ogc:Not>" * 60 + equal + "</ogc:Not>" * 60))) == ["rec-plan"]
    deep = ask(body=posted("<ogc:Not>" * 70 + equal + "</ogc:Not>" * 70))
    assert deep.status == 400 and b"64" in deep.body


def test_sorting_and_paging_go_through_all_records_once(ask) -> None:
    pages = [ids(ask(f"{RECORDS['2.0.2']}&sortby=dc:title:D&maxrecords=1&startposition={start}")) for start in (1, 2, 3)]
    assert pages == [["rec-trees"], ["rec-plan"], ["rec-parcels"]]
    title, order = "<ogc:PropertyName>dc:title</ogc:PropertyName>", "<ogc:SortOrder>ASC</ogc:SortOrder>"
    sort = f"<ogc:SortBy><ogc:SortProperty>{title}{order}</ogc:SortProperty></ogc:SortBy>"
    marks = "wildCard='%' singleChar='_' escapeChar='\\'"
    name = "<ogc:PropertyName>csw:AnyText</ogc:PropertyName>"
    every = f"<ogc:PropertyIsLike {marks}>{name}<ogc:Literal>%city%</ogc:Literal></ogc:PropertyIsLike>"
    assert ids(ask(body=posted(every, sort=sort))) == ["rec-parcels", "rec-plan", "rec-trees"]


@pytest.mark.parametrize("schema", ["http://www.isotc211.org/2005/gmd", CSW2])
def test_a_record_comes_in_the_schema_asked_for(ask, schema: str) -> None:
    answer = ask(f"service=CSW&version=2.0.2&request=GetRecordById&id=rec-trees&elementsetname=full&outputschema={schema}")
    root = etree.fromstring(answer.body)
    assert etree.QName(root[0]).namespace == schema


def test_a_csw_record_keeps_every_keyword_and_topic(ask) -> None:
    root = etree.fromstring(ask("service=CSW&version=2.0.2&request=GetRecordById&id=rec-trees&elementsetname=full").body)
    subjects = [found.text for found in root.iter("{http://purl.org/dc/elements/1.1/}subject")]
    assert subjects == ["trees, mapped", "quarter", "environment", "location"]


def test_the_result_says_when_it_is_complete(ask) -> None:
    root = etree.fromstring(ask(RECORDS["3.0.0"]).body)
    assert next(root.iter("{*}SearchResults")).get("status") == "complete"
    root = etree.fromstring(ask(RECORDS["3.0.0"] + "&maxrecords=1").body)
    assert next(root.iter("{*}SearchResults")).get("status") == "subset"


def test_the_opensearch_template_can_be_filled_with_nothing(ask) -> None:
    answer = ask(accept="application/opensearchdescription+xml")
    root = etree.fromstring(answer.body)
    templates = [url.get("template") for url in root.iter("{*}Url")]
    assert templates and not any("{eo:" in template or "%%" in template for template in templates)
    for template in templates:
        query = template.partition("?")[2]
        for name in ("geo:uid", "searchTerms", "geo:box", "startIndex", "count"):
            query = query.replace("{" + name + "?}", "")
        assert "{" not in query
        assert ask(query).status == 200


@pytest.mark.parametrize(
    "request_",
    [
        "service=CSW&version=2.0.2&request=Transaction",
        "service=CSW&version=2.0.2&request=Harvest&source=http://127.0.0.1:1/x&resourcetype=http://www.isotc211.org/2005/gmd",
        f'<csw:Transaction xmlns:csw="{CSW2}" service="CSW" version="2.0.2"><csw:Delete/></csw:Transaction>'.encode(),
        f'<csw:Transaction xmlns:csw="{CSW2}" service="CSW" version="2.0.2"><csw:Insert/></csw:Transaction>'.encode(),
        f'<csw:Transaction xmlns:csw="{CSW3}" service="CSW" version="3.0.0"><csw:Update/></csw:Transaction>'.encode(),
        f'<csw:Harvest xmlns:csw="{CSW2}" service="CSW" version="2.0.2"><csw:Source>file:///etc/passwd</csw:Source></csw:Harvest>'.encode(),
        (
            f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><csw:Harvest xmlns:csw="{CSW2}" service="CSW" '
            'version="2.0.2"/></s:Body></s:Envelope>'
        ).encode(),
    ],
)
def test_nothing_is_written_or_fetched_through_the_catalogue(ask, request_) -> None:
    answer = ask(request_) if isinstance(request_, str) else ask(body=request_)
    assert answer.status == 405
    assert b"OperationNotSupported" in answer.body


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
        b"<!DOCTYPE a [" + b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 10)) + b"]><a>&e9;</a>",
        b"<a>" * 100_000 + b"</a>" * 100_000,
        b"<a/>",
        b"no xml",
        b"\x00\xff",
        b'<csw:GetRecords xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" service="CSW" version="2.0.2"/>',
    ],
    ids=["external entity", "billion laughs", "deep", "other", "text", "bytes", "empty request"],
)
def test_hostile_and_broken_bodies_are_a_400(ask, body: bytes) -> None:
    answer = ask(body=body)
    assert answer.status == 400
    assert b"ExceptionReport" in answer.body


@pytest.mark.parametrize(
    "query",
    [
        "service=CSW&version=2.0.2&request=GetRecords&maxrecords=abc",
        "service=CSW&version=2.0.2&request=GetRecords&startposition=-1",
        "service=CSW&version=2.0.2&request=Nonsense",
        "service=WFS&version=2.0.2&request=GetCapabilities",
        "service=CSW&version=9&request=GetRecords",
        RECORDS["2.0.2"] + "&outputschema=x",
        RECORDS["2.0.2"] + "&responsehandler=mailto:a@b.ch",
        "mode=oaipmh&verb=Identify",
        "mode=sru&operation=searchRetrieve",
        "service=CSW&version=3.0.0&request=GetRecords&typenames=csw:Record&bbox=1,2,3",
        "service=CSW&version=3.0.0&request=GetRecords&typenames=csw:Record&bbox=1,2,x,4",
        RECORDS["2.0.2"] + "&constraintlanguage=FILTER&constraint=" + quote('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'),
    ],
)
def test_a_wrong_request_is_an_exception_report_with_400(ask, query: str) -> None:
    answer = ask(query)
    assert answer.status == 400, answer.body
    assert b"ExceptionReport" in answer.body


def test_nothing_a_request_points_at_is_fetched(ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.3)
        place = f"http://127.0.0.1:{trap.getsockname()[1]}/x"
        hints = f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="{CSW2} {place}"'
        ask(body=posted("<ogc:Not/>").replace(b"<csw:GetRecords ", f"<csw:GetRecords {hints} ".encode()))
        include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{place}"/>'
        ask(body=posted(include))
        ask(
            body=posted("<ogc:Not/>").replace(
                b"<csw:Query", f"<csw:ResponseHandler>{place}</csw:ResponseHandler><csw:Query".encode()
            )
        )
        ask(f"{RECORDS['2.0.2']}&constraintlanguage=FILTER&constraint={quote(f'<a {hints}/>')}")
        with pytest.raises(TimeoutError):
            trap.accept()


def test_a_configuration_from_the_query_string_is_ignored(ask) -> None:
    assert ask("config=/etc/passwd&service=CSW&version=2.0.2&request=GetCapabilities").status == 200


def test_many_threads_get_their_own_answers(ask) -> None:
    def one(number: int) -> list[str]:
        name = ("trees", "parcels", "plan")[number % 3]
        if number % 2:
            return ids(ask(f"service=CSW&version=2.0.2&request=GetRecordById&id=rec-{name}"))
        return ids(ask(cql(f"dc:identifier = 'rec-{name}'", "3.0.0" if number % 4 else "2.0.2")))

    with ThreadPoolExecutor(8) as pool:
        for number, found in enumerate(pool.map(one, range(120))):
            assert found == [f"rec-{('trees', 'parcels', 'plan')[number % 3]}"]


def test_the_largest_page_is_capped(ask, monkeypatch) -> None:
    monkeypatch.setattr(csw, "MAX_RECORDS", 2)
    assert len(ids(ask(RECORDS["2.0.2"] + "&maxrecords=999999999"))) == 2
    assert len(ids(ask(RECORDS["3.0.0"] + "&maxrecords=unlimited"))) == 2
