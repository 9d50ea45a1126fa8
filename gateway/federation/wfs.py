"""A pygeoapi provider over a feature type of a remote Web Feature Service 2.0 (OGC 09-025r2).

In a provider block: ``name: gateway.federation.wfs.WebFeatures``, ``data`` the address of the service, ``options: {typename: …}``,
and ``id_field`` where the ids are to come from a property.
GeoJSON is asked for where the service offers it, else GML 3.2, which the gateway's own adapter reads. Coordinates are asked for
in EPSG:4326 and given in visualisation order (longitude, latitude), as GeoJSON has them.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson
from lxml import etree
from pygeoapi.provider.base import BaseProvider

from gateway import registry
from gateway.errors import NotFound, RemoteError, UsageError
from gateway.federation import remote
from gateway.gates import json as strict
from gateway.geo import geojson
from gateway.geo import wkb as wkbs
from gateway.ports import Adapter, ReadOptions

_XML = "application/xml, text/xml;q=0.9"
_OWS = "{http://www.opengis.net/ows/1.1}"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_WFS = "{http://www.opengis.net/wfs/2.0}"
_FES = 'xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"'
_SYSTEM = "urn:ogc:def:crs:EPSG::4326"
_KINDS = {
    **dict.fromkeys(("int", "integer", "long", "short", "byte", "nonNegativeInteger", "positiveInteger"), "integer"),
    **dict.fromkeys(("decimal", "double", "float"), "number"),
    "boolean": "boolean",
}
_formats: dict[str, str | None] = {}
_guard = threading.Lock()


class WebFeatures(BaseProvider):  # type: ignore[misc]
    """One feature type."""

    def __init__(self, provider_def: Mapping[str, Any]) -> None:
        super().__init__(dict(provider_def))
        options = self.options or {}
        if not options.get("typename"):
            raise UsageError("the provider block names no feature type", cure="options: {typename: …}")
        self._service, self._typename = str(self.data), str(options["typename"])

    def get_fields(self) -> dict[str, Any]:
        """Names and types of the properties, from DescribeFeatureType."""
        schema = self._xml({"request": "DescribeFeatureType", "typeNames": self._typename})
        fields: dict[str, Any] = {}
        for element in schema.iter(f"{_XS}element"):
            kind, name = (element.get("type") or "").rpartition(":")[2], element.get("name")
            if name and element.getparent().tag == f"{_XS}sequence" and not kind.endswith("PropertyType"):
                fields[name] = {"type": _KINDS.get(kind, "string")} | _format(kind)
        return fields

    def query(
        self,
        offset: int = 0,
        limit: int = 10,
        resulttype: str = "results",
        bbox: Sequence[float] = (),
        datetime_: str | None = None,
        properties: Sequence[tuple[str, str]] = (),
        **_: Any,
    ) -> dict[str, Any]:
        """A page of features as GeoJSON with ``numberMatched`` (GetFeature, 11)."""
        if datetime_ is not None:
            raise UsageError("a Web Feature Service has no time of its features to ask by")
        asked = {"request": "GetFeature", "typeNames": self._typename, "srsName": _SYSTEM}
        if properties:
            asked["filter"] = _filter(bbox, properties)
        elif bbox:
            west, south, east, north = _flat(bbox)
            asked["bbox"] = f"{south},{west},{north},{east},{_SYSTEM}"
        matched = self._hits(asked)
        if resulttype == "hits":
            return {"type": "FeatureCollection", "features": [], **matched}
        found = self._features({**asked, "count": str(limit), "startIndex": str(offset)})
        return {"type": "FeatureCollection", "features": found[:limit], **matched}

    def get(self, identifier: str, **_: Any) -> dict[str, Any]:
        """One feature by its resource id (7.9.2.3.2). Raises NotFound."""
        asked = {"request": "GetFeature", "typeNames": self._typename, "srsName": _SYSTEM}
        if self.id_field:
            asked["filter"] = _filter((), [(self.id_field, identifier)])
        else:
            asked["resourceId"] = identifier
        found = self._features(asked)
        if not found:
            raise NotFound("there is no such feature")
        return found[0]

    def _hits(self, asked: Mapping[str, str]) -> dict[str, Any]:
        number = self._xml({**asked, "resultType": "hits"}).get("numberMatched", "unknown")
        return {"numberMatched": int(number)} if number.isdigit() else {}

    def _features(self, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        format = self._json_format()
        if format is None:
            return self._from_gml(self._answer({**asked, "outputFormat": "application/gml+xml; version=3.2"}, _XML))
        found = strict.loads(self._answer({**asked, "outputFormat": format}, "*/*"))
        if not isinstance(found, dict) or not isinstance(found.get("features"), list):
            raise RemoteError("the service's answer is no GeoJSON")
        return [self._identified(feature) for feature in found["features"]]

    def _identified(self, feature: Any) -> Any:
        """A feature with the value of `id_field` as its id, where the block names one (some services give GeoJSON without ids)."""
        if self.id_field and isinstance(feature, dict):
            value = (feature.get("properties") or {}).get(self.id_field)
            return feature if value is None else {**feature, "id": value}
        return feature

    def _from_gml(self, text: bytes) -> list[dict[str, Any]]:
        """GML by the gateway's adapter, as GeoJSON in longitude and latitude."""
        adapter: Adapter = registry.get("adapters", "gml")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "answer.gml"
            path.write_bytes(text)
            with adapter.open(path, ReadOptions()) as reading:
                features = list(reading)
        shapes = geojson.encode(wkbs.oriented([feature.shape for feature in features]), 9)
        return [
            {"type": "Feature", "id": feature.id, "geometry": orjson.loads(shape), "properties": feature.properties}
            for feature, shape in zip(features, shapes, strict=True)
        ]

    def _json_format(self) -> str | None:
        """The service's word for GeoJSON, from its capabilities; asked for once in the life of the process."""
        with _guard:
            if self._service not in _formats:
                capabilities = self._xml({"request": "GetCapabilities"})
                _formats[self._service] = next((word for word in _offered(capabilities) if "json" in word.lower()), None)
            return _formats[self._service]

    def _xml(self, asked: Mapping[str, str]) -> Any:
        return _document(self._answer(asked, _XML))

    def _answer(self, asked: Mapping[str, str], accept: str) -> bytes:
        url = remote.with_parameters(self._service, {"service": "WFS", "version": "2.0.0", **asked})
        reply = remote.answer(url, accept)
        if b"ExceptionReport" in reply.body[:2000]:
            raise _exception(_document(reply.body))
        return reply.body


