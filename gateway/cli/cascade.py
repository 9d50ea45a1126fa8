"""``gateway cascade``: collections that stay with a remote service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gateway import wiring
from gateway.cli.console import Json, emit, guarded, out
from gateway.errors import IdNotAvailable, NotFound
from gateway.federation import cascades
from gateway.model.access import EVERYTHING
from gateway.model.cascade import Cascade
from gateway.settings import load

Twin = Annotated[Path, typer.Argument(metavar="DIR", help="The twin.")]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Collections that stay with a remote service.")


@app.command()
@guarded
def add(
    twin: Twin,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The definition: YAML with collection, dataset and provider.")],
    json: Json = False,
) -> None:
    """Take a cascaded collection in, after asking its remote; running servers show it when they start again."""
    wanted = cascades.read(file)
    _demand_place(twin, wanted)
    cascade = cascades.add(twin, file, load())
    emit(_told(cascade), json=json, text=lambda: out.print(f"{cascade.id} is cascaded, with {len(cascade.fields)} properties"))


@app.command(name="list")
@guarded
def list_cascades(twin: Twin, json: Json = False) -> None:
    """List the cascaded collections."""
    found = cascades.load(twin)
    emit([_told(cascade) for cascade in found], json=json, text=lambda: _show(found))


@app.command()
@guarded
def remove(
    twin: Twin, collection: Annotated[str, typer.Argument(metavar="ID", help="The collection.")], json: Json = False
) -> None:
    """Take a cascaded collection away."""
    cascades.remove(twin, collection)
    emit({"collection": collection, "removed": True}, json=json, text=lambda: out.print(f"{collection} is cascaded no more"))


def _demand_place(twin: Path, wanted: Cascade) -> None:
    """Raise NotFound for a dataset that is not there, IdNotAvailable for an id that a collection of the twin's own has."""
    with wiring.opened(twin) as gateway, gateway.store.reading() as reader:
        if reader.dataset(wanted.dataset, EVERYTHING) is None:
            raise NotFound(
                f"there is no dataset {wanted.dataset}",
                cure=f"gateway publish {twin} --record RECORD --dataset {wanted.dataset}: its owner, level and licence hold",
            )
        if reader.collection(wanted.id, EVERYTHING) is not None:
            raise IdNotAvailable(f"the twin has a collection {wanted.id} of its own", place=wanted.id, cure="choose another id")


def _told(cascade: Cascade) -> dict[str, object]:
    return {
        "collection": cascade.id,
        "dataset": cascade.dataset,
        "type": cascade.provider["type"],
        "provider": cascade.provider["name"],
        "crs": cascade.crs.code,
        "fields": [field.name for field in cascade.fields],
    }


def _show(found: list[Cascade]) -> None:
    table = Table("collection", "dataset", "type", "provider", "properties")
    for cascade in found:
        provider = cascade.provider
        table.add_row(cascade.id, cascade.dataset, str(provider["type"]), str(provider["name"]), str(len(cascade.fields)))
    out.print(table)
