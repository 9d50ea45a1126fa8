"""Forged attestations (A01 to A05 of the catalogue of hostile input): each is a finding with its own reason, none an error."""

from __future__ import annotations

import base64
import hmac
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.charter import attestation, language
from gateway.charter.attestation import Unsound, kid_of
from gateway.charter.engine import judge
from gateway.model.party import Party, SigningKey
from gateway.ports import Subject

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))
from attesting import Signer

SITG = language.load("sitg")
DATA, RECORD = "d" * 64, "e" * 64
SIGNER, OTHER = Signer(), Signer()
CADASTRE = Party("p-1", "cadastre", "Cadastre", ("partenaire",), "sitg", "1.0.0", "2026-01-01T00:00:00Z")
FROM = "2026-01-01T00:00:00.000Z"


def key(signer: Signer, party: str = "p-1", **span: Any) -> SigningKey:
    return replace(SigningKey(signer.kid, party, signer.public, FROM, FROM), **span)


def reasons(token: bytes | None, *, enrolled: SigningKey | None = None, dataset: str = "trees", **extra: Any) -> list[str | None]:
    """What GE-03 finds of a submission that is attested by `token`."""
    enrolled = enrolled or key(SIGNER)
    subject = Subject("submit", CADASTRE, dataset, None, None, None, None, None, None, SITG)
    digests = {"data": DATA, "record": RECORD}
    look_up = {enrolled.kid: enrolled, OTHER.kid: key(OTHER, "p-2")}.get
    subject.extra |= {"attestation": token, "digests": digests, "signing_key": look_up, **extra}
    verdict = judge(SITG, subject).finish()
    found = [finding for finding in verdict.findings if finding.rule == "GE-03"]
    assert all("{" not in text for finding in found for text in finding.message.values())
    return [finding.found for finding in found]


def sound(**changes: Any) -> bytes:
    return SIGNER.token(DATA, RECORD, **changes)


def packed(part: Any) -> bytes:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def claims(**changes: Any) -> dict[str, Any]:
    payload = json.loads(base64.urlsafe_b64decode(sound().split(b".")[1] + b"=="))
    return {**payload, **changes}


def signed(header: Any, payload: Any) -> bytes:
    """A token with any header and payload, truly signed with the enrolled key."""
    message = packed(header) + b"." + packed(payload)
    return message + b"." + packed(SIGNER.private.sign(message))


HEADER = {"alg": "EdDSA", "kid": SIGNER.kid}


def test_a_sound_attestation_is_taken_with_and_without_a_type() -> None:
    assert reasons(sound()) == []
    assert reasons(signed(HEADER, claims())) == []
    assert reasons(sound(dataset="trees")) == []


def test_none_is_asked_for() -> None:
    assert reasons(None) == [None]


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "", None, "HS256", "RS256", "ES256", "Ed25519", "eddsa", ["EdDSA"], 1]
)
def test_another_algorithm_is_refused_even_when_truly_signed(algorithm: Any) -> None:
    assert reasons(signed({**HEADER, "alg": algorithm}, claims())) == ["another algorithm than EdDSA"]


def test_an_unsigned_token_is_refused() -> None:
    message = packed({"alg": "none", "kid": SIGNER.kid}) + b"." + packed(claims())
    assert reasons(message + b".") == ["another algorithm than EdDSA"]
    assert reasons(message) == ["no compact JWS"]
    stripped = sound().rpartition(b".")[0] + b"."
    assert reasons(stripped) == ["a false signature"]


@pytest.mark.parametrize("form", ["raw", "pem", "der", "jwk"])
def test_a_public_key_is_no_hmac_secret(form: str) -> None:
    public = SIGNER.private.public_key()
    secrets = {
        "raw": SIGNER.public,
        "pem": SIGNER.pem,
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk": json.dumps({"crv": "Ed25519", "kty": "OKP", "x": packed(SIGNER.public).decode()}).encode(),
    }
    for algorithm in ("HS256", "EdDSA"):
        message = packed({"alg": algorithm, "kid": SIGNER.kid}) + b"." + packed(claims())
        tag = hmac.new(secrets[form], message, sha256).digest()
        assert reasons(message + b"." + packed(tag)) != []
        assert reasons(message + b"." + packed(tag + tag)) != []


@pytest.mark.parametrize(
    "extra",
    [
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/chain"},
        {"x5c": ["AAAA"]},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"zip": "DEF"},
        {"cty": "JWT"},
    ],
)
def test_a_header_that_brings_or_names_a_key_is_refused(extra: dict[str, Any]) -> None:
    assert reasons(signed({**HEADER, **extra}, claims())) == ["a header that is not allowed"]


@pytest.mark.parametrize("kid", ["../../dev/null", "' OR 1=1 --", "s-unknown", "k-123"])
def test_a_key_nobody_enrolled_is_refused(kid: str) -> None:
    assert reasons(signed({**HEADER, "kid": kid}, claims())) == ["a key that is not the submitter’s"]


