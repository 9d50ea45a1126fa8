"""Reads an OpenAPI 3.0 document: its operations with references resolved, and what is structurally wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def resolve(document: dict[str, Any], node: Any) -> Any:
    """The node itself, or what its local ``$ref`` points to (followed up to 20 times); None where it points nowhere."""
    for _ in range(20):
        if not (isinstance(node, dict) and "$ref" in node):
            return node
        target: Any = document
        for step in str(node["$ref"]).removeprefix("#/").split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            target = target.get(key) if isinstance(target, dict) else None
        node = target
    return None


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of each operation, with the parameters of its path put to its own."""
    paths = document.get("paths")
    for path, item in (paths if isinstance(paths, dict) else {}).items():
        for method in METHODS:
            operation = item.get(method) if isinstance(item, dict) else None
            if isinstance(operation, dict):
                shared = item.get("parameters", [])
                yield path, method, {**operation, "parameters": [*shared, *operation.get("parameters", [])]}


def items_operation(document: dict[str, Any], collection: str) -> dict[str, Any] | None:
    """The GET operation of a collection's items: its own path, or a templated one."""
    templated = None
    for path, method, operation in operations(document):
        if method != "get":
            continue
        if path.endswith(f"/collections/{collection}/items"):
            return operation
        if re.search(r"/collections/\{[^}]+\}/items$", path):
            templated = operation
    return templated


def parameter(document: dict[str, Any], operation: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The query parameter `name` of an operation, references resolved, its schema too."""
    for entry in operation.get("parameters", []):
        found = resolve(document, entry)
        if isinstance(found, dict) and found.get("name") == name and found.get("in") == "query":
            return {**found, "schema": resolve(document, found.get("schema", {}))}
    return None


def problems(document: dict[str, Any]) -> list[str]:
    """What keeps the document from being a valid, self-contained OpenAPI 3.0 document (structure, not style)."""
    found = []
    if not re.fullmatch(r"3\.0\.\d+", str(document.get("openapi"))):
        found.append(f"`openapi` is {document.get('openapi')!r}, not 3.0.x")
    information = document.get("info")
    if not (isinstance(information, dict) and {"title", "version"} <= information.keys()):
        found.append("`info` lacks title or version")
    if not isinstance(document.get("paths"), dict):
        return [*found, "`paths` is missing"]
    found += [f"path {path} does not begin with /" for path in document["paths"] if not path.startswith("/")]
    found += [f"reference {name} does not resolve inside the document" for name in _dangling(document)]
    for path, method, operation in operations(document):
        found += [f"{method.upper()} {path}: {text}" for text in _operation_problems(document, path, operation)]
    return found


def _operation_problems(document: dict[str, Any], path: str, operation: dict[str, Any]) -> Iterator[str]:
    responses = operation.get("responses")
    if not isinstance(responses, dict) or not responses:
        yield "no responses"
    else:
        for code, response in responses.items():
            if not re.fullmatch(r"[1-5](\d\d|XX)|default", str(code)):
                yield f"response code {code!r}"
            if not isinstance(resolve(document, response), dict) or "description" not in resolve(document, response):
                yield f"response {code} has no description"
    declared = set()
    for entry in operation["parameters"]:
        one = resolve(document, entry)
        if not isinstance(one, dict) or "name" not in one or one.get("in") not in ("query", "path", "header", "cookie"):
            yield "a parameter lacks name or place"
            continue
        if "schema" not in one and "content" not in one:
            yield f"parameter {one['name']} has neither schema nor content"
        if one["in"] == "path":
            declared.add(one["name"])
            if one.get("required") is not True:
                yield f"path parameter {one['name']} is not marked as required"
    for name in re.findall(r"\{([^}]+)\}", path):
        if name not in declared:
            yield f"path parameter {name} is not declared"


def _dangling(document: dict[str, Any]) -> list[str]:
    found = []
    waiting: list[Any] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str) and (not reference.startswith("#/") or resolve(document, node) is None):
                found.append(reference)
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return sorted(set(found))
