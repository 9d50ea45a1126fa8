"""The CSW door: a request gated, answered by pycsw over the record store, and given back as status, type and bytes.

The reader's access is in the repository itself, so that what he may not see is in no answer, count or list of values.
Transactions and Harvest do not exist here; nothing of a request makes the server fetch, send or run anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import structlog
from lxml import etree

from gateway.catalogue.names import OWS1, OWS2, XSI
from gateway.catalogue.reading import Element, local
from gateway.errors import GatewayError, ParameterError, TooLarge, UsageError
from gateway.gates import xml
from gateway.model.access import Access
from gateway.model.record import Record
from gateway.ports import Reader

log = structlog.get_logger(__name__)

MAX_BODY = 1 << 20
MAX_RECORDS = 1000
_CODE = re.compile(rb'exceptionCode="(\w+)"')
_WRITES = ("transaction", "harvest")
_SIDE = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_REFUSED_KVP = ("responsehandler", "config")
_NUMBERS = {"maxrecords": 0, "startposition": 1}
_DESCRIPTION = "application/opensearchdescription+xml"
_CONTACT = (
    "name",
    "position",
    "phone",
    "fax",
    "address",
    "city",
    "stateorprovince",
    "postalcode",
    "country",
    "email",
    "hours",
    "instructions",
)


@dataclass(frozen=True, slots=True)
class CswRequest:
    """One HTTP request to the catalogue; `address` is the absolute URL of the door, without a query."""

    method: str
    query: str
    body: bytes = b""
    accept: str = ""
    address: str = "http://localhost:8000/csw"


@dataclass(frozen=True, slots=True)
class CswAnswer:
    """What goes back."""

    status: int
    media_type: str
    body: bytes
    records: tuple[Record, ...] = ()
    """The records it carries."""


def respond(request: CswRequest, reader: Reader, access: Access, title: str) -> CswAnswer:
    """Answer one request under `access`. Never raises for a bad request: an OWS ExceptionReport says what is wrong."""
    kvp = {name.lower(): value for name, value in parse_qsl(request.query, keep_blank_values=True)}
    release = "3.0.0"
    try:
        if request.method == "POST":
            root = _gated(request.body)
            release = "2.0.2" if b"cat/csw/2.0.2" in etree.tostring(root) else "3.0.0"
            body, query = etree.tostring(root, xml_declaration=True, encoding="UTF-8"), ""
        else:
            release = "2.0.2" if "2.0.2" in (kvp.get("version", ""), *kvp.get("acceptversions", "").split(",")) else "3.0.0"
            if _DESCRIPTION in request.accept and kvp.get("request", "GetCapabilities") == "GetCapabilities":
                kvp |= {"mode": "opensearch", "service": "CSW", "version": "3.0.0", "request": "GetCapabilities"}
            body, query = b"", urlencode(_checked(kvp))
        return _run(request, query, body, reader, access, title)
    except _WriteRefused as error:
        return exception_report(405, "OperationNotSupported", error.operation, error.message, release)
    except (ValueError, KeyError, AttributeError, TypeError, IndexError, etree.LxmlError) as error:
        log.warning("pycsw fell over a request", error=f"{type(error).__name__}: {error}")
        return exception_report(400, "NoApplicableCode", "service", "the request is not as CSW describes it", release)
    except GatewayError as error:
        status = error.status if error.status in (413, 422) else 400
        return exception_report(
            400 if status == 422 else status, "InvalidParameterValue", error.place or "service", str(error), release
        )


def exception_report(status: int, code: str, locator: str, text: str, release: str = "2.0.2") -> CswAnswer:
    """An ows:ExceptionReport of OWS Common 1.0 (CSW 2.0.2) or 2.0 (CSW 3.0)."""
    space = OWS1 if release == "2.0.2" else OWS2
    root = etree.Element(f"{{{space}}}ExceptionReport", version="1.2.0" if release == "2.0.2" else "3.0.0", nsmap={"ows": space})
    found = etree.SubElement(root, f"{{{space}}}Exception", exceptionCode=code, locator=_xml_text(locator))
    etree.SubElement(found, f"{{{space}}}ExceptionText").text = _xml_text(text)
    return CswAnswer(status, "application/xml; charset=UTF-8", etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


class _WriteRefused(UsageError):
    """The request would write; partners publish through ``/submissions``."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"{operation} is not supported", cure="publish through /submissions")
        self.operation = operation


def _xml_text(text: str) -> str:
    return re.sub("[^\t\n\r -\ud7ff\ue000-�\U00010000-\U0010ffff]", "?", text)


def _gated(body: bytes) -> Element:
    """The request's document after the gate: no DOCTYPE, no depth, no schema hints; reading requests only."""
    if len(body) > MAX_BODY:
        raise TooLarge(f"more than {MAX_BODY} bytes of request", place="request")
    root = xml.parse_bytes(body, place="request", limit=MAX_BODY)
    for element in list(root.iter()):
        if not isinstance(element.tag, str):
            continue
        if local(element).lower() in _WRITES:
            raise _WriteRefused(local(element))
        if local(element) == "ResponseHandler":
            raise ParameterError("ResponseHandler", "answers are not sent elsewhere", cure="leave ResponseHandler out")
        for hint in ("schemaLocation", "noNamespaceSchemaLocation"):
            if f"{{{XSI}}}{hint}" in element.attrib:
                del element.attrib[f"{{{XSI}}}{hint}"]
        if local(element) == "GetRecords":
            _cap_records(element)
    return root