@pytest.mark.parametrize("kid", [None, "", 7, ["s"], "x" * 300, "a\u0000b", "a\nb"])
def test_a_kid_that_is_none_is_refused(kid: Any) -> None:
    assert reasons(signed({**HEADER, "kid": kid}, claims())) in (["no kid"], ["no sound JSON"])


def test_another_partys_key_and_an_unknown_one_look_alike() -> None:
    assert reasons(OTHER.token(DATA, RECORD)) == reasons(Signer().token(DATA, RECORD)) == ["a key that is not the submitter’s"]


def test_a_strangers_signature_under_the_partners_kid_is_false() -> None:
    message = packed(HEADER) + b"." + packed(claims())
    assert reasons(message + b"." + packed(OTHER.private.sign(message))) == ["a false signature"]


@pytest.mark.parametrize(
    "change", [{"data": "0" * 64}, {"record": "0" * 64}, {"charter": "sitg@9.0.0"}, {"time": "2027-01-01T00:00:00Z"}]
)
def test_an_altered_payload_has_a_false_signature(change: dict[str, Any]) -> None:
    header, _, signature = sound().split(b".")
    assert reasons(b".".join((header, packed(claims(**change)), signature))) == ["a false signature"]


def test_over_other_bytes_it_is_refused() -> None:
    assert reasons(SIGNER.token("0" * 64, RECORD)) == ["other bytes than those sent"]
    assert reasons(SIGNER.token(DATA, "0" * 64)) == ["other bytes than those sent"]
    assert reasons(SIGNER.token(DATA)) == ["other bytes than those sent"]
    assert reasons(SIGNER.token(None, RECORD)) == ["other bytes than those sent"]


@pytest.mark.parametrize("charter", ["sitg@0.9.0", "open@1.0.0", "sitg", "SITG@1.0.0"])
def test_under_another_charter_or_version_it_is_refused(charter: str) -> None:
    assert reasons(sound(charter=charter)) == ["another charter or version"]


def test_for_another_dataset_it_is_refused() -> None:
    assert reasons(sound(dataset="parcels")) == ["an attestation of another dataset"]
    assert reasons(sound(), attested={"parcels"}) == ["an attestation of another dataset"]
    assert reasons(sound(), attested={"trees"}) == []


def test_the_key_counts_that_was_valid_at_the_signing_time() -> None:
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    before, after = (now - hour).isoformat(), (now + hour).isoformat()
    wrong = ["a key that was not valid at the signing time"]
    assert reasons(sound(), enrolled=key(SIGNER, until=before)) == wrong
    assert reasons(sound(), enrolled=key(SIGNER, revoked=before)) == wrong
    assert reasons(sound(), enrolled=key(SIGNER, since=after)) == wrong
    assert reasons(sound(), enrolled=key(SIGNER, until=after)) == []
    signed_then = sound(time=(now - 2 * hour).isoformat())
    assert reasons(signed_then, enrolled=key(SIGNER, until=before, revoked=before)) == []


def test_a_time_ahead_and_one_too_far_back_are_refused() -> None:
    now = datetime.now(UTC)
    assert reasons(sound(time=(now + timedelta(minutes=4)).isoformat())) == []
    assert reasons(sound(time=(now + timedelta(minutes=6)).isoformat())) == ["a signing time that lies ahead"]
    assert reasons(sound(time=(now - timedelta(days=89)).isoformat())) == []
    assert reasons(sound(time=(now - timedelta(days=91)).isoformat())) == ["too old"]


@pytest.mark.parametrize("time", ["yesterday", "2026-01-01", "2026-01-01T00:00:00", "1e400", "0", "9999-99-99T00:00:00Z"])
def test_a_time_that_is_none_is_refused(time: str) -> None:
    assert reasons(signed(HEADER, claims(time=time))) == ["no signing time"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"report": None}, "no check report"),
        ({"report": "yes"}, "no check report"),
        ({"report": "A" * 64}, "no check report"),
        ({"data": 7}, "no digest of what is sent"),
        ({"data": None, "record": None}, "no digest of what is sent"),
        ({"signatory": None}, "no signatory"),
        ({"signatory": ["x"]}, "no signatory"),
        ({"charter": {"id": "sitg"}}, "no charter"),
        ({"time": 1}, "no time"),
        ({"dataset": 1}, "no dataset"),
        ({"role": "centre-competences"}, "no attestation"),
    ],
)
def test_claims_that_are_none_are_refused(change: dict[str, Any], reason: str) -> None:
    assert reasons(signed(HEADER, claims(**change))) == [reason]


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        (json.dumps(HEADER).replace("{", '{"alg": "EdDSA", ', 1).encode(), None),
        (None, json.dumps({"data": "0" * 64}).encode()[:-1] + b"," + json.dumps({"data": DATA}).encode()[1:]),
        (b"[]", None),
        (b"null", None),
        (None, b"[1]"),
        (None, b"\xff\xfe"),
        (None, b'{"data": NaN}'),
        (None, b'{"data": 1e999}'),
        (None, b'{"data": "\\ud800"}'),
        (None, b"[" * 5000),
        (b"", None),
        (None, b""),
    ],
)
def test_json_that_could_be_read_in_two_ways_is_refused(header: bytes | None, payload: bytes | None) -> None:
    assert reasons(signed(header if header is not None else HEADER, payload if payload is not None else claims())) == [
        "no sound JSON"
    ]


