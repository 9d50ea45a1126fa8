"""`gateway plugins`: every adapter, store, check and other plug-in, and where it comes from."""

from __future__ import annotations

from typing import Any

import typer

from gateway import registry
from gateway.cli.console import Json, emit, guarded, out

app = typer.Typer(add_completion=False)


@app.command()
@guarded
def plugins(json: Json = False) -> None:
    """List adapters, stores, checks and other plug-ins, those that do not load too."""
    found = [_plugin(group, name) for group in registry.GROUPS for name in registry.names(group)]
    emit({"plugins": found}, json=json, text=lambda: _lines(found))


def _plugin(group: str, name: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"group": group, "name": name, "origin": registry.origin(group, name)}
    try:
        found = registry.get(group, name)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's module raises belongs in the list
        return entry | {"problem": f"{type(error).__name__}: {error}"}
    if group == "adapters":
        entry |= {"title": found.title, "reads": found.reads, "writes": found.writes, "suffixes": list(found.suffixes)}
    return entry


def _lines(found: list[dict[str, Any]]) -> None:
    for entry in found:
        ways = " and ".join(word for word in ("reads", "writes") if entry.get(word))
        what = f"{entry['title']}, {ways}" if "title" in entry else ""
        out.print(f"{entry['group']:11} {entry['name']:24} {entry.get('problem', what):36} {entry['origin']}", markup=False)
