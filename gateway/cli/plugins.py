"""`gateway plugins`: every adapter, store, check and other plug-in, and where it comes from."""

from __future__ import annotations

from typing import Any

import typer
from rich.markup import escape
from rich.table import Table

from gateway import registry
from gateway.cli.console import Json, emit, guarded, out

app = typer.Typer(add_completion=False)


@app.command()
@guarded
def plugins(json: Json = False) -> None:
    """List adapters, stores, checks and other plug-ins, those that do not load too."""
    found = [_plugin(group, name) for group in registry.GROUPS for name in registry.names(group)]
    emit({"plugins": found}, json=json, text=lambda: _table(found))


def _plugin(group: str, name: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"group": group, "name": name, "origin": registry.origin(group, name)}
    try:
        found = registry.get(group, name)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's module raises belongs in the list
        return entry | {"problem": f"{type(error).__name__}: {error}"}
    if group == "adapters":
        entry |= {"title": found.title, "reads": found.reads, "writes": found.writes, "suffixes": list(found.suffixes)}
    return entry


def _table(found: list[dict[str, Any]]) -> None:
    table = Table(box=None)
    for heading in ("group", "name", "what", "from"):
        table.add_column(heading)
    for entry in found:
        ways = [word for word in ("reads", "writes") if entry.get(word)]
        what = f"{entry['title']} ({' and '.join(ways)})" if "title" in entry else ""
        table.add_row(entry["group"], entry["name"], escape(entry.get("problem", what)), entry["origin"])
    out.print(table)
