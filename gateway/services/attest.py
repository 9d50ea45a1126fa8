"""Attesting: a partner's own check of his files, and his signature over it, made on his own machine with no twin around."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.charter import attestation
from gateway.charter.attestation import Claims
from gateway.charter.language import Charter
from gateway.errors import Conflict, ParameterError, Unreadable
from gateway.gates import json
from gateway.model.finding import Verdict
from gateway.model.submission import Request
from gateway.services import intake, moments
from gateway.services.publish import check_file
from gateway.services.signing_keys import read_private
from gateway.services.trial import ReadRecord
from gateway.settings import Settings

_NOTE = re.compile(rb"^(Party|Charter): ([^\r\n]{1,200})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key with what its file says before it: whose it is, and the charter it was enrolled under."""

    private: Ed25519PrivateKey
    party: str | None = None
    charter: str | None = None


def write_key(pem: bytes, party: str, charter: str, kid: str) -> bytes:
    """A key file: who, which charter and which key, as text before the PEM (RFC 7468, section 2)."""
    return f"Party: {party}\nCharter: {charter}\nKid: {kid}\n".encode() + pem


def read_key(content: bytes) -> KeyFile:
    """A key file, with or without the text before the PEM. Raises ParameterError."""
    notes = {name: value.decode("utf-8", "replace") for name, value in _NOTE.findall(content.partition(b"-----BEGIN")[0])}
    return KeyFile(read_private(content), notes.get(b"Party"), notes.get(b"Charter"))


def report_document(verdict: Verdict, request: Request) -> dict[str, Any]:
    """A check report: the verdict, and the SHA-256 of the files it speaks of."""
    digests = intake.digests_of(request)
    return {"payload": digests["data"], "record": digests["record"], **verdict.as_json()}


def make_report(charter: Charter, request: Request, read_record: ReadRecord, settings: Settings) -> tuple[bytes, Verdict]:
    """Check the files now; gives the report's bytes and the verdict in it."""
    verdict = check_file(charter, request, read_record, settings)
    return orjson.dumps(report_document(verdict, request), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE), verdict


def attest(request: Request, report: bytes, key: KeyFile, signatory: str | None = None) -> tuple[bytes, Claims]:
    """Sign the files of `request` on the strength of `report`; `request.dataset` binds the attestation to that dataset.

    Raises ParameterError for a report that is none or speaks of other files, Conflict for one that says refused.
    """
    told = _told(report)
    digests = intake.digests_of(request)
    if told["payload"] != digests["data"]:
        raise ParameterError("report", "it speaks of other bytes than this file", cure="check the file again")
    if request.record is not None and told["record"] != digests["record"]:
        raise ParameterError("report", "it speaks of another record than this one", cure="check the file again, with --record")
    if told["verdict"] != "accepted":
        raise Conflict("the report says refused: there is nothing to attest", cure="mend what it finds, and check again")
    claims = Claims(
        data=told["payload"],
        record=told["record"],
        report=sha256(report).hexdigest(),
        charter=f"{told['charter']}@{told['charterVersion']}",
        dataset=request.dataset,
        signatory=_signatory(signatory or key.party or "unnamed"),
        time=moments.now(),
    )
    return attestation.sign(claims, key.private), claims


def _told(report: bytes) -> dict[str, Any]:
    try:
        told = json.loads(report, place="report")
    except Unreadable as error:
        raise ParameterError("report", error.message, cure="gateway check FILE --json > report.json") from error
    words = ("charter", "charterVersion", "verdict")
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in words) or "payload" not in told:
        raise ParameterError("report", "no check report", cure="gateway check FILE --json > report.json")
    return {"record": None, **told}


def _signatory(name: str) -> str:
    if not name.isprintable() or not 0 < len(name) <= 200:
        raise ParameterError("signatory", "a name has 1 to 200 printable characters")
    return name
