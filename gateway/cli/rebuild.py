"""``gateway rebuild``: make what is derived from the truth anew: the graph, the catalogue's search index."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from gateway import wiring
from gateway.cli.console import Json, emit, guarded, out
from gateway.errors import UsageError
from gateway.wiring import Gateway

app = typer.Typer(help="Make a projection of the twin anew.")
CATALOGUE = "catalogue"


@app.command()
@guarded
def rebuild(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The twin's folder.")],
    projection: Annotated[
        str | None, typer.Argument(metavar="[graph|catalogue]", help="Which one; without it all of them.")
    ] = None,
    json: Json = False,
) -> None:
    """Make the graph, the catalogue's search index, or both anew from what the store holds now. The truth is not touched."""
    with wiring.opened(folder) as gateway:
        known = [*gateway.projector.names(), CATALOGUE]
        if projection is not None and projection not in known:
            raise UsageError(f"no projection is called {projection}", cure=f"known: {', '.join(known)}")
        done = [_rebuild(gateway, name) for name in known if projection in (None, name)]
    emit({"rebuilt": done}, json=json, text=lambda: _print(done))


def _rebuild(gateway: Gateway, name: str) -> dict[str, str | float]:
    begun = perf_counter()
    if name == CATALOGUE:
        gateway.store.rebuild_index()
    else:
        gateway.projector.rebuild(name)
    return {"projection": name, "seconds": round(perf_counter() - begun, 3)}


def _print(done: list[dict[str, str | float]]) -> None:
    for entry in done:
        out.print(f"{entry['projection']}: made anew in {entry['seconds']} s", markup=False)