def _document(text: bytes) -> Any:
    """XML with no DTD, no entities, nothing fetched."""
    if b"<!DOCTYPE" in text[:4096]:
        raise RemoteError("the service's XML has a document type")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise RemoteError("the service's answer is no XML") from error


def _exception(report: Any) -> Exception:
    code = next((element.get("exceptionCode", "") for element in report.iter(f"{_OWS}Exception")), "")
    if (
        code in ("NotFound", "InvalidParameterValue", "OperationProcessingFailed")
        and "resource" in str(report.xpath("string()")).lower()
    ):
        return NotFound("there is no such feature")
    return RemoteError(f"the service answered with the exception {code or 'without a code'}")


def _offered(capabilities: Any) -> list[str]:
    """Output formats of GetFeature."""
    for operation in capabilities.iter(f"{_OWS}Operation"):
        if operation.get("name") == "GetFeature":
            for parameter in operation.iter(f"{_OWS}Parameter"):
                if parameter.get("name") == "outputFormat":
                    return [value.text or "" for value in parameter.iter(f"{_OWS}Value")]
    return []


def _format(kind: str) -> dict[str, str]:
    return {"date": {"format": "date"}, "dateTime": {"format": "date-time"}}.get(kind, {})


def _flat(bbox: Sequence[float]) -> tuple[float, float, float, float]:
    half = len(bbox) // 2
    return bbox[0], bbox[1], bbox[half], bbox[half + 1]


def _filter(bbox: Sequence[float], properties: Sequence[tuple[str, str]]) -> str:
    """A filter of OGC 09-026r2 that says both, since a request takes either a box or a filter."""
    parts = [
        f"<fes:PropertyIsEqualTo><fes:ValueReference>{escape(name)}</fes:ValueReference>"
        f"<fes:Literal>{escape(str(value))}</fes:Literal></fes:PropertyIsEqualTo>"
        for name, value in properties
    ]
    if bbox:
        west, south, east, north = _flat(bbox)
        parts.append(
            f"<fes:BBOX><gml:Envelope srsName={quoteattr(_SYSTEM)}><gml:lowerCorner>{south} {west}</gml:lowerCorner>"
            f"<gml:upperCorner>{north} {east}</gml:upperCorner></gml:Envelope></fes:BBOX>"
        )
    inner = "".join(parts)
    return f"<fes:Filter {_FES}>{f'<fes:And>{inner}</fes:And>' if len(parts) > 1 else inner}</fes:Filter>"
