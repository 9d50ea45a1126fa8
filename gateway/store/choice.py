"""Which store a twin has: ``twin.toml`` in its folder says so; without one it is the GeoPackage beside it."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

import orjson

from gateway.errors import Conflict, IntegrityError, NotFound

FILE = "twin.toml"
EMBEDDED = "geopackage"
GEOPACKAGE = "twin.gpkg"
"""The file of the embedded store."""

_MEMBERS = ("store", "address", "blobs")


@dataclass(frozen=True, slots=True)
class Choice:
    """The name of a store, its address where it is not in the folder (no password in it), and where blobs lie if elsewhere."""

    store: str = EMBEDDED
    address: str | None = None
    blobs: str | None = None


def read(folder: Path) -> Choice:
    """The choice made for a twin. Raises IntegrityError for a file that cannot be read."""
    path = folder / FILE
    if not path.is_file():
        return Choice()
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"not TOML: {error}", place=str(path), cure="restore it from a backup") from error
    for name, value in given.items():
        if name not in _MEMBERS or not isinstance(value, str):
            raise IntegrityError(
                f"{name} is no text that this file may hold", place=str(path), cure=f"known: {', '.join(_MEMBERS)}"
            )
    return Choice(given.get("store", EMBEDDED), given.get("address"), given.get("blobs"))


def write(folder: Path, choice: Choice) -> None:
    """Keep the choice for a new twin; the default needs no file. Raises Conflict where there is a twin already."""
    if (folder / FILE).exists() or (folder / GEOPACKAGE).exists():
        raise Conflict(f"there is a twin in {folder} already")
    if choice == Choice():
        return
    members = {name: getattr(choice, name) for name in _MEMBERS}
    # A string of JSON is a string of TOML, too.
    lines = [f"{name} = {orjson.dumps(value).decode()}\n" for name, value in members.items() if value is not None]
    with (folder / FILE).open("x", encoding="utf-8") as file:
        file.write("".join(lines))
        file.flush()
        os.fsync(file.fileno())


def forget(folder: Path, choice: Choice) -> None:
    """Take a choice back whose twin could not be made."""
    if choice != Choice():
        (folder / FILE).unlink(missing_ok=True)


def check(folder: Path) -> Choice:
    """The choice made for a twin that is there. Raises NotFound where there is none."""
    choice = read(folder)
    if choice.store == EMBEDDED and not (folder / GEOPACKAGE).is_file():
        raise NotFound(f"there is no twin in {folder}", cure=f"gateway init {folder}")
    return choice
