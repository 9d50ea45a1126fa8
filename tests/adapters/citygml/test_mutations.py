"""Damaged files: whatever is done to one, reading it ends in features, problems or an InputError, and so does writing it again."""

from __future__ import annotations

import copy
import io
import random
from pathlib import Path

import pytest
from lxml import etree

from gateway.adapters.citygml import ADAPTER
from gateway.errors import InputError
from gateway.model.report import Report
from gateway.ports import Output, ReadOptions

SEEDS = (Path(__file__).parent / "files" / "house_v2.gml", Path(__file__).parent / "files" / "house_v3.gml")
WORDS = (b"", b"<", b">", b"&", b"\x00", b"\xff", b"NaN", b"1e999", b"-1", b"#", b"lod2", b"lod9", b"gml:", b"''", b"<!DOCTYPE a>")


def mutated(content: bytes, dice: random.Random) -> bytes:
    """Bytes changed, cut, doubled or swapped at some places."""
    for _ in range(dice.randint(1, 6)):
        at, length = dice.randrange(len(content)), dice.choice((1, 3, 10, 80, 400))
        other = dice.randrange(len(content))
        middle = dice.choice(
            (dice.choice(WORDS), content[other : other + length], content[at : at + length] * 2, dice.randbytes(2))
        )
        content = content[:at] + middle + content[at + length :]
    return content


def renamed(content: bytes, dice: random.Random) -> bytes:
    """Well-formed, but with one name, id or word in place of another: the schema is broken, the XML is not."""
    words = sorted(set(content.replace(b"<", b" ").replace(b">", b" ").replace(b'"', b" ").replace(b"/", b" ").split()))
    for _ in range(dice.randint(1, 4)):
        old, new = dice.choice(words), dice.choice(words)
        content = content.replace(old, new)
    return content


def regrown(content: bytes, dice: random.Random) -> bytes:
    """Well-formed, but with elements taken out, moved, copied, emptied, renamed or made references."""
    root = etree.fromstring(content)
    for _ in range(dice.randint(1, 8)):
        elements = [element for element in root.iter(etree.Element) if element is not root]
        one, other = dice.choice(elements), dice.choice(elements)
        match dice.randrange(6):
            case 0:
                one.getparent().remove(one)
            case 1:
                other.append(copy.deepcopy(one))
            case 2:
                one.tag = other.tag
            case 3:
                one.text = dice.choice(("", "x", "1", "1 2", "1 2 3", "-1e308 1e308 1e308", other.text or ""))
            case 4:
                one.clear()
                one.set("{http://www.w3.org/1999/xlink}href", f"#{dice.choice([*other.attrib.values(), 'nothing'])}")
            case _:
                one.set("srsName", dice.choice(("EPSG:2056", "urn:ogc:def:crs:EPSG::4326", "x")))
                other.set("srsDimension", dice.choice(("2", "3", "x")))
    return etree.tostring(root)


def run(content: bytes, path: Path) -> bool:
    """Read and write; whether it could be read."""
    path.write_bytes(content)
    try:
        with ADAPTER.open(path, ReadOptions()) as reading:
            features = list(reading)
    except InputError as error:
        assert str(error)
        return False
    ADAPTER.write(iter(features), io.BytesIO(), Output(reading.header.crs), Report())
    return True


def check(count: int, folder: Path) -> int:
    read = 0
    contents = [seed.read_bytes() for seed in SEEDS]
    for number in range(count):
        dice = random.Random(number)
        change = dice.choice((mutated, renamed, regrown, regrown))
        read += run(change(dice.choice(contents), dice), folder / "file.gml")
    return read


def test_three_hundred_damaged_files_do_no_harm(tmp_path: Path) -> None:
    assert check(300, tmp_path) > 100


@pytest.mark.proof
@pytest.mark.timeout(1200)
def test_twenty_thousand_damaged_files_do_no_harm(tmp_path: Path) -> None:
    assert check(20_000, tmp_path) > 8000
