"""`gateway convert`: a file to another format, with a report of what changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from gateway.cli.console import Json, emit, guarded, out, progress
from gateway.model.report import Report
from gateway.services import convert as service

app = typer.Typer()


@app.command()
@guarded
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The file to read; its format is found in its bytes.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help=".gml, .city.json, .city.jsonl, .geojson or .gpkg")],
    to: Annotated[str | None, typer.Option("--to", metavar="FORMAT", help="The format, where the name does not say it.")] = None,
    crs: Annotated[str | None, typer.Option("--crs", metavar="EPSG:n", help="Reproject to this reference system.")] = None,
    assume_crs: Annotated[
        str | None, typer.Option("--assume-crs", metavar="EPSG:n", help="The system of a source that names none.")
    ] = None,
    id: Annotated[str | None, typer.Option("--id", metavar="FIELD", help="The property that holds the ids.")] = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Write the report there as JSON.")] = None,
    json: Json = False,
) -> None:
    """Convert a file, with a report of what came in, what went out, what changed and why."""
    with progress(f"Converting {source.name}") as advance:
        found = service.convert(source, target, to=to, crs=crs, id_field=id, assume_crs=assume_crs, progress=advance)
    document = {"source": str(source), "target": str(target), **found.as_json()}
    if report is not None:
        report.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    emit(document, json=json, text=lambda: _print(found, target))


def _print(report: Report, target: Path) -> None:
    out.print(f"{report.written.total()} of {report.read.total()} features written to {target}", markup=False)
    for change in report.changes.values():
        out.print(f"  {change.effect}: {change.what}, {change.count} times: {change.why}", markup=False)
    for note in report.notes:
        out.print(f"  note: {note}", markup=False)
