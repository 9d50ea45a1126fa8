"""The values a property may have: exact in JSON and in the store, or refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import orjson

from gateway.errors import InputError

_LARGEST = 2**63
_DEEPEST = 64
_PLAIN = (str, bool, type(None))
_SCALARS = {str, int, float, bool, type(None)}


def demand_exact(properties: Mapping[str, Any], owner: str) -> bool:
    """Check the properties of the feature `owner`; gives whether all of them are scalars.

    Raises InputError for a number that is not finite or beyond 64 bits, a name that is no text, nesting over 64 levels, and
    any type JSON has not.
    """
    kinds = set(map(type, properties.values()))
    if float in kinds or int in kinds:
        numbers = [value for value in properties.values() if type(value) is float or type(value) is int]
        if not (min(numbers) >= -_LARGEST and max(numbers) < _LARGEST and all(map(isfinite, numbers))):
            _name_number(properties, owner)
    if kinds <= _SCALARS:
        return True
    for name, value in properties.items():
        _demand_nested(value, owner, name, 1)
    return False


def is_scalar(value: Any) -> bool:
    """Whether a value is one scalar."""
    return value is None or isinstance(value, str | int | float)


def fits_column(value: Any) -> bool:
    """Whether a value fits a column: a scalar, or a list of them."""
    return is_scalar(value) or (isinstance(value, list) and all(map(is_scalar, value)))


def dumps(value: Any, owner: str, option: int = 0) -> bytes:
    """JSON of a checked value. Raises InputError, naming the feature, for text that is no Unicode (lone surrogates)."""
    try:
        return orjson.dumps(value, option=option)
    except orjson.JSONEncodeError as error:
        raise without_form(owner, error) from error


def without_form(owner: str, error: Exception) -> InputError:
    """The error for a value of the feature `owner` that has no JSON form (a lone surrogate)."""
    return InputError(f"a value has no JSON form: {error}", place=_shown(owner))


def _name_number(properties: Mapping[str, Any], owner: str) -> None:
    for name, value in properties.items():
        if isinstance(value, float | int):
            _demand_number(value, owner, name)


def _demand_number(value: float, owner: str, name: str) -> None:
    if isinstance(value, int):
        if not -_LARGEST <= value < _LARGEST:
            raise InputError(f"property {name!r} is a whole number beyond 64 bits", place=_shown(owner), cure="send it as text")
    elif not isfinite(value):
        raise InputError(f"property {name!r} is not a finite number", place=_shown(owner), cure="leave it out or send null")


def _demand_nested(value: Any, owner: str, name: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise InputError(f"property {name!r} is nested more than {_DEEPEST} deep", place=_shown(owner))
    if isinstance(value, Mapping):
        for key, part in value.items():
            if not isinstance(key, str):
                raise InputError(f"property {name!r} has a member whose name is no text", place=_shown(owner))
            _demand_nested(part, owner, name, depth + 1)
    elif isinstance(value, list | tuple):
        for part in value:
            _demand_nested(part, owner, name, depth + 1)
    elif isinstance(value, float | int) and not isinstance(value, bool):
        _demand_number(value, owner, name)
    elif not isinstance(value, _PLAIN):
        raise InputError(f"property {name!r} is a {type(value).__name__}, which JSON has not", place=_shown(owner))


def _shown(owner: str) -> str:
    return owner.encode("utf-8", "backslashreplace").decode("utf-8")
