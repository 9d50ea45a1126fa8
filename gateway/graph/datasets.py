"""One dataset as RDF: its record and collections in DCAT 3, its origin in PROV."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.graph.features import collection_iri
from gateway.graph.terms import Line, iri, literal, segment, texts
from gateway.graph.vocabulary import RDF_TYPE, term
from gateway.model.dataset import Box, Collection, Dataset
from gateway.model.record import Contact, Record

_PERIODS = "http://publications.europa.eu/resource/authority/frequency/"
_FREQUENCIES = {
    "continual": "UPDATE_CONT",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "fortnightly": "BIWEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "biannually": "ANNUAL_2",
    "annually": "ANNUAL",
    "asNeeded": "IRREG",
    "irregular": "IRREG",
    "notPlanned": "NEVER",
    "unknown": "UNKNOWN",
}


def dataset_iri(id_base: str, dataset: str) -> str:
    """The IRI of a dataset, which also names its graph; without brackets."""
    return f"{id_base}dataset/{segment(dataset)}"


def dataset_lines(dataset: Dataset, id_base: str, *, full: bool) -> Iterator[Line]:
    """All statements about a dataset, its record and its collections, without those about features.

    Every helper node is named below the dataset's IRI (``#…``): there are no blank nodes, so a graph can be compared.
    `full` says whether the features follow.
    """
    about = dataset_iri(id_base, dataset.id)
    subject = f"<{about}>"
    record = dataset.record
    yield f"{subject} {RDF_TYPE} {term('dcat:Dataset')} .\n"
    yield f"{subject} {term('dct:identifier')} {literal(dataset.id)} .\n"
    yield f"{subject} {term('dct:accessRights')} {literal(dataset.level)} .\n"
    yield f"{subject} {term('dcat:version')} {literal(str(dataset.version))} .\n"
    yield f"{subject} {term('twin:graphContent')} {literal('full' if full else 'metadata')} .\n"
    if dataset.updated:
        yield f"{subject} {term('prov:generatedAtTime')} {literal(dataset.updated, 'xsd:dateTime')} .\n"
    yield from _agent(subject, about, dataset.owner_name)
    yield from _texts(subject, record)
    yield from _facts(subject, record, dataset.licence)
    yield from _extent(subject, about, record)
    for number, contact in enumerate(record.contacts, 1):
        yield from _contact(subject, f"<{about}#contact-{number}>", contact)
    for collection in dataset.collections:
        yield from _collection(subject, collection, id_base)


def attribution_lines(dataset: Dataset, id_base: str) -> Iterator[Line]:
    """What a feature's own document says of its dataset: the source, the dates and the licence."""
    about = dataset_iri(id_base, dataset.id)
    subject, record = f"<{about}>", dataset.record
    yield from _agent(subject, about, dataset.owner_name)
    yield from _licence(subject, dataset.licence or record.licence)
    yield from _dates(subject, record)


def _agent(subject: str, about: str, name: str) -> Iterator[Line]:
    node = f"<{about}#owner>"
    yield f"{subject} {term('dct:publisher')} {node} .\n"
    yield f"{subject} {term('prov:wasAttributedTo')} {node} .\n"
    yield f"{node} {RDF_TYPE} {term('prov:Agent')} .\n"
    yield f"{node} {RDF_TYPE} {term('foaf:Agent')} .\n"
    yield f"{node} {term('foaf:name')} {literal(name)} .\n"


def _texts(subject: str, record: Record) -> Iterator[Line]:
    spoken = (
        ("dct:title", record.title),
        ("schema:name", record.title),
        ("dct:alternative", record.short_title),
        ("dct:description", record.abstract),
        ("dct:provenance", record.lineage),
        *(("dcat:keyword", keyword.text) for keyword in record.keywords),
        *(("dct:rights", constraint) for constraint in record.constraints),
    )
    for name, text in spoken:
        for value in texts(text):
            yield f"{subject} {term(name)} {value} .\n"


