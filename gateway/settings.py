"""The only reader of the environment. Every setting is ``GATEWAY_`` and its name in capitals; unknown ones are errors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from gateway.errors import UsageError

PREFIX = "GATEWAY_"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set. Each field's comment is its documentation in docs/settings.md."""

    base_url: str | None = None
    """Public address of the twin, with no trailing slash; links are made from it."""
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    """Host names the server answers to."""
    key: str | None = None
    """API key of the party the command line acts as (`--as`)."""
    journal_key: str | None = None
    """Ed25519 private key of the journal, PEM; otherwise it lies in the twin's folder."""
    store_password: str | None = None
    """Password of the database that holds the twin, where neither PGPASSWORD nor ~/.pgpass gives it."""
    writer_wait: float = 10.0
    """Seconds a writer waits for its turn."""
    projection_wait: float = 60.0
    """Seconds a publication waits for its projections."""
    max_upload: int = 2_000_000_000
    """Bytes one submission may have."""
    max_limit: int = 10_000
    """The largest page of items."""
    sparql_seconds: float = 10.0
    """Time limit of one SPARQL query."""
    sparql_memory: int = 1_073_741_824
    """Memory limit of one SPARQL query's process, in bytes."""
    sparql_bytes: int = 64_000_000
    """Size limit of one SPARQL answer."""
    graph_limit: int = 100_000
    """Datasets with more features have only their metadata in the graph, unless they say otherwise."""
    allowed_egress: tuple[str, ...] = ()
    """Hosts (or `host:port`) that inputs by reference, callbacks and cascaded collections may go to although they are not on the
    public internet."""
    egress_seconds: float = 60.0
    """Time limit of fetching one input by reference."""
    cascade_seconds: float = 20.0
    """Time limit of one question to the remote service behind a cascaded collection."""
    jobs_party: int = 200
    """Unfinished jobs one party may have."""
    jobs_public: int = 20
    """Unfinished jobs that callers without a key may have from one network address."""
    jobs_public_minute: int = 120
    """Jobs that callers without a key may start in a minute from one network address."""
    jobs_total: int = 2_000
    """Unfinished jobs there may be in all."""
    job_slots: int = 2
    """Jobs that run at the same time."""
    job_seconds: float = 3_600.0
    """Time limit of one job."""
    job_memory: int = 4_294_967_296
    """Memory limit of one job's process, in bytes of address space."""
    job_days: float = 7.0
    """Days that the finished jobs of parties and their results are kept; those of callers without a key stay an hour."""
    max_inline: int = 20_000_000
    """Bytes of an execute request, with the files in it; and of the body of an edit."""
    edit_conditions: bool = False
    """Whether a change of a feature that is there must say of which state it is made (If-Match, If-Unmodified-Since)."""
    tile_bytes: int = 2_000_000_000
    """Bytes of made tiles that are kept beside the twin, the oldest going first; 0 keeps none, so that each is made anew."""
    s3_endpoint: str | None = None
    """Address of the S3-compatible service that holds blobs and tiles, where twin.toml names a bucket; else AWS itself."""
    s3_region: str = "us-east-1"
    """Region of the bucket."""
    s3_key: str | None = None
    """Access key id of the bucket."""
    s3_secret: str | None = None
    """Secret access key of the bucket."""
    log_level: str = "info"
    """debug, info, warning or error."""
    corpus: str | None = None
    """Folder of other people's files, for `pytest -m corpus` and the benchmarks."""


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment. Raises UsageError naming every variable that is unknown or has a bad value."""
    given = os.environ if environment is None else environment
    known = {f"{PREFIX}{f.name.upper()}": f.name for f in fields(Settings)}
    values: dict[str, Any] = {}
    problems = []
    for variable, text in given.items():
        if not variable.startswith(PREFIX):
            continue
        name = known.get(variable)
        if name is None:
            problems.append(f"{variable} is not a setting")
            continue
        try:
            values[name] = _parse(name, text)
        except ValueError:
            problems.append(f"{variable} has a bad value: {text!r}")
    if problems:
        raise UsageError("; ".join(problems), cure="see docs/settings.md")
    return Settings(**values)


def child_environment(**changes: str) -> dict[str, str]:
    """The environment for a child process of ours: this one's, with some settings changed (``log_level="warning"``)."""
    return {**os.environ, **{f"{PREFIX}{name.upper()}": value for name, value in changes.items()}}


def _parse(name: str, text: str) -> Any:
    default = getattr(Settings(), name)
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(default, int):
        return int(text)
    if isinstance(default, float):
        return float(text)
    return text.rstrip("/") if name == "base_url" else text


def data_folder(name: str) -> Path:
    """The shipped folder `name` (profiles, mappings, ontology): in the wheel beside the package, else at the project's top."""
    package = Path(__file__).parent
    shipped = package / "shipped" / name
    return shipped if shipped.is_dir() else package.parent / name
