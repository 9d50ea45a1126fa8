"""One job, done in a process of its own: inputs are fetched and read, the process runs, its outputs are laid down in a folder."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from gateway import registry
from gateway.charter import decide
from gateway.charter.language import Charter, load
from gateway.errors import CharterError, GatewayError, NotFound, ParameterError, RemoteError, UsageError
from gateway.gates import egress, json
from gateway.geo import crs as systems
from gateway.model.access import PUBLIC, Reader
from gateway.model.feature import Feature
from gateway.model.finding import Finding, Verdict
from gateway.model.job import Job
from gateway.model.process import Input, Value
from gateway.model.report import Report
from gateway.model.submission import Request
from gateway.ports import Header, Process, Store
from gateway.services import convert, document, formats, results
from gateway.services.execution_request import demand_valid
from gateway.services.identity import IdentityService
from gateway.services.publish import PublishService, check_file
from gateway.services.trial import ReadRecord
from gateway.settings import Settings

_STEP = 0.2

type Say = Callable[[int, str | None], None]


class Twin(Protocol):
    """What a job may need of the twin."""

    store: Store
    charter: Charter
    identity: IdentityService
    publishing: PublishService

    def close(self) -> None:
        """Close it."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a job runs: its folder, a place for this run, how to open the twin when it is needed, and how to tell of progress."""

    folder: Path
    place: Path
    settings: Settings
    open_twin: Callable[[], Twin]
    read_record: ReadRecord
    say: Say


def run(job: Job, around: Surroundings) -> None:
    """Do the job and lay its outputs down in ``place/result``. Raises what went wrong."""
    process: Process = registry.get("processes", job.process)
    work = Errand(job, around)
    work.folder.mkdir(parents=True)
    inputs = {
        name: list(_values(name, process.description.inputs[name], raw, work, around)) for name, raw in job.order.inputs.items()
    }
    try:
        outputs = process.run(inputs, work)
    finally:
        work.close()
    target = around.place / results.RESULT
    target.mkdir()
    results.lay_down(outputs, target, run=secrets.token_hex(8))


def problem_of(error: BaseException, folder: Path) -> dict[str, Any] | None:
    """What a caller is told of a failure (RFC 9457 members), without paths of this machine; None for what nobody foresaw."""
    if isinstance(error, MemoryError):
        return {"status": 504, "code": "out-of-time", "detail": "the job needs more memory than a job may have"}
    if not isinstance(error, GatewayError):
        return None
    members: dict[str, Any] = {"status": error.status, "code": error.code, "detail": error.message}
    if isinstance(error, ParameterError):
        members["parameter"] = error.parameter
    elif error.place is not None:
        members["place"] = error.place
    if error.cure is not None:
        members["cure"] = error.cure
    return {name: _plain(value, folder) for name, value in members.items()}


def _plain(value: Any, folder: Path) -> Any:
    if not isinstance(value, str) or str(folder) not in value:
        return value
    parts = value.split(str(folder))
    return parts[0] + "".join(part.rpartition("/")[2] if " " not in part else part.lstrip("/") for part in parts[1:])


# --- inputs ----------------------------------------------------------------------------------------------------------


def _values(name: str, spec: Input, raw: list[dict[str, Any]], work: Errand, around: Surroundings) -> Iterator[Value]:
    for number, entry in enumerate(raw):
        if "value" in entry:
            yield Value(json=entry["value"])
        elif "file" in entry:
            yield Value(path=around.folder / "inputs" / entry["file"], media_type=entry["mediaType"])
        else:
            yield _fetched(f"inputs.{name}", spec, entry, work.folder / f"{name}-{number}", around.settings)


def _fetched(place: str, spec: Input, entry: Mapping[str, Any], target: Path, settings: Settings) -> Value:
    """A value by reference: a file where the input takes files, else JSON or text that keeps to the schema."""
    try:
        kind = egress.fetch(
            entry["href"], target, limit=settings.max_upload, seconds=settings.egress_seconds, allowed=settings.allowed_egress
        )
    except (UsageError, RemoteError) as error:
        raise ParameterError(place, error.message, cure=error.cure) from error
    kind = entry["type"] or kind
    if spec.is_content:
        return Value(path=target, media_type=kind, name=entry["href"].rpartition("/")[2].partition("?")[0][:100])
    raw = target.read_bytes()
    target.unlink()
    if spec.schema.get("type") == "string":
        value: Any = raw.decode("utf-8", "strict") if _is_utf8(raw) else None
    else:
        value = json.loads(raw, place=place)
    demand_valid(place, spec.schema, value)
    return Value(json=value)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


