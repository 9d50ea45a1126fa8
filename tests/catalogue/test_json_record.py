"""A record as JSON: what is written is read, and what is no record is refused with the member that is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.catalogue import json_record, records
from gateway.errors import Unreadable
from gateway.model.record import Attribute, Contact, Extent, Keyword, Record

WHOLE = Record(
    id="r-1",
    title={"fr": "Arbres", "en": "Trees"},
    abstract={"und": "All of them"},
    short_title={"fr": "Arbres"},
    language="fr",
    contacts=(Contact({"fr": "Parcs"}, "owner", "Anna", "a@example.org", "+41", "https://example.org"),),
    metadata_contacts=(Contact({"und": "Parks"}),),
    keywords=(Keyword({"en": "tree"}, "GEMET", "http://example.org/tree"),),
    topics=("environment",),
    extent=Extent((6.0, 46.0, 6.5, 46.5), (380.0, 420.5), ("2020-01-01", None)),
    crs=("EPSG:2056",),
    lineage={"en": "Drawn."},
    licence="CC-BY",
    constraints=({"en": "None"},),
    update_frequency="monthly",
    created="2020",
    published="2020-01",
    revised="2020-01-31",
    modified="2020-01-31T12:00:00Z",
    resolution=0.5,
    access_level="A",
    federal_level="A",
    attributes=(Attribute("species", "string", {"fr": "Espèce"}, "trees"), Attribute("height")),
    formats=("GeoJSON",),
    links=({"href": "https://example.org", "title": "Home"},),
)


def read(folder: Path, document: Any) -> Record:
    path = folder / "record.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return records.read(path)


def test_what_is_written_is_read_and_its_bytes_are_kept(tmp_path: Path) -> None:
    written = json_record.write(WHOLE)
    found = read(tmp_path, written)
    assert replace(found, source=None, source_schema=None) == WHOLE
    assert (found.source, found.source_schema) == (written, "twin:record")


def test_a_small_record_and_one_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    found = read(tmp_path, b'\xef\xbb\xbf {"id": "a", "title": "A"}')
    assert (found.id, found.title) == ("a", {"und": "A"})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"title": 7}, "title"),
        ({"title": {"fr/../": "x"}}, "language tag"),
        ({"owner": "me"}, "owner"),
        ({"accessLevel": ["A"]}, "accessLevel"),
        ({"access_level": "C"}, "access_level"),
        ({"created": "yesterday"}, "created"),
        ({"extent": {"box": [1, 2, 3]}}, "extent/box"),
        ({"extent": {"box": [200, 0, 201, 1]}}, "no geographic box"),
        ({"contacts": [{"organisation": "X", "isAdmin": True}]}, "contacts/0/isAdmin"),
        ({"attributes": [{"description": "no name"}]}, "attributes/0/name"),
        ({"links": [{"href": 1}]}, "links/0/href"),
        ({"resolution": "1"}, "resolution"),
        ({"source": "x"}, "source"),
    ],
)
def test_a_member_that_is_wrong_is_named(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    with pytest.raises(Unreadable) as error:
        read(tmp_path, {"id": "a", "title": "A", **change})
    assert told in str(error.value)


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"[{}]", b'{"id": "a", "id": "b", "title": "A"}', b'{"id": NaN}', b"[" * 10_000, b"{}\x00"]
)
def test_json_that_is_none_is_unreadable(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Unreadable):
        read(tmp_path, content)


def test_iso_19139_with_a_feature_catalogue_describes_attributes(tmp_path: Path) -> None:
    text = """<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco"
     xmlns:gfc="http://www.isotc211.org/2005/gfc"><gmd:fileIdentifier><gco:CharacterString>x</gco:CharacterString></gmd:fileIdentifier>
     <gmd:language><gco:CharacterString>fre</gco:CharacterString></gmd:language>
     <gmd:contentInfo><gfc:FC_FeatureCatalogue><gfc:featureType><gfc:FC_FeatureType>
      <gfc:typeName><gco:LocalName>trees</gco:LocalName></gfc:typeName>
      <gfc:carrierOfCharacteristics><gfc:FC_FeatureAttribute>
       <gfc:memberName><gco:LocalName>species</gco:LocalName></gfc:memberName>
       <gfc:definition><gco:CharacterString>Espèce</gco:CharacterString></gfc:definition>
       <gfc:valueType><gco:TypeName><gco:aName><gco:CharacterString>text</gco:CharacterString></gco:aName></gco:TypeName></gfc:valueType>
      </gfc:FC_FeatureAttribute></gfc:carrierOfCharacteristics>
      <gfc:carrierOfCharacteristics><gfc:FC_FeatureAttribute/></gfc:carrierOfCharacteristics>
     </gfc:FC_FeatureType></gfc:featureType></gfc:FC_FeatureCatalogue></gmd:contentInfo></gmd:MD_Metadata>"""
    path = tmp_path / "r.xml"
    path.write_text(text, encoding="utf-8")
    assert records.read(path).attributes == (Attribute("species", "text", {"fr": "Espèce"}, "trees"),)
