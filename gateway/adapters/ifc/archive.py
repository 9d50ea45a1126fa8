"""ifcZIP: one IFC file in a ZIP, taken out by counted bytes and never by what the archive says of itself."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

from gateway.errors import TooLarge, Unreadable

MEMBERS = 64
LARGEST = 4 << 30
RATIO = 200
_CHUNK = 1 << 20
_LOCAL = struct.Struct("<4s5H3I2H")


def looks_like_ifczip(head: bytes) -> bool:
    """Whether the first local headers of a ZIP name a member ``*.ifc``."""
    position = 0
    while head[position : position + 4] == b"PK\x03\x04" and position + _LOCAL.size <= len(head):
        fields = _LOCAL.unpack_from(head, position)
        size, length, extra = fields[7], fields[9], fields[10]
        begin = position + _LOCAL.size
        if head[begin : begin + length].lower().endswith(b".ifc"):
            return True
        position = begin + length + extra + size
    return False


def unpacked(path: Path, folder: Path) -> Path:
    """The plain IFC file: `path` itself, or the archive's one ``*.ifc`` member written into `folder`.

    Raises Unreadable (no or several IFC files, encrypted, damaged) or TooLarge (too many members, too large, too dense).
    """
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return path
    try:
        with zipfile.ZipFile(path) as archive:
            return _extract(archive, _member(archive), folder / "model.ifc")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise Unreadable("the ifcZIP archive is damaged", cure="send the .ifc file itself") from error


def _member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = archive.infolist()
    if len(members) > MEMBERS:
        raise TooLarge(f"the archive has {len(members)} members, more than {MEMBERS}", cure="send the .ifc file itself")
    found = [member for member in members if member.filename.lower().endswith(".ifc")]
    if len(found) != 1:
        raise Unreadable(f"the archive holds {len(found)} IFC files instead of one", cure="one .ifc file in one archive")
    if found[0].flag_bits & 0x1:
        raise Unreadable("the archive is encrypted", place=found[0].filename[:80], cure="send it without a password")
    return found[0]


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> Path:
    most = min(LARGEST, max(_CHUNK, member.compress_size * RATIO))
    written = 0
    with archive.open(member) as source, target.open("wb") as sink:
        while piece := source.read(_CHUNK):
            written += len(piece)
            if written > most:
                raise TooLarge(f"the archive unpacks to more than {most} bytes", cure="send the .ifc file itself")
            sink.write(piece)
    return target
