"""`gateway doctor`: what this installation has and lacks, and whether a twin is well."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from gateway import __version__, registry
from gateway.cli.console import Json, emit, guarded, out
from gateway.errors import GatewayError, IntegrityError
from gateway.model.journal import Audit

app = typer.Typer(add_completion=False)
SWISS_HEIGHTS = "ch_swisstopo_chgeo2004_ETRS89_LN02.tif"


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing looked at. `state` is ``good``, ``absent`` (the gateway works without it) or ``bad``."""

    name: str
    state: str
    says: str
    cure: str | None = None


@app.command()
@guarded
def doctor(
    dir: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A twin to look at, too.")] = None,
    json: Json = False,
) -> None:
    """Say what this installation has and lacks; exit 1 if something it needs is missing."""
    probes = list(_installation())
    if dir is not None:
        probes += _twin(dir)
    well = all(probe.state != "bad" for probe in probes)
    emit({"well": well, "probes": [asdict(probe) for probe in probes]}, json=json, text=lambda: _print(probes))
    if not well:
        raise typer.Exit(1)


def _installation() -> Iterator[Probe]:
    yield _python()
    yield Probe("gateway", "good", __version__)
    yield _distribution("SQLite", "apsw")
    yield _proj()
    yield _swiss_grid()
    yield _gdal()
    yield _web_assets()
    yield _attempt("store and CSW", _pycsw, "reinstall the package")
    for group in registry.GROUPS:
        yield _attempt(f"plug-ins: {group}", lambda group=group: _plugins(group), "repair or remove the plug-in named")  # type: ignore[misc]


def _python() -> Probe:
    good = sys.version_info >= (3, 12)
    return Probe("Python", "good" if good else "bad", platform.python_version(), None if good else "install Python 3.12 or newer")


def _distribution(name: str, distribution: str) -> Probe:
    try:
        return Probe(name, "good", f"{distribution} {version(distribution)}")
    except PackageNotFoundError:
        return Probe(name, "bad", f"{distribution} is not installed", "reinstall the package")


def _proj() -> Probe:
    from pyproj import proj_version_str
    from pyproj.datadir import get_data_dir

    return Probe("PROJ", "good", f"{proj_version_str}, database in {get_data_dir()}")


def _swiss_grid() -> Probe:
    from pyproj.datadir import get_data_dir

    folders = [Path(folder) for folder in get_data_dir().split(os.pathsep)]
    if any((folder / SWISS_HEIGHTS).is_file() for folder in folders):
        return Probe("PROJ grids", "good", f"{SWISS_HEIGHTS} is there")
    cure = "set PROJ_DATA to a folder that holds it, e.g. from Debian's proj-data"
    return Probe("PROJ grids", "absent", "no grid for Swiss heights: heights stay in their own system", cure)


def _gdal() -> Probe:
    found = shutil.which("ogrinfo")
    if found:
        return Probe("GDAL", "good", found)
    return Probe("GDAL", "absent", "no ogrinfo; the gateway does without")


def _web_assets() -> Probe:
    vendor = resources.files("gateway") / "web" / "static" / "vendor"
    wanted = ("maplibre-gl.mjs", "maplibre-gl.css", "three.module.js", "three.core.js", "three.OrbitControls.js")
    missing = [name for name in wanted if not (vendor / name).is_file()]
    if missing:
        return Probe(
            "web assets",
            "bad",
            f"missing: {', '.join(missing)}",
            "build the package anew (uv sync --reinstall-package twin-gateway)",
        )
    return Probe("web assets", "good", "the libraries of map and 3D view are shipped")


def _attempt(name: str, look: Callable[[], str], cure: str) -> Probe:
    try:
        return Probe(name, "good", look())
    except Exception as error:  # noqa: BLE001 - whatever a plug-in or a library raises is the finding
        return Probe(name, "bad", f"{type(error).__name__}: {error}", cure)


def _pycsw() -> str:
    """Make a twin in passing and let pycsw answer over it: the library is patched for this Python, so only a trial tells."""
    from gateway import wiring
    from gateway.catalogue.csw import CswRequest, respond
    from gateway.model.access import EVERYTHING

    with tempfile.TemporaryDirectory(prefix="gateway-doctor-") as place:
        wiring.create(Path(place) / "twin")
        with wiring.opened(Path(place) / "twin") as gateway, gateway.store.reading() as reader:
            for release in ("2.0.2", "3.0.0"):
                request = CswRequest("GET", f"service=CSW&version={release}&request=GetCapabilities")
                answer = respond(request, reader, EVERYTHING, "doctor")
                if answer.status != 200 or b"Capabilities" not in answer.body:
                    raise IntegrityError(f"pycsw answers {answer.status} to GetCapabilities {release}")
    return f"pycsw {version('pycsw')} answers in 2.0.2 and 3.0.0 over a new twin"


def _plugins(group: str) -> str:
    names = registry.names(group)
    for name in names:
        registry.get(group, name)
    return ", ".join(names) or "none"


def _twin(folder: Path) -> Iterator[Probe]:
    from gateway.model.access import EVERYTHING
    from gateway.wiring import opened

    try:
        with opened(folder) as gateway:
            with gateway.store.reading() as reader:
                datasets = reader.datasets(EVERYTHING)
                newest = reader.version()
                public_key = bytes.fromhex(reader.setting("public_key") or "")
            features = sum(collection.features for dataset in datasets for collection in dataset.collections)
            yield Probe("twin", "good", f"{len(datasets)} datasets, {features} features, {newest} journal entries")
            yield _journal(gateway.store.verify(public_key))
            yield _projections(gateway.projector.catch_up(wait=False))
    except GatewayError as error:
        yield Probe("twin", "bad", error.message, error.cure)


def _journal(audit: Audit) -> Probe:
    if audit.sound:
        return Probe("journal", "good", f"{audit.entries} entries and {audit.heads} signed heads agree")
    return Probe(
        "journal", "bad", f"entry {audit.bad_entry}: {audit.reason}", "gateway audit verify DIR tells more; restore a backup"
    )


def _projections(state: str) -> Probe:
    if state == "done":
        return Probe("projections", "good", "up to date with the journal")
    return Probe("projections", "absent", "behind the journal; a running server or the next publication brings them up to date")


def _print(probes: list[Probe]) -> None:
    colours = {"good": "green", "absent": "yellow", "bad": "red"}
    for probe in probes:
        out.print(f"[{colours[probe.state]}]{probe.state:7}[/]", end=" ")
        out.print(f"{probe.name:20} {probe.says}", markup=False)
        if probe.cure and probe.state != "good":
            out.print(f"{'':28} {probe.cure}", markup=False)
