"""Metadata records: read as they come, written as INSPIRE asks, and read again the same."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path

import pytest
from lxml import etree
from smalltwin import record_of

from gateway.catalogue import dublincore, iso19139, records
from gateway.errors import Unreadable
from gateway.model.record import Contact, Extent, Keyword, Record

FULL = replace(
    record_of("trees", "A"),
    short_title={"en": "Trees", "fr": "Arbres"},
    metadata_contacts=(
        Contact({"en": "Office", "fr": "Bureau"}, "pointOfContact", "Ann", "a@b.example", "+41 22", "https://b.example"),
    ),
    keywords=(
        Keyword({"en": "trees", "fr": "arbres"}, "GEMET", "http://www.eionet.europa.eu/gemet/concept/1"),
        Keyword({"en": "plain"}),
    ),
    extent=Extent((6.123456789, 46.2, 6.2, 46.25), (370.5, 420.25), ("2020-01-01", "2024-12-31T12:00:00Z")),
    constraints=({"en": "Name the source.", "fr": "Citer la source."},),
    created="2020-05-01",
    published="2021",
    modified="2026-01-02T03:04:05Z",
    resolution=0.25,
    access_level="B",
    federal_level="A",
    formats=("CityGML", "GeoJSON"),
    links=(
        {"href": "https://b.example/x", "title": "page", "protocol": "WWW:LINK", "description": "all", "function": "information"},
    ),
)


def read(body: bytes, tmp_path: Path) -> Record:
    path = tmp_path / "record.xml"
    path.write_bytes(body)
    return records.read(path)


def test_what_is_written_as_iso_19139_is_read_again_the_same(tmp_path) -> None:
    again = read(iso19139.write(FULL), tmp_path)
    for name in (field.name for field in fields(Record)):
        if name in ("source", "source_schema", "constraints"):
            continue
        assert getattr(again, name) == getattr(FULL, name), name
    assert set(FULL.constraints[0].items()) <= {item for text in again.constraints for item in text.items()}


def test_a_record_that_came_as_iso_19139_goes_back_byte_for_byte(tmp_path) -> None:
    body = b'<?xml version="1.0"?>\n<!-- ours -->\n' + iso19139.write(FULL).split(b"?>", 1)[1]
    assert iso19139.write(read(body, tmp_path)) == body


def test_what_inspire_asks_for_is_there() -> None:
    root = etree.fromstring(iso19139.write(replace(FULL, access_level="A")))
    names = {key: value for key, value in root.nsmap.items() if key}
    limits = root.findall(".//gmd:MD_LegalConstraints", names)
    assert [limit[0].tag.rpartition("}")[2] for limit in limits] == ["accessConstraints", "useConstraints"]
    anchor = limits[0].find("gmd:otherConstraints/gmx:Anchor", names)
    assert anchor.get(f"{{{names['xlink']}}}href").endswith("LimitationsOnPublicAccess/noLimitations")
    assert root.find(".//gmd:LI_Lineage/gmd:statement", names) is not None
    assert root.find(".//gmd:MD_Resolution//gco:Distance", names).get("uom") == "m"
    assert root.find(".//gmd:DQ_ConformanceResult/gmd:pass", names).get(f"{{{names['gco']}}}nilReason") == "unknown"


def test_a_csw_record_is_read_again_the_same(tmp_path) -> None:
    again = read(dublincore.write(FULL), tmp_path)
    assert (again.id, again.title, again.extent.box) == (FULL.id, {"en": FULL.title["en"]}, FULL.extent.box)
    assert again.formats == FULL.formats and again.licence == FULL.licence and again.language == "en"


def test_a_record_inside_a_catalogues_answer_is_read(tmp_path) -> None:
    inner = iso19139.write(FULL).split(b"?>", 1)[1]
    wrapped = (
        b'<csw:GetRecordByIdResponse xmlns:csw="http://www.opengis.net/cat/csw/2.0.2">' + inner + b"</csw:GetRecordByIdResponse>"
    )
    found = read(wrapped, tmp_path)
    assert found.id == FULL.id
    assert found.source is not None and b"GetRecordByIdResponse" not in found.source


def test_the_languages_of_a_profile_are_kept(tmp_path) -> None:
    body = iso19139.write(FULL).replace(b"gmd:MD_Metadata", b"che:CHE_MD_Metadata", 1)
    body = body.replace(b"</gmd:MD_Metadata>", b"</che:CHE_MD_Metadata>")
    body = body.replace(b" xmlns:gmd", b' xmlns:che="http://www.geocat.ch/2008/che" gco:isoType="gmd:MD_Metadata" xmlns:gmd', 1)
    assert read(body, tmp_path).title == FULL.title


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"<gco:Decimal>46.2</gco:Decimal>", b"<gco:Decimal>north</gco:Decimal>", "is no number"),
        (b"<gco:Decimal>46.2</gco:Decimal>", b"<gco:Decimal>146.2</gco:Decimal>", "no geographic box"),
        (b"<gco:Decimal>46.2</gco:Decimal>", b"<gco:Decimal>NaN</gco:Decimal>", "is no number"),
        (b"<gco:Date>2020-05-01</gco:Date>", b"<gco:Date>last spring</gco:Date>", "is no date"),
        (b"</gmd:fileIdentifier>", b"", "not well-formed"),
        (b"<gmd:MD_Metadata", b'<!DOCTYPE x [<!ENTITY e "x">]><gmd:MD_Metadata', "DOCTYPE"),
    ],
)
def test_broken_metadata_is_refused_with_its_line(tmp_path, old: bytes, new: bytes, says: str) -> None:
    lined = etree.tostring(etree.fromstring(iso19139.write(FULL)), pretty_print=True)
    assert old in lined
    with pytest.raises(Unreadable, match=says) as refused:
        read(lined.replace(old, new, 1), tmp_path)
    assert "line" in str(refused.value)


@pytest.mark.parametrize("body", [b"<a/>", b"", b"<html><body/></html>"])
def test_what_is_no_record_is_unreadable(tmp_path, body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body, tmp_path)


def test_several_records_in_one_file_are_read_one_by_one(tmp_path) -> None:
    inner = iso19139.write(FULL).split(b"?>", 1)[1]
    path = tmp_path / "two.xml"
    path.write_bytes(b'<csw:SearchResults xmlns:csw="http://www.opengis.net/cat/csw/2.0.2">' + inner * 2 + b"</csw:SearchResults>")
    assert len(records.read_all(path)) == 2
    with pytest.raises(Unreadable, match="2 records"):
        records.read(path)


@pytest.mark.corpus
def test_other_peoples_records_are_read_and_written_without_loss(tmp_path) -> None:
    folder = os.environ.get("GATEWAY_CORPUS")
    if not folder:
        pytest.skip("GATEWAY_CORPUS is not set")
    files = [path for name in ("iso19139", "iso19139-che", "csw") for path in sorted((Path(folder) / name).iterdir())]
    assert files
    for path in files:
        for found in records.read_all(path):
            assert found.id
            again = read(iso19139.write(replace(found, source=None)), tmp_path)
            assert (again.id, again.extent, again.crs, again.revised) == (found.id, found.extent, found.crs, found.revised), path
            assert set(found.title.values()) == set(again.title.values()), path
