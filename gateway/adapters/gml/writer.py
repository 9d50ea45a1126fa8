"""GML 3.2 out: ``sf:FeatureCollection`` of OGC API Features, one element a feature; or the one feature alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

import orjson

from gateway.adapters.columns import Batch, Column, Table
from gateway.adapters.gml.geometry import Encoder
from gateway.adapters.gml.names import GML, ID, OTHER, SF, SF_LOCATION, elements, name_of, namespace
from gateway.adapters.gml.schema import undeclared
from gateway.geo import crs as crs_rules
from gateway.geo import wkb as wkbs
from gateway.model.feature import Feature, Layer, Scalar
from gateway.model.report import Report
from gateway.ports import Output

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write."""


def write_gml(features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
    """Write `features`; what simple features have no place for goes to `report`."""
    with Table(features, output, report, "GML simple features") as table:
        writer = _Writer(table, output, report)
        if output.single and table.count == 1:
            sink.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
            sink.write("".join(writer.features(next(table.batches()), writer.root)).encode())
            return
        sink.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<sf:FeatureCollection{writer.root} gml:id="features">\n'.encode())
        for batch in table.batches():
            sink.write("".join(f"<sf:featureMember>{one}</sf:featureMember>\n" for one in writer.features(batch, "")).encode())
        sink.write(b"</sf:FeatureCollection>\n")


class _Writer:
    """What stays the same from feature to feature."""

    def __init__(self, table: Table, output: Output, report: Report) -> None:
        self._report = report
        layer = output.layers[0] if len(output.layers) == 1 else Layer("feature")
        self._element = name_of(layer.id)
        self.root = _root(layer, output.schema)
        aside = undeclared((column.name for column in table.columns), layer) if output.schema is not None else set()
        self._columns = table.columns
        self._aside = [column.name in aside for column in table.columns]
        known = [field.name for field in layer.fields]
        self._names = elements([*known, *(column.name for column in table.columns if column.name not in known)])
        known_crs = output.crs is not None and output.crs.is_known
        self._encoder = Encoder(
            output.crs.uri if output.crs is not None and known_crs else None,
            4 if output.crs is None else crs_rules.decimals(output.crs),
            swap=output.crs is not None and crs_rules.swaps_axes(output.crs),
        )
        if not known_crs:
            report.note("The source names no known reference system, so the GML names none.")

    def features(self, batch: Batch, attributes: str) -> Iterator[str]:
        """The element of each feature; `attributes` are those of a root."""
        for id, values, shape in zip(batch.ids, batch.values, wkbs.read(batch.shapes), strict=True):
            own = name_of(id)
            parts = [f'<twin:{self._element}{attributes} gml:id="{own}"><twin:{ID}>{self._text(id)}</twin:{ID}>']
            if shape is not None and not shape.is_empty:
                parts.append(f"<twin:geometry>{self._encoder.write(shape, f'{own}.geometry')}</twin:geometry>")
            parts += self._properties(values)
            yield "".join([*parts, f"</twin:{self._element}>"])

    def _properties(self, values: Sequence[Scalar]) -> Iterator[str]:
        beside: dict[str, object] = {}
        for column, value, is_aside in zip(self._columns, values, self._aside, strict=True):
            if value is None:
                continue
            if is_aside:
                beside[column.name] = _of_json(column, value)
            else:
                name = self._names[column.name]
                yield f"<twin:{name}>{self._text(value)}</twin:{name}>"
        if beside:
            yield f"<twin:{OTHER}>{self._text(orjson.dumps(beside).decode())}</twin:{OTHER}>"

    def _text(self, value: Scalar) -> str:
        if value is True or value is False:
            return "true" if value else "false"
        if not isinstance(value, str):
            return repr(value)
        if _FORBIDDEN.search(value):
            self._report.changed("a control character", "XML has no way to write it: the replacement character stands there")
            value = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", value)
        return escape(value, {"\r": "&#13;"})


def _of_json(column: Column, value: Scalar) -> object:
    """A value as it stands in the JSON of what the schema does not name."""
    return orjson.Fragment(value) if column.type == "json" and isinstance(value, str) else value


def _root(layer: Layer, schema: str | None) -> str:
    """The attributes of the root: namespaces, and where the schemas are."""
    spaces = f' xmlns:twin={quoteattr(namespace(layer.id))} xmlns:gml="{GML}" xmlns:sf="{SF}"'
    if schema is None:
        return spaces
    places = quoteattr(f"{namespace(layer.id)} {schema} {SF} {SF_LOCATION}")
    return f'{spaces} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation={places}'
