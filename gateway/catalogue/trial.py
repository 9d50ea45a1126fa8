"""The start-up self-test of the catalogue: pycsw, mended, answers for two records as it must; for `gateway doctor`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

from lxml import etree

from gateway.catalogue.csw import CswRequest, respond
from gateway.model.access import EVERYTHING
from gateway.model.query import Intersects, RecordQuery
from gateway.model.record import Extent, Record
from gateway.ports import Reader

_NEAR = Record("near", {"en": "Near, exactly"}, extent=Extent(box=(6.1, 46.2, 6.1005, 46.2005)))
_RECORDS = (_NEAR, replace(_NEAR, id="far", extent=Extent(box=(6.102, 46.2, 6.1025, 46.2005))))
_SEARCH = (
    "service=CSW&version={}&request=GetRecords&typenames=csw:Record&elementsetname=full&resulttype=results"
    "&bbox=6.1004,46.2,6.1009,46.2005"
)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Two records behind the half of the reader's port that the catalogue asks."""

    def records(self, query: RecordQuery) -> tuple[int, list[Record]]:
        """Those whose box meets the box asked for."""
        found = [record for record in _RECORDS if _matches(record, query)]
        return len(found), found[query.offset : query.offset + query.limit]

    def record_values(self, property: str, access: Any) -> list[tuple[str, int]]:
        """Their identifiers."""
        return [(record.id, 1) for record in _RECORDS] if property == "identifier" else []


def _matches(record: Record, query: RecordQuery) -> bool:
    if query.ids and record.id not in query.ids:
        return False
    if not isinstance(query.filter, Intersects) or record.extent.box is None:
        return query.filter is None
    (west, south, east, north), (left, low, right, high) = record.extent.box, query.filter.box
    return west <= right and left <= east and south <= high and low <= north


def self_test() -> list[str]:
    """What is wrong with the catalogue's engine here; empty where nothing is."""
    problems: list[str] = []
    reader = cast(Reader, _Shelf())
    for release in ("2.0.2", "3.0.0"):
        capabilities = f"service=CSW&version={release}&acceptversions={release}&request=GetCapabilities"
        for query, expected in ((capabilities, b"Capabilities"), (_SEARCH.format(release), b"46.2005 6.1005")):
            try:
                answer = respond(CswRequest("GET", query), reader, EVERYTHING, "self-test")
            except (ImportError, AttributeError, TypeError, etree.LxmlError) as error:
                problems.append(f"CSW {release}: {type(error).__name__}: {error}")
                continue
            if answer.status != 200 or expected not in answer.body:
                problems.append(f"CSW {release}: {query[:60]}… answers {answer.status}, without {expected.decode()}")
            elif b"far" in answer.body:
                problems.append(f"CSW {release}: a box finds its neighbours")
    return problems
