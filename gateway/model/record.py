"""A metadata record after ISO 19115-1, as far as the doors need it. Human text is a map from language to text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.model.text import Text


@dataclass(frozen=True, slots=True)
class Contact:
    """A responsible party (CI_Responsibility). `role` is an ISO CI_RoleCode: owner, pointOfContact, custodian, …"""

    organisation: Text
    role: str = "pointOfContact"
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword, with the thesaurus it comes from and its IRI where it has one."""

    text: Text
    thesaurus: str | None = None
    iri: str | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of the data, described (ISO 19110 feature catalogue, SITG sheet "Attributs")."""

    name: str
    type: str | None = None
    description: Text = field(default_factory=dict)
    collection: str | None = None


@dataclass(frozen=True, slots=True)
class Extent:
    """Where and when. `box` is (west, south, east, north) in CRS84 degrees; `vertical` is (low, high) in the CRS of the data;
    `interval` is (from, to), RFC 3339 or None."""

    box: tuple[float, float, float, float] | None = None
    vertical: tuple[float, float] | None = None
    interval: tuple[str | None, str | None] | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """The metadata of one dataset (MD_Metadata).

    `id` is the file identifier; `source` keeps the XML the record came from, byte for byte, so that CSW can give it back
    unharmed; everything else is what the doors search and show. Dates are RFC 3339 strings.
    """

    id: str
    title: Text
    abstract: Text = field(default_factory=dict)
    short_title: Text = field(default_factory=dict)
    type: str = "dataset"
    language: str | None = None
    contacts: tuple[Contact, ...] = ()
    metadata_contacts: tuple[Contact, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    topics: tuple[str, ...] = ()
    extent: Extent = field(default_factory=Extent)
    crs: tuple[str, ...] = ()
    lineage: Text = field(default_factory=dict)
    licence: str | None = None
    constraints: tuple[Text, ...] = ()
    update_frequency: str | None = None
    created: str | None = None
    published: str | None = None
    revised: str | None = None
    modified: str | None = None
    resolution: float | None = None
    access_level: str | None = None
    federal_level: str | None = None
    attributes: tuple[Attribute, ...] = ()
    permanent_ids: bool = True
    formats: tuple[str, ...] = ()
    links: tuple[dict[str, Any], ...] = ()
    source: bytes | None = None
    source_schema: str | None = None

    @property
    def actuality(self) -> str | None:
        """The date of the state the data show: of their revision, else publication, else creation."""
        return self.revised or self.published or self.created
