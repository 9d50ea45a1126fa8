"""The frames between the gateway and the process that hosts providers: a JSON document, and bytes beside it."""

from __future__ import annotations

import struct
from typing import IO, Any

import orjson

_HEAD = struct.Struct(">QQ")
LARGEST = 256 << 20
"""Bytes of one frame."""


def write(pipe: IO[bytes], document: Any, blob: bytes = b"") -> None:
    """Send one frame."""
    text = orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    pipe.write(_HEAD.pack(len(text), len(blob)))
    pipe.write(text)
    pipe.write(blob)
    pipe.flush()


def read(pipe: IO[bytes]) -> tuple[Any, bytes] | None:
    """The next frame, or None where the other side has ended. Raises ValueError for one that is no frame of ours."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    text, blob = _HEAD.unpack(head)
    if text + blob > LARGEST:
        raise ValueError(f"a frame of {text + blob} bytes is over the limit of {LARGEST}")
    document = pipe.read(text)
    beside = pipe.read(blob) if blob else b""
    if len(document) < text or len(beside) < blob:
        return None
    return orjson.loads(document), beside