def _facts(subject: str, record: Record, licence: str | None) -> Iterator[Line]:
    for keyword in record.keywords:
        if keyword.iri:
            yield f"{subject} {term('dcat:theme')} {iri(keyword.iri)} .\n"
    for topic in record.topics:
        yield f"{subject} {term('twin:topic')} {literal(topic)} .\n"
    yield from _licence(subject, licence or record.licence)
    period = _FREQUENCIES.get(record.update_frequency or "")
    if period:
        yield f"{subject} {term('dct:accrualPeriodicity')} <{_PERIODS}{period}> .\n"
    if record.resolution is not None:
        yield f"{subject} {term('dcat:spatialResolutionInMeters')} {literal(repr(record.resolution), 'xsd:decimal')} .\n"
    yield from _dates(subject, record)
    for code in record.crs:
        yield f"{subject} {term('twin:crs')} {literal(code)} .\n"


def _licence(subject: str, named: str | None) -> Iterator[Line]:
    if named:
        value = iri(named) if named.startswith(("http://", "https://")) else literal(named)
        yield f"{subject} {term('dct:license')} {value} .\n"


def _dates(subject: str, record: Record) -> Iterator[Line]:
    for name, moment in (("dct:created", record.created), ("dct:issued", record.published), ("dct:modified", record.revised)):
        if moment:
            yield f"{subject} {term(name)} {_moment(moment)} .\n"


def _moment(moment: str) -> str:
    if "T" in moment:
        return literal(moment, "xsd:dateTime")
    kinds = {10: "xsd:date", 7: "xsd:gYearMonth", 4: "xsd:gYear"}
    return literal(moment, kinds.get(len(moment)))


def _extent(subject: str, about: str, record: Record) -> Iterator[Line]:
    if record.extent.box is not None:
        node = f"<{about}#extent>"
        yield f"{subject} {term('dct:spatial')} {node} .\n"
        yield f"{node} {RDF_TYPE} {term('dct:Location')} .\n"
        yield f"{node} {term('dcat:bbox')} {literal(_box(record.extent.box), 'geo:wktLiteral')} .\n"
    if record.extent.interval is not None:
        node = f"<{about}#period>"
        yield f"{subject} {term('dct:temporal')} {node} .\n"
        yield f"{node} {RDF_TYPE} {term('dct:PeriodOfTime')} .\n"
        for name, moment in zip(("dcat:startDate", "dcat:endDate"), record.extent.interval, strict=True):
            if moment:
                yield f"{node} {term(name)} {_moment(moment)} .\n"


def _box(box: Box) -> str:
    west, south, east, north = map(repr, box)
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return f"POLYGON (({', '.join(f'{x} {y}' for x, y in corners)}))"


def _contact(subject: str, node: str, contact: Contact) -> Iterator[Line]:
    yield f"{subject} {term('dcat:contactPoint')} {node} .\n"
    yield f"{node} {RDF_TYPE} {term('vcard:Organization')} .\n"
    for value in texts(contact.organisation):
        yield f"{node} {term('vcard:fn')} {value} .\n"
    yield f"{node} {term('vcard:role')} {literal(contact.role)} .\n"
    if contact.email:
        yield f"{node} {term('vcard:hasEmail')} {iri('mailto:' + contact.email)} .\n"
    if contact.url and contact.url.startswith(("http://", "https://")):
        yield f"{node} {term('vcard:hasURL')} {iri(contact.url)} .\n"


def _collection(subject: str, collection: Collection, id_base: str) -> Iterator[Line]:
    node = f"<{collection_iri(id_base, collection.id)}>"
    yield f"{subject} {term('dct:hasPart')} {node} .\n"
    yield f"{node} {RDF_TYPE} {term('geo:FeatureCollection')} .\n"
    yield f"{node} {term('dct:isPartOf')} {subject} .\n"
    yield f"{node} {term('dct:identifier')} {literal(collection.id)} .\n"
    for value in texts(collection.title):
        yield f"{node} {term('dct:title')} {value} .\n"
    yield f"{node} {term('twin:features')} {literal(collection.features)} .\n"
    yield f"{node} {term('twin:crs')} {literal(collection.crs.code)} .\n"
    if collection.box is not None:
        yield f"{node} {term('dcat:bbox')} {literal(_box(collection.box), 'geo:wktLiteral')} .\n"
