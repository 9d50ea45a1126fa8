"""`gateway snapshot DIR OUT.gpkg`: a plain GeoPackage of what a reader may see."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import Json, emit, guarded, out
from gateway.errors import Conflict, UsageError
from gateway.wiring import acting_party, opened

app = typer.Typer(help="Write a GeoPackage of what a reader may see.")


@app.command()
@guarded
def snapshot(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The twin's folder.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.gpkg", help="The file to write.")],
    party: Annotated[str | None, typer.Option("--as", help="The party whose view it is; the operator's otherwise.")] = None,
    key_file: Annotated[Path | None, typer.Option(help="File with the party's key; GATEWAY_KEY otherwise.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT.gpkg when it is there.")] = False,
    json: Json = False,
) -> None:
    """Write the current version of every collection that the party may see, as a GeoPackage for QGIS or ogrinfo."""
    if target.exists() and not force:
        raise Conflict(f"{target} is there already", cure="--force replaces it")
    if key_file is not None and not key_file.is_file():
        raise UsageError(f"there is no file {key_file}", place="--key-file")
    key = None if key_file is None else key_file.read_text(encoding="utf-8").strip()
    with opened(folder) as gateway:
        reader = gateway.identity.reader(acting_party(gateway, party, key))
        features = gateway.store.snapshot(target, gateway.queries.access(reader))
    document = {"file": str(target), "features": features}
    emit(document, json=json, text=lambda: out.print(f"{target}: {features} features", markup=False))
