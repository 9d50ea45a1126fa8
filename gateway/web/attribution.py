"""What every response that carries features or a record names: the source, the date of actuality and the licence (OGéo art. 30).

JSON says it in members, every other representation in the header ``Link`` (RFC 8288): the licence as ``rel=license``, the
source with its date as the title of ``rel=author``, which leads to the record. Made once for each dataset's version.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from gateway.model.dataset import Dataset
from gateway.model.record import Record
from gateway.model.text import pick
from gateway.web import licences
from gateway.web.asked import Asked, address

_MOST_RECORDS = 20


@dataclass(frozen=True, slots=True)
class Attribution:
    """One dataset's attribution: `members` for a JSON document, the same as bytes to splice in (``"a":…,"b":…``), and `link`."""

    members: dict[str, Any]
    spliced: bytes
    link: str
    licence: str | None


_MOST = 4096
_made: dict[tuple[str | None, ...], Attribution] = {}


def named(asked: Asked, dataset: Dataset) -> Attribution:
    """The attribution of a dataset and of each of its features, for every door."""
    record, charter = dataset.record, asked.gateway.charter
    code, date = dataset.licence or record.licence, record.actuality or dataset.updated
    key = (asked.base, charter.id, charter.version, dataset.id, dataset.owner_name, date, code)
    found = _made.get(key)
    if found is None:
        if len(_made) >= _MOST:
            _made.clear()
        found = _made[key] = _make(asked, dataset, date, code)
    return found


def of_records(asked: Asked, records: Iterable[Record]) -> str | None:
    """The ``Link`` of an answer with several records, as the catalogue gives them: each licence once, the sources of the first."""
    licensed: dict[str, None] = {}
    links = []
    for number, record in enumerate(records):
        licence = licences.find(asked, record.licence)
        if licence is not None and len(licensed) < _MOST_RECORDS:
            licensed.setdefault(f'<{licence}>; rel="license"')
        owners = sorted(record.contacts, key=lambda contact: contact.role not in ("owner", "custodian", "publisher"))
        if owners and number < _MOST_RECORDS:
            lead = asked.url("csw", service="CSW", version="3.0.0", request="GetRecordById", id=record.id)
            links.append(_author(lead, pick(owners[0].organisation, asked.languages), record.actuality))
    return ", ".join([*licensed, *links]) or None


def _make(asked: Asked, dataset: Dataset, date: str, code: str | None) -> Attribution:
    licence = licences.address(asked, dataset)
    members = {"attribution": dataset.owner_name, "dateOfActuality": date, "license": code}
    lead = _author(address(asked.base, "datasets", dataset.id), dataset.owner_name, date)
    link = lead if licence is None else f'<{licence}>; rel="license", {lead}'
    return Attribution(members, orjson.dumps(members)[1:-1], link, licence)


def _author(lead: str, source: str, date: str | None) -> str:
    """The source and its date as an extended title (RFC 8187), so that any name can stand in a header."""
    told = source if date is None else f"{source}, {date}"
    return f"<{lead}>; rel=\"author describedby\"; title*=UTF-8''{quote(told, safe='')}"
