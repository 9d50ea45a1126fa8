"""The child's side of reading GeoParquet: batches of plain rows. Runs under limits (`gateway.gates.child`)."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator
from typing import Any

from gateway.errors import Unreadable

_KINDS = {
    "Boolean": "boolean",
    **dict.fromkeys(("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"), "integer"),
    **dict.fromkeys(("Float16", "Float32", "Float64"), "number"),
}


def read(path: str) -> Iterator[Any]:
    """First ``{"geo": bytes | None, "columns": [(name, type)]}``, then batches: a dict from column to its values."""
    import arro3.io

    try:
        reader = arro3.io.read_parquet(path)
        schema = reader.schema
        geo = schema.metadata.get(b"geo")
        columns = [(name, str(schema.field(at).type)) for at, name in enumerate(schema.names)]
        yield {"geo": None if geo is None else bytes(geo), "columns": [(name, kind_of(kind)) for name, kind in columns]}
        for batch in reader:
            for start in range(0, batch.num_rows, 1000):
                part = batch.slice(start, min(1000, batch.num_rows - start))
                yield {name: [_plain(value) for value in part.column(at).to_pylist()] for at, (name, _) in enumerate(columns)}
    except Exception as error:
        if type(error).__module__.startswith("arro3") or isinstance(error, ValueError | OSError | TypeError):
            raise Unreadable(f"the Parquet file is damaged: {str(error)[:200]}") from error
        raise


def kind_of(name: str) -> str:
    """The JSON type of an Arrow type; what is none of the plain ones is a string."""
    bare = name.partition("<")[2].rpartition(">")[0]
    return "number" if bare.startswith("Decimal") else _KINDS.get(bare, "string")


def _plain(value: Any) -> Any:
    """A value as data that goes through the pipe: times as RFC 3339, decimals as numbers."""
    if value is None or isinstance(value, str | int | float | bool | bytes):
        return value
    if isinstance(value, datetime.datetime):
        text = value.isoformat()
        return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**63 else float(value)
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value)
