"""`gateway demo`: build the sample quarter, show each verdict, serve it, and say what to open."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from gateway.cli.console import Json, emit, guarded, out, progress
from gateway.errors import UsageError
from gateway.model.text import pick

app = typer.Typer(add_completion=False)
HOST = "127.0.0.1"
DELIVERIES = 5


@app.command()
@guarded
def demo(
    dir: Annotated[Path, typer.Option("--dir", help="Where the demo's twin goes, or lies already.")] = Path("demo-twin"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the twin when it is built.")] = True,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port to serve on.")] = 8000,
    json: Json = False,
) -> None:
    """Build and serve a sample quarter, published by its partners under a charter."""
    from gateway.demo import build as demo_build

    if serve:
        _require_free(port)
    document = demo_build.existing(dir)
    if document is None:
        with progress("The partners deliver", total=DELIVERIES) as advance:

            def told(step: demo_build.Step) -> None:
                advance(1)
                if not json:
                    _show(step)

            document = demo_build.build(dir, id_base=f"http://localhost:{port}/id/", told=told)
    elif not json:
        out.print(f"The demo in {dir} was built before; nothing was changed.", markup=False)
    emit(document, json=json, text=lambda: _summary(document, dir, port, serving=serve))
    if serve:
        from gateway.web.server import serve as run_server

        run_server(dir, HOST, port, 1)


def _require_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UsageError(f"port {port} is taken or may not be used", cure="choose another one with --port") from error


def _show(step: Any) -> None:
    verdict, partner = step.submission.verdict, step.delivery.partner
    if verdict.accepted:
        warnings = f", {len(verdict.findings)} warnings" if verdict.findings else ""
        out.print(
            f"[green]accepted[/]  {partner.name}: {step.delivery.file} as [bold]{step.delivery.dataset}[/], "
            f"{step.features} features, level {step.delivery.access}, {len(verdict.rules)} rules kept{warnings}"
        )
        return
    out.print(f"[red]refused[/]   {partner.name}: {step.delivery.file}, {sum(verdict.counts.values())} findings:")
    table = Table(box=None, padding=(0, 2, 0, 2))
    for heading in ("rule", "article", "object", "what", "how to mend it"):
        table.add_column(heading, overflow="fold")
    seen: set[str] = set()
    for finding in verdict.findings:
        if finding.rule not in seen:
            seen.add(finding.rule)
            count = verdict.counts.get(finding.rule, 1)
            what = pick(finding.message) + (f" ({count} times)" if count > 1 else "")
            table.add_row(finding.rule, finding.article or "", finding.object_id or "", what, pick(finding.cure))
    out.print(table)


def _summary(document: dict[str, Any], folder: Path, port: int, *, serving: bool) -> None:
    address = f"http://localhost:{port}"
    closed = next((entry for entry in document["datasets"] if entry["access"] != "A"), None)
    out.print()
    if not serving:
        out.print(f"The twin is in {folder}. Serve it with: gateway serve {folder} --port {port}", markup=False)
    lines = [
        ("Browser", f"{address}/"),
        ("QGIS", f"Layer > Add Layer > Add WFS / OGC API - Features Layer > New, URL {address}/"),
        ("", f"Web > MetaSearch > Services > New, URL {address}/csw"),
        ("curl", f"curl '{address}/collections/buildings/items?limit=2'"),
        ("", f"curl '{address}/csw?service=CSW&version=2.0.2&request=GetCapabilities'"),
        ("", f"curl {address}/sparql -d 'query=SELECT (COUNT(*) AS ?n) {{ ?s ?p ?o }}'"),
    ]
    if closed is not None:
        lines += [
            ("With a key", f"the keys of the partners are in {folder}/demo-keys.json; only {closed['owner']}'s opens its network:"),
            ("", f'curl -H "Authorization: Bearer KEY" {address}/collections/{closed["collections"][0]}/items'),
        ]
    lines.append(("Try a check", f"gateway check {folder}/deliveries/kerbs.geojson --charter sitg"))
    for heading, text in lines:
        out.print(f"{heading:12}{text}", markup=False)
