"""Makes one tile of one collection: as many of its features as a map can show, as one layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gateway.model.dataset import Box
from gateway.model.feature import Field, Scalar
from gateway.tiles import mvt
from gateway.tiles.framing import Frame

MOST = 10_000
"""Features a tile holds; where there are more, small ones are thinned by the same rule everywhere."""

_STEPS = 30

type Shape = tuple[int, str, bytes, tuple[Scalar, ...]]
type Ask = Callable[[Box, int, float, int], list[Shape]]
"""Asks the store: box, limit, `smallest` and `every` of `ports.Reader.shapes`."""


@dataclass(frozen=True, slots=True)
class Made:
    """A tile: its bytes (empty where it shows nothing), and the step of thinning (0: every feature is in it)."""

    body: bytes
    step: int


def thinning(step: int) -> str | None:
    """What a step of thinning leaves out, in words; None for the first, which leaves nothing out."""
    return None if step == 0 else f"1 in {2**step} of the features below {_least(step):.3g} px"


def make(frame: Frame, layer: str, fields: Sequence[Field], ask: Ask, expected: float = 0.0) -> Made:
    """The tile of `frame`; `expected` is a guess of how many features it has, which decides where the search for the step of
    thinning begins and never where it ends."""
    if not frame.pieces:
        return Made(b"", 0)
    shapes, turns, step = _found(frame, ask, expected)
    if not shapes:
        return Made(b"", step)
    drawn = frame.draw([shape[2] for shape in shapes], turns)
    names = [field.name for field in fields]
    columns: list[Sequence[Scalar]] = [*zip(*[shape[3] for shape in shapes], strict=True)] if names else []
    columns.append([shape[1] for shape in shapes])
    return Made(mvt.layer(layer, [*names, id_key(names)], columns, [shape[0] for shape in shapes], drawn), step)


def id_key(names: Sequence[str]) -> str:
    """The property that holds a feature's id: ``id``, unless a declared one has that name."""
    key = "id"
    while key in names:
        key = f"_{key}"
    return key


def _found(frame: Frame, ask: Ask, expected: float) -> tuple[list[Shape], np.ndarray | None, int]:
    """The features at the first step of thinning at which they are not too many."""
    step = 0
    while step < _STEPS and expected > MOST * 2**step:
        step += 1
    found = _asked(frame, ask, step)
    if len(found[0]) > MOST:
        while len(found[0]) > MOST and step < _STEPS:
            step += 1
            found = _asked(frame, ask, step)
        return *found, step
    while step > 0 and len((denser := _asked(frame, ask, step - 1))[0]) <= MOST:
        step, found = step - 1, denser
    return *found, step


def _asked(frame: Frame, ask: Ask, step: int) -> tuple[list[Shape], np.ndarray | None]:
    """What the store has at one step, in the order of the keys, each once; and by how much each is turned, where any is."""
    smallest = frame.pixel * _least(step)
    if len(frame.pieces) == 1:
        return sorted(ask(frame.pieces[0].box, MOST + 1, smallest, 2**step), key=_key), None
    found: dict[tuple[int, float], Shape] = {}
    for piece in frame.pieces:
        for shape in ask(piece.box, MOST + 1, smallest, 2**step):
            found[shape[0], piece.turn] = shape
    order = sorted(found)
    turns = np.array([turn for _, turn in order])
    return [found[place] for place in order], turns if turns.any() else None


def _least(step: int) -> float:
    """The pixels from which on a feature is never left out at a step of thinning."""
    return float(2 ** ((step - 1) / 2))


def _key(shape: Shape) -> int:
    return shape[0]
