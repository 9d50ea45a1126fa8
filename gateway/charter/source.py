"""Reads a charter's YAML as plain data: safe types only, no aliases, no key twice, no surprises from YAML 1.1."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

_LARGEST = 1_000_000


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses duplicate keys and aliases, and takes only `true` and `false` for booleans and dates for text."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=self.get_mark())
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(problem=f"a key must be text: {key!r}", problem_mark=key_node.start_mark)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key} stands twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def read(path: Path, problems: list[str]) -> dict[str, Any]:
    """The mapping in the file at `path`; empty, with a problem added, where it is no sound YAML mapping."""
    if path.stat().st_size > _LARGEST:
        problems.append(f"{path.name} is larger than {_LARGEST} bytes")
        return {}
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader, made stricter
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        problems.append(f"{path.name} is no sound YAML: {' '.join(str(error).split())}")
        return {}
    if not isinstance(content, dict):
        problems.append(f"{path.name} is no mapping")
        return {}
    return content
