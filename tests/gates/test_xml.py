"""The XML gate: hostile documents are refused with the line, honest ones of any encoding are read."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from gateway.errors import InputError, TooLarge, Unreadable
from gateway.gates import xml

LAUGHS = (
    "<!DOCTYPE a [<!ENTITY l0 'ha'>" + "".join(f"<!ENTITY l{i} '{f'&l{i - 1};' * 10}'>" for i in range(1, 11)) + "]><a>&l10;</a>"
)
QUADRATIC = f"<!DOCTYPE a [<!ENTITY x '{'y' * 100_000}'>]><a>{'&x;' * 5000}</a>"


def drain(path: Path) -> int:
    reading = xml.stream(path, ("{*}item",))
    count = 0
    for event, element in reading:
        if event == "end":
            count += 1
            reading.release(element)
    reading.close()
    return count


def both_ways(data: bytes, tmp_path: Path) -> list[type[InputError] | None]:
    file = tmp_path / "file.xml"
    file.write_bytes(data)
    outcomes: list[type[InputError] | None] = []
    for read in (lambda: xml.parse_bytes(data, place="file.xml", limit=64 * xml.MIB), lambda: drain(file)):
        try:
            read()
            outcomes.append(None)
        except InputError as error:
            outcomes.append(type(error))
    return outcomes


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a><item>&x;</item></a>',
        '<?xml version="1.0"?>\n<!-- hello -->\n<?xml-stylesheet href="http://trap"?><!DOCTYPE a SYSTEM "http://trap/x.dtd"><a/>',
        LAUGHS,
        QUADRATIC,
        "<a>" * 100_000 + "</a>" * 100_000,
        "<a>&nothing;</a>",
        "<a><item></a>",
        "<a><item>",
        "",
        "no xml",
        '<?xml version="1.0" encoding="utf-7"?><a/>',
        '<?xml version="1.0" encoding="nonsense"?><a/>',
        '<?xml version="1.0" encoding="base64"?><a/>',
    ],
    ids=lambda text: text[:20],
)
def test_hostile_and_broken_documents_are_unreadable(text: str, tmp_path: Path) -> None:
    started = time.monotonic()
    assert both_ways(text.encode(), tmp_path) == [Unreadable, Unreadable]
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_doctype_in_another_encoding_is_refused_too(codec: str, tmp_path: Path) -> None:
    assert both_ways(LAUGHS.encode(codec), tmp_path) == [Unreadable, Unreadable]


def test_a_doctype_behind_a_long_comment_is_found(tmp_path: Path) -> None:
    assert both_ways(f"<!--{'-' * 0}{'x' * 200_000}-->{LAUGHS}".encode(), tmp_path) == [Unreadable, Unreadable]
    assert both_ways(f"<!--{'x' * 2_000_000}--><a/>".encode(), tmp_path) == [TooLarge, TooLarge]


def test_two_hundred_thousand_attributes_are_too_large_before_they_are_parsed(tmp_path: Path) -> None:
    tag = "<a " + " ".join(f'b{i}=">"' for i in range(200_000)) + "/>"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert both_ways(tag.encode(), tmp_path) == [TooLarge, TooLarge]
    assert both_ways(f"<r>{tag}</r>".encode(), tmp_path) == [TooLarge, TooLarge]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


def test_a_start_tag_that_never_ends_is_too_large(tmp_path: Path) -> None:
    assert both_ways(b"<a b='" + b"x" * 3_000_000 + b"'/>", tmp_path) == [TooLarge, TooLarge]


def test_a_huge_text_is_too_large_while_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "big.xml"
    with file.open("wb") as out:
        out.write(b"<a><item>")
        for _ in range(40):
            out.write(b"1 " * 500_000)
        out.write(b"</item></a>")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TooLarge, match="Text node too long"):
        drain(file)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64_000


def test_too_many_elements_at_once_are_too_large(tmp_path: Path) -> None:
    file = tmp_path / "many.xml"
    file.write_bytes(b"<a>" + b"<b/>" * 5000 + b"</a>")
    with pytest.raises(TooLarge, match="tags"):
        list(xml.stream(file, ("{*}item",), limits=xml.Limits(tags=1000)))
    with pytest.raises(TooLarge, match="bytes"):
        xml.parse_bytes(b"<a>" + b"x" * 5000 + b"</a>", place="p", limit=1000)


def test_honest_long_text_and_quotes_in_text_pass(tmp_path: Path) -> None:
    text = "it's " * 100_000
    data = f"<a><item n='1'>{text}</item><item>{'2.5 ' * 50_000}</item><!-- it's {'x' * 100_000} --><item/></a>".encode()
    assert both_ways(data, tmp_path) == [None, None]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1", "windows-1252", "shift_jis"])
def test_every_honest_encoding_is_read(codec: str, tmp_path: Path) -> None:
    name = "Genève" if codec != "shift_jis" else "東京"
    declared = codec.removesuffix("-sig").removesuffix("-le")
    data = f'<?xml version="1.0" encoding="{declared}"?>\n<a><item>{name}</item></a>'.encode(codec)
    assert xml.parse_bytes(data, place="p").findtext("item") == name
    file = tmp_path / "file.xml"
    file.write_bytes(data)
    assert [element.text for event, element in xml.stream(file, ("item",)) if event == "end"] == [name]


def test_a_refusal_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "file.gml"
    file.write_bytes(b"<a>\n<item/>\n<item></b>\n</a>")
    with pytest.raises(Unreadable) as caught:
        drain(file)
    assert caught.value.place == "file.gml line 3"


def test_released_elements_do_not_pile_up(tmp_path: Path) -> None:
    file = tmp_path / "file.xml"
    with file.open("wb") as out:
        out.write(b"<a>")
        for _ in range(300):
            out.write((b"<item><b>" + b"x" * 90 + b"</b></item>") * 1000)
        out.write(b"</a>")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert drain(file) == 300_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16_000


def test_includes_and_links_stay_text() -> None:
    text = (
        '<a xmlns:xi="http://www.w3.org/2001/XInclude" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="x http://127.0.0.1:9/x.xsd"><xi:include href="file:///etc/hostname"/></a>'
    )
    root = xml.parse_bytes(text.encode(), place="p")
    assert root[0].get("href") == "file:///etc/hostname"
    assert root[0].text is None


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_root_is_named_from_the_first_bytes(codec: str) -> None:
    text = "<?xml version='1.0'?><!-- a > b --><c:CityModel xmlns:b='x' xmlns:c=\"urn:c\" d='>'><rest"
    assert xml.root_name(text.encode(codec)) == "{urn:c}CityModel"


def test_what_is_not_xml_has_no_root_name() -> None:
    assert xml.root_name(b'{"type": "x"}') is None
    assert xml.root_name(b"") is None
    assert xml.root_name(b"\x00\x01") is None
    assert xml.root_name(b"<a/>") == "a"
    assert xml.root_name(b"<!DOCTYPE a [<!ENTITY x 'y'>]><a xmlns='u'/>") == "{u}a"
