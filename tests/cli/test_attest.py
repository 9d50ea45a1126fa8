"""key new --signing, attest, publish --attestation: as a partner and a centre call them, under `sitg`."""

from __future__ import annotations

import json
import os
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway import wiring
from gateway.cli.app import app

LICENCE = "NonCommercialAllowed-CommercialAllowed-ReferenceRequired"
RECORD = {
    "id": "trees-sheet",
    "title": {"fr": "Arbres", "en": "Trees"},
    "abstract": "Les arbres",
    "contacts": [{"organisation": "Parcs", "role": "owner", "email": "parcs@example.org"}],
    "topics": ["environment"],
    "updateFrequency": "monthly",
    "revised": "2026-06-30",
    "attributes": [{"name": "species", "type": "string", "description": {"fr": "Espèce"}}],
}


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments), env={"LANG": "en_GB.UTF-8"})
    assert result.exit_code == code, result.output
    return result


def answer(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


class Site:
    """A twin under `sitg`, the party parks with its keys, and its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.twin = str(folder / "t")
        answer("init", self.twin, "--charter", "sitg")
        answer("party", "add", self.twin, "parks")
        (folder / "api.key").write_text(answer("key", "new", self.twin, "parks")["key"])
        self.signing = answer("key", "new", self.twin, "parks", "--signing", "--out", str(folder / "parks.pem"))
        self.trees = self.write("trees.geojson", "Platanus")
        self.record = folder / "trees.record.json"
        self.record.write_text(json.dumps(RECORD))
        self.wishes = ("--record", str(self.record), "--dataset", "trees", "--access", "A", "--licence", LICENCE)

    def write(self, name: str, species: str) -> Path:
        point = {"type": "Point", "coordinates": [2500000, 1118000]}
        feature = {"type": "Feature", "id": "t1", "properties": {"species": species}, "geometry": point}
        crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2056"}}
        path = self.folder / name
        path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))
        return path

    def attest(self, *more: str, code: int = 0, file: Path | None = None) -> Any:
        return answer("attest", str(file or self.trees), "--key", str(self.folder / "parks.pem"), *self.wishes, *more, code=code)

    def publish(self, attestation: str | None, *more: str, code: int = 0, file: Path | None = None) -> Any:
        given = ("--attestation", attestation) if attestation else ()
        acting = ("--as", "parks", "--key-file", str(self.folder / "api.key"))
        return answer("publish", self.twin, str(file or self.trees), *acting, *given, *self.wishes, *more, code=code)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def reason(refused: Any) -> list[str | None]:
    assert set(refused["counts"]) == {"GE-03"}
    return [finding["found"] for finding in refused["findings"]]


def test_what_was_checked_and_signed_is_published(site: Site) -> None:
    made = site.attest()
    assert made["attestation"] == f"{site.trees}.jws"
    claims = made["claims"]
    assert claims["data"] == sha256(site.trees.read_bytes()).hexdigest()
    assert claims["record"] == sha256(site.record.read_bytes()).hexdigest()
    assert claims["report"] == sha256(Path(made["report"]).read_bytes()).hexdigest()
    assert (claims["charter"], claims["signatory"], claims["dataset"]) == ("sitg@1.0.0", "parks", "trees")
    published = site.publish(made["attestation"])
    assert (published["verdict"], published["findings"]) == ("accepted", [])
    token = Path(made["attestation"]).read_bytes().strip()
    assert published["attestation"] == sha256(token).hexdigest()
    with wiring.opened(Path(site.twin)) as gateway:
        assert b"".join(gateway.blobs.read(published["attestation"])) == token
        with gateway.store.reading() as reader:
            kinds = {entry.kind: entry.body for entry in reader.entries()}
            assert kinds["publication"]["attestation"] == published["attestation"]
            assert kinds["signing-key.enrolled"]["kid"] == site.signing["kid"]
            assert "parks" not in json.dumps(kinds["signing-key.enrolled"])
    assert answer("audit", "verify", site.twin)["sound"] is True


def test_without_one_or_over_other_bytes_it_is_refused_and_nothing_changes(site: Site) -> None:
    made = site.attest()
    assert reason(site.publish(None, code=1)) == [None]
    other = site.write("other.geojson", "Quercus")
    assert reason(site.publish(made["attestation"], code=1, file=other)) == ["other bytes than those sent"]
    site.record.write_text(json.dumps({**RECORD, "abstract": "Altered"}))
    assert reason(site.publish(made["attestation"], code=1)) == ["other bytes than those sent"]
    with wiring.opened(Path(site.twin)) as gateway, gateway.store.reading() as reader:
        assert reader.datasets(gateway.queries.access(gateway.identity.reader(gateway.identity.party("operator")))) == []


def test_an_attestation_serves_one_dataset(site: Site) -> None:
    bound = site.attest()
    target = ("--out", str(site.folder / "unbound.jws"))
    unbound = answer(
        "attest", str(site.trees), "--key", str(site.folder / "parks.pem"), *site.wishes[:2], *site.wishes[4:], *target
    )
    assert "dataset" not in unbound["claims"]
    assert reason(site.publish(bound["attestation"], "--dataset", "copies", code=1)) == ["an attestation of another dataset"]
    assert site.publish(unbound["attestation"], "--dataset", "copies")["verdict"] == "accepted"


def test_a_report_made_before_is_signed_and_one_of_other_bytes_is_not(site: Site) -> None:
    report = site.folder / "report.json"
    report.write_text(run("check", str(site.trees), "--charter", "sitg", *site.wishes, "--json").stdout)
    made = answer("attest", str(site.trees), "--key", str(site.folder / "parks.pem"), "--report", str(report))
    assert made["claims"]["report"] == sha256(report.read_bytes()).hexdigest()
    assert made["claims"]["record"] == sha256(site.record.read_bytes()).hexdigest()
    assert site.publish(made["attestation"])["verdict"] == "accepted"
    other = site.write("other.geojson", "Quercus")
    key = str(site.folder / "parks.pem")
    assert answer("attest", str(other), "--key", key, "--report", str(report), code=2)["place"] == "report"
    report.write_text("{}")
    assert answer("attest", str(site.trees), "--key", key, "--report", str(report), code=2)["place"] == "report"


def test_what_the_charter_would_refuse_is_not_signed(site: Site) -> None:
    site.record.write_text(json.dumps({**RECORD, "topics": []}))
    refused = site.attest(code=1)
    assert set(refused["counts"]) == {"GE-12"}
    assert not Path(f"{site.trees}.jws").exists()
    report = f"{site.trees}.report.json"
    told = answer("attest", str(site.trees), "--key", str(site.folder / "parks.pem"), "--report", report, code=1)
    assert told["error"] == "conflict"


def test_a_key_pair_of_the_partners_own_is_enrolled_by_its_public_half(site: Site) -> None:
    private, public = site.folder / "own.pem", site.folder / "own.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
    enrolled = answer("key", "new", site.twin, "parks", "--signing", "--public", str(public), "--until", "30d")
    assert enrolled["private"] is None
    assert enrolled["until"] > enrolled["from"]
    assert answer("key", "new", site.twin, "parks", "--signing", "--public", str(public), code=1)["error"] == "conflict"
    made = answer("attest", str(site.trees), "--key", str(private), "--charter", "sitg", *site.wishes)
    assert site.publish(made["attestation"])["verdict"] == "accepted"
    before = public.read_bytes()
    assert answer("key", "new", site.twin, "parks", "--signing", "--public", str(private), code=2)["place"] == "public"
    assert public.read_bytes() == before


def test_the_private_half_is_the_owners_alone_and_in_no_twin(site: Site) -> None:
    path = site.folder / "parks.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert site.signing["private"] == str(path)
    lines = path.read_text().split("-----")[2].split()
    for file in Path(site.twin).rglob("*"):
        assert not file.is_file() or lines[0].encode() not in file.read_bytes()
    again = answer("key", "new", site.twin, "parks", "--signing", "--out", str(path), code=1)
    assert again["error"] == "conflict"
    assert len([key for key in answer("key", "list", site.twin, "parks") if key["kind"] == "signing"]) == 1


def test_a_key_revoked_after_signing_still_counts_and_as_of_before_it_does_not(site: Site) -> None:
    made = site.attest()
    kid = site.signing["kid"]
    revoked = answer("key", "revoke", site.twin, "parks", kid)
    assert revoked["revoked"] > made["claims"]["time"]
    assert site.publish(made["attestation"])["verdict"] == "accepted"
    late = site.attest()
    assert reason(site.publish(late["attestation"], "--collection", "trees", code=1)) == [
        "a key that was not valid at the signing time"
    ]
    answer("key", "revoke", site.twin, "parks", kid, "--since", site.signing["from"])
    other = site.write("trees.geojson", "Quercus")
    stale = site.folder / "stale.jws"
    stale.write_bytes(Path(made["attestation"]).read_bytes())
    assert reason(site.publish(str(stale), code=1, file=other)) == ["a key that was not valid at the signing time"]
    listed = {key["kid"]: key for key in answer("key", "list", site.twin, "parks")}
    assert listed[kid]["revoked"] == site.signing["from"]
    answer("key", "revoke", site.twin, "parks", kid, "--since", "2999-01-01", code=2)


def test_a_record_alone_is_attested_too(site: Site) -> None:
    made = answer("attest", "--key", str(site.folder / "parks.pem"), *site.wishes)
    assert made["claims"].keys().isdisjoint({"data"})
    acting = ("--as", "parks", "--key-file", str(site.folder / "api.key"))
    published = answer("publish", site.twin, *acting, "--attestation", made["attestation"], *site.wishes)
    assert published["verdict"] == "accepted"


def test_under_open_nobody_signs_but_a_false_signature_is_refused(site: Site) -> None:
    twin = str(site.folder / "open")
    answer("init", twin)
    assert answer("publish", twin, str(site.trees))["verdict"] == "accepted"
    other = site.write("other.geojson", "Quercus")
    junk = site.folder / "junk.jws"
    junk.write_bytes(os.urandom(100))
    assert set(answer("publish", twin, str(other), "--attestation", str(junk), code=1)["counts"]) >= {"OPEN-ATTESTATION"}


def test_options_of_the_wrong_kind_of_key_are_told(site: Site) -> None:
    assert answer("key", "new", site.twin, "parks", "--public", "x", code=2)["place"] == "signing"
    assert (
        answer("key", "new", site.twin, "nobody", "--signing", "--out", str(site.folder / "n.pem"), code=2)["error"] == "not-found"
    )
    assert not (site.folder / "n.pem").exists()
    assert answer("attest", str(site.trees), "--key", str(site.trees), code=2)["place"] == "key"
