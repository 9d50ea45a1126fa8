"""The file of a submission, opened: what it is, in which CRS, and the digests that make it recognisable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from gateway.charter import attestation
from gateway.errors import ParameterError, TooLarge, UsageError
from gateway.geo import crs as systems
from gateway.model.canonical import canonical
from gateway.model.crs import Crs
from gateway.model.submission import Request
from gateway.ports import Adapter, Reading, ReadOptions
from gateway.services import formats

MODES = ("replace", "delta")
GRAPHS = ("full", "metadata")


@dataclass(frozen=True, slots=True)
class Intake:
    """An open file: `crs` is the one in force (the file's, else the submission's), `stated` the submission's own."""

    adapter: Adapter
    reading: Reading
    crs: Crs | None
    stated: Crs | None


@contextmanager
def opened(request: Request) -> Iterator[Intake | None]:
    """The data of a submission, open for the length of a `with`; None for a record alone. Raises Unreadable or Unsupported."""
    if request.data is None:
        yield None
        return
    path = Path(request.data)
    stated = None if request.crs is None else systems.known(request.crs, "crs")
    adapter = formats.detect(path, request.data_name)
    with adapter.open(path, ReadOptions(crs=stated, id_field=request.id, name=request.data_name)) as reading:
        own = reading.header.crs
        yield Intake(adapter, reading, own if own is not None and own.is_known else stated or own, stated)


def demand_sound(request: Request, largest: int) -> None:
    """Raise for a request that asks for nothing, in an unknown way, or with files that are absent or too large."""
    if request.data is None and request.record is None:
        raise UsageError("there is nothing to publish", cure="send data, a record, or both")
    if request.mode not in MODES:
        raise ParameterError("mode", f"{request.mode!r} is no mode", cure=" or ".join(MODES))
    if request.graph is not None and request.graph not in GRAPHS:
        raise ParameterError("graph", f"{request.graph!r} is not known", cure=" or ".join(GRAPHS))
    for parameter, name in (("data", request.data), ("record", request.record), ("attestation", request.attestation)):
        if name is None:
            continue
        path = Path(name)
        if not path.is_file():
            raise ParameterError(parameter, f"there is no file {path.name}")
        if path.stat().st_size > largest:
            raise TooLarge(f"{path.stat().st_size} bytes are over the limit of {largest}", place=parameter)


def digest_of(path: str | None) -> str | None:
    """SHA-256 of a file in hex, None for no file."""
    if path is None:
        return None
    with Path(path).open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def digests_of(request: Request) -> dict[str, str | None]:
    """SHA-256 of the data and of the record, as an attestation names them."""
    return {"data": digest_of(request.data), "record": digest_of(request.record)}


def attestation_of(request: Request) -> bytes | None:
    """The attestation without white space around it, None for none; of one that is too long only as much as shows it."""
    if request.attestation is None:
        return None
    with Path(request.attestation).open("rb") as file:
        return file.read(attestation.LONGEST + 2).strip()


def fingerprint(content: Any) -> str:
    """SHA-256 over the canonical JSON of `content`, in hex."""
    return sha256(canonical(content)).hexdigest()


def file_name(request: Request) -> str:
    """The name the sender gave the data (or, for a record alone, the record)."""
    if request.data is not None:
        return request.data_name or Path(request.data).name
    return request.record_name or Path(request.record or "record").name
