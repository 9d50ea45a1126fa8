"""The results of a job: laid down whole in one step, read back, and written as the document a caller or subscriber gets."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import IntegrityError
from gateway.model.process import Result, Value

RESULT = "result"
INLINE = 10_000_000
"""Bytes of a file up to which a document holds it by value; larger ones are given by reference."""
_MANIFEST = "manifest.json"


def lay_down(outputs: Mapping[str, Value], place: Path, *, run: str) -> None:
    """Write outputs and their manifest into the folder `place`, durably; `run` tells one run of a job from another."""
    manifest: dict[str, Any] = {}
    for number, (name, value) in enumerate(outputs.items()):
        if value.path is None:
            manifest[name] = {"json": value.json}
            continue
        file = f"{number}"
        shutil.move(value.path, place / file)
        _make_durable(place / file)
        manifest[name] = {"file": file, "mediaType": value.media_type, "name": value.name}
    with (place / _MANIFEST).open("wb") as sink:
        sink.write(orjson.dumps({"run": run, "outputs": manifest}))
        sink.flush()
        os.fsync(sink.fileno())
    _make_durable(place)


def keep(place: Path, folder: Path) -> bool:
    """Make what was laid down in `place` the result of the job in `folder`; False where there is one: it has its effect once."""
    try:
        place.rename(folder / RESULT)
    except OSError:
        if not (folder / RESULT / _MANIFEST).is_file():
            raise
        return False
    _make_durable(folder)
    return True


def is_kept(folder: Path) -> bool:
    """Whether the job in `folder` has its result."""
    return (folder / RESULT / _MANIFEST).is_file()


def read(folder: Path) -> dict[str, Result]:
    """The results of the job in `folder`, by output. Raises IntegrityError where they were taken away."""
    place = folder / RESULT
    try:
        manifest = orjson.loads((place / _MANIFEST).read_bytes())["outputs"]
    except FileNotFoundError as error:
        raise IntegrityError("the results of a finished job are missing") from error
    return {
        name: Result(json=entry["json"])
        if "json" in entry
        else Result(path=place / entry["file"], media_type=entry["mediaType"] or "application/octet-stream", name=entry["name"])
        for name, entry in manifest.items()
    }


def run_of(folder: Path) -> str:
    """Which run of the job made its result."""
    found: str = orjson.loads((folder / RESULT / _MANIFEST).read_bytes())["run"]
    return found


def wanted(results: Mapping[str, Result], modes: Mapping[str, str]) -> dict[str, Result]:
    """The results asked for: all where nothing was asked for; an output that there is not is left out."""
    return {name: results[name] for name in (modes or results) if name in results}


def document(results: Mapping[str, Result], modes: Mapping[str, str], address: Callable[[str], str]) -> dict[str, Any]:
    """Results as one JSON document (results.yaml): plain values, values with their type, or links by `address`."""
    return {name: _entry(name, result, modes, address) for name, result in wanted(results, modes).items()}


def _entry(name: str, result: Result, modes: Mapping[str, str], address: Callable[[str], str]) -> Any:
    is_large = result.path is not None and result.path.stat().st_size > INLINE
    if modes.get(name) == "reference" or is_large:
        return {"href": address(name), "type": result.media_type}
    if result.path is not None:
        value = base64.b64encode(result.path.read_bytes()).decode()
        return {"value": value, "encoding": "base64", "mediaType": result.media_type}
    if isinstance(result.json, dict) and "bbox" not in result.json:
        return {"value": result.json, "mediaType": "application/json"}
    return result.json


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
