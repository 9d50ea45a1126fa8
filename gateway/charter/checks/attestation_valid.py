"""``attestation.valid``: the partner signed what he sends, checked before, with a key that was his and good at that time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from gateway.charter import attestation
from gateway.charter.attestation import Signed, Unsound
from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.charter.parameters import Parameters
from gateway.charter.terms import Charter
from gateway.model.finding import Finding
from gateway.model.party import SigningKey
from gateway.ports import Subject

_SKEW = timedelta(minutes=5)


class AttestationValid(QuietCheck):
    """An attestation that comes is sound; with `required` one comes; with `max_age` it was signed at most so many days ago.

    ``subject.extra`` has ``attestation`` (its bytes or None), ``digests`` (SHA-256 of ``data`` and ``record``), ``signing_key``
    (kid -> SigningKey or None) and ``attested`` (the datasets published with it before).
    """

    type = "attestation.valid"
    parameters: ClassVar[Parameters] = {"required": ("flag", False), "max_age": ("number", False)}
    needs = frozenset({"party"})

    def start(self, subject: Subject) -> Iterable[Finding]:
        """One finding for the first thing that is not in order, before the data are read."""
        token: bytes | None = subject.extra.get("attestation")
        if token is None:
            if self.rule.parameters.get("required"):
                yield observed(None, "attestation", place="attestation")
            return
        try:
            self._check(attestation.read(token), subject)
        except Unsound as error:
            yield observed(error.reason, place="attestation")

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """One finding for an attestation of another dataset, or one that served another dataset already."""
        token: bytes | None = subject.extra.get("attestation")
        if token is None:
            return
        try:
            bound = attestation.read(token).claims.dataset
        except Unsound:
            return
        before: set[str] = subject.extra.get("attested", set())
        if bound not in (None, subject.dataset) or before - {subject.dataset}:
            yield observed("an attestation of another dataset", place="attestation")

    def _check(self, signed: Signed, subject: Subject) -> None:
        """Raise Unsound for a signature, a key, a digest, a charter or a time that does not hold."""
        claims, charter = signed.claims, subject.charter
        key = _key(signed, subject)
        if not attestation.is_signed(signed, key.public):
            raise Unsound("a false signature")
        if not key.is_good_at(claims.moment):
            raise Unsound("a key that was not valid at the signing time")
        self._check_time(claims.moment)
        if claims.charter != version(charter):
            raise Unsound("another charter or version")
        if subject.extra.get("digests") != {"data": claims.data, "record": claims.record}:
            raise Unsound("other bytes than those sent")

    def _check_time(self, moment: datetime) -> None:
        now = datetime.now(UTC)
        if moment > now + _SKEW:
            raise Unsound("a signing time that lies ahead")
        oldest = self.rule.parameters.get("max_age")
        if oldest is not None and moment < now - timedelta(days=oldest):
            raise Unsound("too old")


def version(charter: Charter) -> str:
    """How an attestation names a charter: ``sitg@1.0.0``."""
    return f"{charter.id}@{charter.version}"


def _key(signed: Signed, subject: Subject) -> SigningKey:
    """The submitter's own key; whose another one is, nobody is told."""
    look_up: Callable[[str], SigningKey | None] | None = subject.extra.get("signing_key")
    key = None if look_up is None else look_up(signed.kid)
    if key is None or subject.party is None or key.party != subject.party.pseudonym:
        raise Unsound("a key that is not the submitter’s")
    return key
