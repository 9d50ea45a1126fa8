"""Everything that makes pycsw 2.6.2 run here, in one place: what Python 3.13 lacks, and faults mended. Applied on first use.

- ``pkg_resources`` and ``cgi`` are imported but not needed: empty stand-ins.
- Filters: pycsw turns them into SQL text, cuts nesting and misreads CQL. Its two parsers are replaced by ours
  (`gateway.catalogue.filters`, `cql`), so that no SQL text exists anywhere; the expression travels as the ``where`` of its
  constraint.
- Records are written by us: pycsw rounds boxes to 0.01 degree, splits keywords at commas and drops all but one topic.
- It logs whole requests: its log goes nowhere.
- Time stamps are local time labelled Z: UTC here. ``splitquery`` is deprecated: replaced.
- The OpenSearch template offers ``eo:*`` and time parameters that then fail, and a wrong media type.
"""

from __future__ import annotations

import logging
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from threading import Lock
from typing import Any

from gateway.catalogue import csw_record, filters
from gateway.catalogue.cql import to_filter
from gateway.catalogue.reading import Element
from gateway.model.query import Expression

VERSION = "2.6.2"
SPATIAL = ["BBOX", "Disjoint", "Intersects"]
OPERANDS = ["gml:Envelope"]


_TURN = Lock()


def engine() -> Any:
    """The module ``pycsw.server``, imported with its stand-ins and mended, once. Raises ImportError for another release."""
    with _TURN:
        return _engine()


@cache
def _engine() -> Any:
    found = version("pycsw")
    if found != VERSION:
        raise ImportError(f"pycsw {found} is installed; the shims are for {VERSION}")
    with _stand_ins():
        from pycsw import opensearch, server
        from pycsw.core import util
        from pycsw.ogc.csw import csw2, csw3
        from pycsw.ogc.fes import fes1, fes2
        from pycsw.plugins.profiles.apiso import apiso
    logging.getLogger("pycsw").addHandler(logging.NullHandler())
    logging.getLogger("pycsw").propagate = False
    server.splitquery = _split_query
    for module in (server, csw2, csw3, util):
        if hasattr(module, "get_today_and_now"):
            module.get_today_and_now = _now
    for module in (fes1, fes2):
        module.parse = _parse_filter
        module.MODEL["SpatialOperators"]["values"] = SPATIAL
        module.MODEL["GeometryOperands"]["values"] = OPERANDS
        module.MODEL["Functions"] = {}
    util.bbox2wktpolygon = _exact_polygon
    csw2.cql2fes = csw3.cql2fes = _read_cql
    csw3.get_resultset_status = _status
    csw2.Csw2._write_record = _write_record("2.0.2")
    csw3.Csw3._write_record = _write_record("3.0.0")
    apiso.APISO.write_record = _write_iso
    _mend_opensearch(opensearch)
    return server


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Modules that pycsw imports at its start and does not use, for as long as the import lasts and where no others are there."""
    resources = types.ModuleType("pkg_resources")
    resources.require = lambda name: [types.SimpleNamespace(version=version(name))]  # type: ignore[attr-defined]
    wanted = {"pkg_resources": resources, "cgi": types.ModuleType("cgi")}
    lent = {name: module for name, module in wanted.items() if name not in sys.modules and find_spec(name) is None}
    sys.modules.update(lent)
    try:
        yield
    finally:
        for name in lent:
            del sys.modules[name]


def _split_query(url: str) -> tuple[str, str | None]:
    path, mark, query = url.rpartition("?")
    return (path, query) if mark else (url, None)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _status(matched: Any, following: Any) -> str:
    """How much of the result an answer holds; pycsw compares text with numbers, so that every answer was a subset."""
    if int(matched) == 0:
        return "none"
    return "complete" if int(following) == 0 else "subset"


def _parse_filter(element: Element, *_: Any, **__: Any) -> tuple[Expression, list[str]]:
    """In place of ``fes1.parse`` and ``fes2.parse``: an expression where they give SQL text, and no values to bind."""
    return filters.expression(element), []


def _read_cql(text: str, *_: Any, **__: Any) -> Element:
    return to_filter(text)


def _exact_polygon(box: str) -> str:
    west, south, east, north = (repr(float(side)) for side in box.split(","))
    return f"POLYGON(({west} {south}, {west} {north}, {east} {north}, {east} {south}, {west} {south}))"


def _write_record(release: str) -> Any:
    def write(self: Any, found: Any, _queryables: Any) -> Element:
        asked = self.parent.kvp
        names = tuple(asked.get("elementname") or ())
        return csw_record.csw_record(found.record, asked.get("elementsetname") or "summary", names, version=release)

    return write


def _write_iso(_self: Any, found: Any, *_: Any, **__: Any) -> Element:
    return csw_record.iso_record(found.record)


def _mend_opensearch(opensearch: Any) -> None:
    """Take out of the description's templates what the catalogue cannot answer, and mend the media type."""
    original = opensearch.OpenSearch.response_csw2opensearch

    def respond(self: Any, element: Element, configuration: Any) -> Element:
        node: Element = original(self, element, configuration)
        for url in node.iter("{http://a9.com/-/spec/opensearch/1.1/}Url"):
            url.set("template", _mended(url.get("template") or ""))
        for image in list(node.iter("{http://a9.com/-/spec/opensearch/1.1/}Image")):
            node.remove(image)
        return node

    opensearch.OpenSearch.response_csw2opensearch = respond


def _mended(template: str) -> str:
    address, _, query = template.partition("?")
    dropped = ("eo:", "time=", "start=", "stop=")
    kept = [part.replace("%%2B", "%2B") for part in query.split("&") if part and not part.startswith(dropped)]
    return f"{address}?{'&'.join(kept)}"
