"""`gateway plugins`: every adapter, store, check and other plug-in, and where it comes from."""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Table

from gateway import registry
from gateway.cli.console import Json, emit, guarded, out

app = typer.Typer(add_completion=False)


@app.command()
@guarded
def plugins(json: Json = False) -> None:
    """List adapters, stores, checks and other plug-ins."""
    found = [_plugin(group, name) for group in registry.GROUPS for name in registry.names(group)]
    emit({"plugins": found}, json=json, text=lambda: _table(found))


def _plugin(group: str, name: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"group": group, "name": name, "origin": registry.origin(group, name)}
    if group == "adapters":
        adapter = registry.get(group, name)
        entry |= {"title": adapter.title, "reads": adapter.reads, "writes": adapter.writes, "suffixes": list(adapter.suffixes)}
    return entry


def _table(found: list[dict[str, Any]]) -> None:
    table = Table(box=None)
    for heading in ("group", "name", "what", "from"):
        table.add_column(heading)
    for entry in found:
        ways = [word for word in ("reads", "writes") if entry.get(word)]
        what = f"{entry['title']} ({' and '.join(ways)})" if "title" in entry else ""
        table.add_row(entry["group"], entry["name"], what, entry["origin"])
    out.print(table)
