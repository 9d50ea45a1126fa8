"""``gateway check``: the verdict, before transmitting; writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway import settings
from gateway.catalogue.records import read as read_record
from gateway.charter.language import load
from gateway.cli import verdict as printed
from gateway.cli.console import Json, emit, guarded
from gateway.model.submission import Request
from gateway.services.attest import report_document
from gateway.services.publish import check_file

app = typer.Typer(add_completion=False)


@app.command()
@guarded
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to judge.")],
    charter: Annotated[str, typer.Option(help="The charter to judge it by.")] = "open",
    record: Annotated[Path | None, typer.Option(help="Its metadata record: JSON, ISO 19139 or csw:Record.")] = None,
    dataset: Annotated[str | None, typer.Option(help="The dataset's id.")] = None,
    collection: Annotated[str | None, typer.Option(help="A new id for the collection, or own=id,own=id.")] = None,
    access: Annotated[str | None, typer.Option(help="The access level, by the charter's own id.")] = None,
    licence: Annotated[str | None, typer.Option(help="The licence, by code or address.")] = None,
    crs: Annotated[str | None, typer.Option(help="The CRS, where the file says none: EPSG:2056.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="The field that holds the ids.")] = None,
    lang: Annotated[str | None, typer.Option(help="Language of the findings: en, fr.")] = None,
    json: Json = False,
) -> None:
    """Judge a file by a charter before it is sent; writes nothing. Exit code 1 when it would be refused."""
    request = Request(
        data=str(file),
        data_name=file.name,
        record=None if record is None else str(record),
        record_name=None if record is None else record.name,
        dataset=dataset,
        collection=collection,
        access=access,
        licence=licence,
        crs=crs,
        id=id,
    )
    verdict = check_file(load(charter), request, read_record, settings.load())
    emit(report_document(verdict, request), json=json, text=lambda: printed.show(verdict, printed.language(lang)))
    if not verdict.accepted:
        raise typer.Exit(1)