@pytest.mark.parametrize("token", [b"", b".", b"..", b"a.b", b"a.b.c.d", b"a.b.c.d.e", b"{}", b"\x00" * 30, "é.é.é".encode()])
def test_what_is_no_token_is_refused(token: bytes) -> None:
    assert reasons(token) in (["no compact JWS"], ["no sound JSON"])


def test_one_token_has_one_spelling() -> None:
    header, payload, signature = sound().split(b".")
    assert reasons(b".".join((header + b"=", payload, signature))) == ["no compact JWS"]
    assert reasons(b".".join((header, payload, signature + b"=="))) == ["no compact JWS"]
    assert reasons(b".".join((header, payload, signature[:-1] + b"/"))) == ["no compact JWS"]
    last = signature[-1:]
    twin = next(bytes([code]) for code in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef" if bytes([code]) != last and code % 4)
    assert reasons(b".".join((header, payload, signature[:-1] + twin))) != []
    assert reasons(header + b" ." + payload + b"." + signature) == ["no compact JWS"]


def test_a_huge_token_is_refused_before_it_is_read() -> None:
    assert reasons(signed(HEADER, claims(signatory="x" * 20_000))) == ["too long for an attestation"]
    assert reasons(b"A" * 5_000_000) == ["too long for an attestation"]
    with pytest.raises(Unsound):
        attestation.read(b"." * 100_000)


def test_a_signature_with_a_larger_scalar_is_refused() -> None:
    """Ed25519 signatures are not malleable (RFC 8032, 5.1.7): S + L is none, though it satisfies the equation."""
    order = 2**252 + 27742317777372353535851937790883648493
    message, _, part = sound().rpartition(b".")
    raw = base64.urlsafe_b64decode(part + b"==")
    larger = int.from_bytes(raw[32:], "little") + order
    assert reasons(message + b"." + packed(raw[:32] + larger.to_bytes(32, "little"))) == ["a false signature"]


def test_a_reason_is_told_in_each_language() -> None:
    subject = Subject("submit", CADASTRE, "trees", None, None, None, None, None, None, SITG)
    subject.extra |= {"attestation": b"x", "digests": {}, "signing_key": {}.get}
    (finding,) = (finding for finding in judge(SITG, subject).finish().findings if finding.rule == "GE-03")
    assert "pas un JWS compact" in finding.message["fr"]
    assert "kein kompaktes JWS" in finding.message["de"]


def test_every_reason_is_a_word_that_is_translated() -> None:
    from gateway.charter.words import said

    source = (
        Path(attestation.__file__).read_text() + (Path(attestation.__file__).parent / "checks/attestation_valid.py").read_text()
    )
    import re

    told = set(re.findall(r'Unsound\("([^"]+)"', source)) | {
        f"no {name}" for name in ("kid", "charter", "signatory", "time", "dataset")
    }
    assert len(told) > 12
    assert not [word for word in told if said(word, "fr") == word or said(word, "de") == word]


def test_a_kid_is_a_thumbprint_of_the_key() -> None:
    """RFC 8037, appendix A.3: the thumbprint of the key in A.1 is kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k."""
    public = base64.urlsafe_b64decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    thumbprint = base64.urlsafe_b64decode("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k=")
    assert kid_of(public) == f"s-{thumbprint.hex()[:32]}"


def test_keys_of_other_kinds_cannot_be_enrolled() -> None:
    from gateway.errors import ParameterError
    from gateway.services.signing_keys import read_private, read_public

    for private in (ec.generate_private_key(ec.SECP256R1()), ed448.Ed448PrivateKey.generate()):
        pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(ParameterError, match="Ed25519"):
            read_public(pem)
    for junk in (b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", SIGNER.public):
        with pytest.raises(ParameterError):
            read_public(junk)
        with pytest.raises(ParameterError):
            read_private(junk)


@pytest.mark.parametrize("point", [0, 1, 2**255 - 20, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826])
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_a_key_under_which_every_signature_is_true_cannot_be_enrolled(point: int, sign: int) -> None:
    from gateway.errors import ParameterError
    from gateway.services.signing_keys import read_public

    raw = (point | sign).to_bytes(32, "little")
    der = bytes.fromhex("302a300506032b6570032100") + raw
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der) + b"\n-----END PUBLIC KEY-----\n"
    with pytest.raises(ParameterError):
        read_public(pem)