def _cap_records(element: Element) -> None:
    asked = element.get("maxRecords")
    if asked is not None and asked.strip().isdigit() and int(asked) > MAX_RECORDS:
        element.set("maxRecords", str(MAX_RECORDS))


def _checked(kvp: Mapping[str, str]) -> dict[str, str]:
    """Key-value parameters without those that would send or load; numbers within their bounds."""
    if kvp.get("request", "").lower() in _WRITES:
        raise _WriteRefused(kvp["request"])
    if "responsehandler" in kvp:
        raise ParameterError("ResponseHandler", "answers are not sent elsewhere", cure="leave ResponseHandler out")
    if kvp.get("mode", "opensearch") != "opensearch":
        raise ParameterError("mode", f"{kvp['mode']} is not offered", cure="use CSW or mode=opensearch")
    found = {name: value for name, value in kvp.items() if name not in _REFUSED_KVP}
    for name, least in _NUMBERS.items():
        text = found.get(name, "")
        if text and not (name == "maxrecords" and text == "unlimited"):
            if not text.isdecimal() or int(text) < least or len(text) > 9:
                raise ParameterError(name, f"{text[:40]!r} is no number of records", cure=f"a whole number, at least {least}")
            found[name] = str(min(int(text), MAX_RECORDS)) if name == "maxrecords" else text
        elif text:
            found[name] = str(MAX_RECORDS)
    if found.get("bbox"):
        _check_box(found["bbox"])
    if found.get("constraintlanguage") == "FILTER" and "constraint" in found:
        found["constraint"] = etree.tostring(_gated(found["constraint"].encode("utf-8", "replace"))).decode()
    return found


def _check_box(text: str) -> None:
    """Raise ParameterError for a ``bbox`` that is not four numbers, or four and a system."""
    sides = text.split(",", 5)[:4]
    if len(sides) < 4 or any(_SIDE.fullmatch(side.strip()) is None for side in sides):
        raise ParameterError("bbox", f"{text[:40]!r} is no box", cure="west,south,east,north in degrees")


def _run(request: CswRequest, query: str, body: bytes, reader: Reader, access: Access, title: str) -> CswAnswer:
    from gateway.catalogue.pycsw_repository import View
    from gateway.catalogue.pycsw_shims import engine

    view = View(reader, access)
    environ = _environ(request, query, body) | {"gateway.view": view}
    catalogue = engine().Csw(_configuration(request.address, title), environ)
    catalogue.outputschemas = {name: module for name, module in catalogue.outputschemas.items() if name.endswith("/Atom")}
    status, answer = catalogue.dispatch_wsgi()
    found = _answered(int(status.partition(" ")[0]), catalogue.contenttype, answer)
    return replace(found, records=tuple(view.given)) if found.status == 200 else found


def _answered(status: int, media_type: str, body: bytes) -> CswAnswer:
    """pycsw's answer with the right status: CSW 2.0.2 errors come as 200 from it."""
    if b"ExceptionReport" in body[:3000] and status == 200:
        code = _CODE.search(body)
        status = 404 if code is not None and code.group(1) == b"NotFound" else 400
    kind = media_type if "charset" in media_type or "json" in media_type else f"{media_type}; charset=UTF-8"
    return CswAnswer(status, kind, body)


def _environ(request: CswRequest, query: str, body: bytes) -> dict[str, Any]:
    """A WSGI environment with nothing of the caller's headers in it."""
    parts = urlsplit(request.address)
    return {
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": query,
        "SCRIPT_NAME": "",
        "PATH_INFO": parts.path,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or 80),
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": parts.scheme or "http",
        "wsgi.input": BytesIO(body),
    }


def _configuration(address: str, title: str) -> dict[str, dict[str, str]]:
    told = title.replace("%", "%%").replace("$", "＄")
    return {
        "server": {"home": ".", "url": address.replace("%", "%%"), "language": "en-US", "encoding": "UTF-8", "profiles": "apiso"},
        "manager": {"transactions": "false"},
        "metadata:main": {
            "identification_title": told,
            "identification_abstract": f"The catalogue of {told}: the metadata of its datasets.",
            "identification_keywords": "digital twin,catalogue,metadata",
            "identification_keywords_type": "theme",
            "identification_fees": "None",
            "identification_accessconstraints": "None",
            "provider_name": told,
            "provider_url": address.replace("%", "%%").removesuffix("/csw"),
            **{f"contact_{part}": "" for part in _CONTACT},
            "contact_url": address.replace("%", "%%").removesuffix("/csw"),
            "contact_role": "pointOfContact",
        },
        "metadata:inspire": {"enabled": "false"},
        "repository": {"source": "gateway.catalogue.pycsw_repository.Repository"},
    }