# --- what a process may do -------------------------------------------------------------------------------------------


class Errand:
    """What a running process may use (`gateway.ports.Work`), under the rights of the job's owner."""

    def __init__(self, job: Job, around: Surroundings) -> None:
        self.folder = around.place / "files"
        self._job = job
        self._around = around
        self._held: Twin | None = None

    @property
    def _twin(self) -> Twin:
        if self._held is None:
            self._held = self._around.open_twin()
        return self._held

    def progress(self, percent: float, message: str | None = None) -> None:
        """Say how far the work is; 100 is kept for the end."""
        self._around.say(max(0, min(99, round(percent))), message)

    def pause(self, seconds: float) -> None:
        """Do nothing for a while, telling of progress."""
        begun = time.monotonic()
        while (left := begun + seconds - time.monotonic()) > 0:
            self.progress(100 * (1 - left / seconds))
            time.sleep(min(_STEP, left))

    def file(self, value: Value, name: str) -> Path:
        """A value as a file called `name` (a name, never a path)."""
        plain = "".join(mark if mark.isalnum() or mark in "._- " else "-" for mark in name).strip(". -")[:100] or "data"
        target = self.folder / "given" / secrets.token_hex(4) / plain
        target.parent.mkdir(parents=True)
        if value.path is None:
            target.write_bytes(orjson.dumps(value.json))
        else:
            target.hardlink_to(value.path)
        return target

    def convert(
        self, source: Path, target: Path, *, to: str, crs: str | None, assume_crs: str | None, id_field: str | None
    ) -> Report:
        """Convert a file."""
        count = 0.0

        def told(more: float) -> None:
            nonlocal count
            count += more
            self.progress(0, f"{count:.0f} features")

        return convert.convert(source, target, to=to, crs=crs, assume_crs=assume_crs, id_field=id_field, progress=told)

    def export(self, collection: str, target: Path, *, to: str, crs: str | None) -> Report:
        """Write a collection of the twin to a file. Raises NotFound where the job's owner may not read it."""
        wanted = None if crs is None else systems.known(crs, "inputs.crs")
        reader = self._reader()
        with self._twin.store.reading() as view:
            access = decide.access(self._twin.charter, reader)
            found = view.collection(collection, access)
            if found is None:
                raise NotFound("there is no such collection", place=collection)
            rows = (document.of_row(row, collection) for row in view.family(collection, access))
            header = Header(format="twin", crs=found.crs, title=collection)
            reading = StoreReading(header, rows, lambda count: self.progress(100 * count / max(1, found.features)))
            convert.transfer(reading, formats.writer(to), target, wanted)
        return reading.report

    def check(self, charter: str | None, request: Request) -> Verdict:
        """The verdict of a charter (None: the twin's own, as for the job's owner) on a file; nothing is kept."""
        if charter is None or charter == self._twin.charter.id:
            party = None if self._job.owner is None else self._twin.identity.party(self._job.owner)
            return self._twin.publishing.check(request, party)
        try:
            terms = load(charter)
        except (NotFound, CharterError) as error:
            raise ParameterError("inputs.charter", f"there is no charter {charter[:100]}") from error
        return check_file(terms, request, self._around.read_record, self._around.settings)

    def close(self) -> None:
        """Close the twin, if it was opened."""
        if self._held is not None:
            self._held.close()

    def _reader(self) -> Reader:
        """The job's owner as the access decision sees him now."""
        if self._job.owner is None:
            return PUBLIC
        return self._twin.identity.reader(self._twin.identity.party(self._job.owner))


class StoreReading:
    """A collection of the twin as a reading, so that it is written like a file."""

    def __init__(self, header: Header, features: Iterator[Feature], tell: Callable[[int], None]) -> None:
        self.header = header
        self.report = Report()
        self.problems: list[Finding] = []
        self._features = features
        self._tell = tell

    def __iter__(self) -> Iterator[Feature]:
        for count, feature in enumerate(self._features, 1):
            self.report.read["features"] += 1
            if count % 1000 == 0:
                self._tell(count)
            yield feature

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> StoreReading:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
