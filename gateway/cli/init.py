"""``gateway init``: a new, empty twin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway import wiring
from gateway.cli.console import Json, emit, guarded, out

app = typer.Typer(add_completion=False)


@app.command()
@guarded
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the new twin.")],
    charter: Annotated[str, typer.Option(help="The charter it lives under; `open` asks only for sound data.")] = "open",
    id_base: Annotated[str, typer.Option(help="Beginning of all identifiers; fixed for good.")] = "http://localhost:8000/id/",
    title: Annotated[str | None, typer.Option(help="What the twin is called; else the folder's name.")] = None,
    store: Annotated[
        str | None,
        typer.Option(help="Where it is kept: postgresql://user@host/database?schema=twin; else in a GeoPackage in DIR."),
    ] = None,
    blobs: Annotated[
        str | None, typer.Option(help="Where blobs and tiles lie: s3://bucket/prefix (GATEWAY_S3_…); else in DIR.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a new, empty twin."""
    wiring.create(folder, charter=charter, id_base=id_base, title=title, address=store, blobs=blobs)
    document = {"folder": str(folder), "charter": charter, "idBase": id_base if id_base.endswith("/") else f"{id_base}/"}
    emit(document, json=json, text=lambda: out.print(f"{folder}: a new twin under the charter {charter}", markup=False))
