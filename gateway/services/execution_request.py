"""An execute request, checked against the description of its process and made an order (OGC 18-062r2, 7.11)."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError, ParameterError
from gateway.gates import egress
from gateway.model.job import Order
from gateway.model.process import Description, Input, Output

INPUTS = "inputs"
_MEMBERS = frozenset({"inputs", "outputs", "response", "subscriber", "mode", "id"})
_LINK = frozenset({"href", "type", "rel", "title", "hreflang"})
_QUALIFIED = frozenset({"value", "mediaType", "encoding", "schema"})
_ENCODINGS = ("base64", "binary", "utf-8")
_MODES = ("value", "reference")
_SUBSCRIBER = {"successUri": "success", "inProgressUri": "progress", "failedUri": "failure"}
_ANY = "application/octet-stream"
_VALUES = 1000


def order(description: Description, body: Any, folder: Path, *, base: str, allowed: Collection[str]) -> Order:
    """The order that `body` is; files given by value are written into `folder`. Raises ParameterError, naming the member."""
    if not isinstance(body, dict):
        raise ParameterError("body", "not a JSON object", cure='{"inputs": {…}}')
    for name in body:
        if name not in _MEMBERS:
            raise ParameterError(name[:100], "there is no such member", cure=f"known: {', '.join(sorted(_MEMBERS))}")
    inputs = _inputs(description, _object(body, "inputs"), folder, allowed)
    response = body.get("response", "raw")
    if response not in ("raw", "document"):
        raise ParameterError("response", "no such response", cure="raw or document")
    return Order(
        inputs=inputs,
        outputs=_outputs(description, _object(body, "outputs")),
        response=response,
        reads=tuple(_collections(description, inputs)),
        subscriber=_subscriber(_object(body, "subscriber"), allowed) if "subscriber" in body else {},
        base=base,
    )


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name, {})
    if not isinstance(found, dict):
        raise ParameterError(name, "not an object")
    return found


# --- inputs ----------------------------------------------------------------------------------------------------------


def _inputs(
    description: Description, given: Mapping[str, Any], folder: Path, allowed: Collection[str]
) -> dict[str, list[dict[str, Any]]]:
    for name in given:
        if name not in description.inputs:
            known = ", ".join(description.inputs)
            raise ParameterError(f"inputs.{name[:100]}", f"{description.id} has no such input", cure=f"known: {known}")
    for name, spec in description.inputs.items():
        if spec.least > 0 and name not in given:
            raise ParameterError(f"inputs.{name}", "is needed", cure=f"see /processes/{description.id}")
    return {name: list(_values(name, description.inputs[name], raw, folder, allowed)) for name, raw in given.items()}


def _values(name: str, spec: Input, raw: Any, folder: Path, allowed: Collection[str]) -> Iterator[dict[str, Any]]:
    items = raw if spec.most != 1 and isinstance(raw, list) else [raw]
    most = _VALUES if spec.most is None else spec.most
    if not max(1, spec.least) <= len(items) <= most:
        raise ParameterError(f"inputs.{name}", f"has {len(items)} values", cure=f"{max(1, spec.least)} to {most}")
    for number, item in enumerate(items):
        yield _value(f"inputs.{name}", spec, item, folder / f"{name}-{number}", allowed)


def _value(place: str, spec: Input, item: Any, target: Path, allowed: Collection[str]) -> dict[str, Any]:
    if isinstance(item, dict) and "href" in item and set(item) <= _LINK:
        return _reference(place, item, allowed)
    value, media_type, encoding = item, None, None
    if isinstance(item, dict) and "value" in item and set(item) <= _QUALIFIED:
        value, media_type, encoding = item["value"], item.get("mediaType"), item.get("encoding")
    if media_type is not None and not (isinstance(media_type, str) and 3 <= len(media_type) <= 200 and "/" in media_type):
        raise ParameterError(place, "mediaType is none")
    if encoding is not None and encoding not in _ENCODINGS:
        raise ParameterError(place, "there is no such encoding", cure=f"one of {', '.join(_ENCODINGS)}")
    if spec.is_content and isinstance(value, str):
        return _content(place, spec, value, media_type, encoding, target)
    demand_valid(place, spec.schema, value)
    return {"value": value}


def _reference(place: str, item: Mapping[str, Any], allowed: Collection[str]) -> dict[str, Any]:
    href = item["href"]
    if not isinstance(href, str):
        raise ParameterError(place, "href is no text")
    _demand_reachable(place, href, allowed)
    kind = item.get("type")
    return {"href": href, "type": kind if isinstance(kind, str) and len(kind) < 200 else None}


def _content(place: str, spec: Input, text: str, media_type: str | None, encoding: str | None, target: Path) -> dict[str, Any]:
    options = content_types(spec.schema)
    if media_type is not None and media_type not in options and _ANY not in options:
        raise ParameterError(place, f"{media_type} is not taken", cure=f"one of {', '.join(options)}")
    try:
        raw = text.encode() if encoding == "utf-8" else base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ParameterError(place, "is not base64", cure='base64, or {"value": …, "encoding": "utf-8"}') from error
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as sink:
        sink.write(raw)
        sink.flush()
        os.fsync(sink.fileno())
    return {"file": target.name, "mediaType": media_type or options[0]}


def content_types(schema: Mapping[str, Any]) -> list[str]:
    """The media types a schema names for its content."""
    found = [option["contentMediaType"] for option in (schema, *schema.get("oneOf", ())) if "contentMediaType" in option]
    return [name.partition(";")[0] for name in found]


def demand_valid(place: str, schema: Mapping[str, Any], value: Any) -> None:
    """Raise ParameterError, naming the place inside, for a value that is not as its schema says."""
    from jsonschema import Draft202012Validator, FormatChecker

    checker = FormatChecker(())
    checker.checks("date-time", raises=ValueError)(_is_moment)
    error = next(iter(Draft202012Validator(schema, format_checker=checker).iter_errors(value)), None)
    if error is not None:
        inside = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
        raise ParameterError(f"{place}{inside}"[:200], _reason(error, schema), cure=_cure(error.schema))


def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or (len(value) >= 11 and datetime.fromisoformat(value) is not None)


def _reason(error: Any, schema: Mapping[str, Any]) -> str:
    """What is wrong, without repeating the value, which may be long."""
    if error.validator == "type":
        return f"is not of type {error.validator_value}"
    if error.validator == "required":
        return str(error.message)[:200]
    return f"does not keep to {error.validator} of its schema"


def _cure(schema: Any) -> str | None:
    if not isinstance(schema, Mapping):
        return None
    for name in ("enum", "oneOf", "type"):
        if name == "oneOf" and name in schema:
            return "one of " + ", ".join(str(option.get("type")) for option in schema["oneOf"])
        if name in schema:
            return f"{name} {schema[name]}"[:300]
    return None


def _collections(description: Description, inputs: Mapping[str, list[dict[str, Any]]]) -> Iterator[str]:
    for name, values in inputs.items():
        if description.inputs[name].names_collection:
            yield from (str(value["value"]) for value in values if "value" in value)


# --- outputs and subscriber ------------------------------------------------------------------------------------------


def _outputs(description: Description, given: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, wanted in given.items():
        place = f"outputs.{name[:100]}"
        if name not in description.outputs:
            raise ParameterError(place, f"{description.id} has no such output", cure=f"known: {', '.join(description.outputs)}")
        if not isinstance(wanted, dict):
            raise ParameterError(place, "not an object")
        mode = wanted.get("transmissionMode", "value")
        if mode not in _MODES:
            raise ParameterError(f"{place}.transmissionMode", "no such mode", cure="value or reference")
        _demand_format(place, description.outputs[name], wanted.get("format", {}))
        found[name] = mode
    return found


def _demand_format(place: str, output: Output, wanted: Any) -> None:
    if not isinstance(wanted, dict):
        raise ParameterError(f"{place}.format", "not an object")
    offered = content_types(output.schema) or ["application/json", "text/plain"]
    kind = wanted.get("mediaType")
    if kind is not None and _ANY not in offered and not (isinstance(kind, str) and kind.partition(";")[0] in offered):
        raise ParameterError(f"{place}.format.mediaType", "not offered", cure=f"one of {', '.join(offered)}")


def _subscriber(given: Mapping[str, Any], allowed: Collection[str]) -> dict[str, str]:
    found = {}
    for name, address in given.items():
        place = f"subscriber.{name[:100]}"
        if name not in _SUBSCRIBER:
            raise ParameterError(place, "there is no such member", cure=f"known: {', '.join(_SUBSCRIBER)}")
        if not isinstance(address, str):
            raise ParameterError(place, "not an address")
        _demand_reachable(place, address, allowed)
        found[_SUBSCRIBER[name]] = address
    if not found:
        raise ParameterError("subscriber", "names no address", cure=", ".join(_SUBSCRIBER))
    return found


def _demand_reachable(place: str, address: str, allowed: Collection[str]) -> None:
    try:
        egress.target(address, allowed)
    except GatewayError as error:
        raise ParameterError(place, error.message, cure=error.cure) from error
