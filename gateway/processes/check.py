"""The process ``check``: the verdict of a charter on a file, before it is sent; nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.model.process import Description, Input, Output, Value
from gateway.model.submission import Request
from gateway.ports import Work

_FILE = {
    "oneOf": [
        {"type": "string", "contentEncoding": "binary", "contentMediaType": "application/octet-stream"},
        {"type": "object"},
    ]
}
_RECORD = {"type": "string", "contentEncoding": "binary", "contentMediaType": "application/xml"}
_NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200}
_TITLES = {
    "charter": ("The charter, if not the twin's own", "La charte, si ce n'est celle du jumeau"),
    "name": ("The file's name", "Le nom du fichier"),
    "dataset": ("The dataset's id", "L'identifiant du jeu"),
    "collection": ("The id of its collection", "L'identifiant de sa collection"),
    "access": ("The access level", "Le niveau d'accès"),
    "licence": ("The licence", "La licence"),
    "crs": ("The reference system of a file that names none", "Le système de référence d'un fichier qui n'en nomme pas"),
    "id": ("The field that holds the ids", "Le champ qui contient les identifiants"),
}


class Check:
    """Judges a file as a submission would be judged."""

    description = Description(
        id="check",
        version="1.0.0",
        title={"en": "Check", "fr": "Vérifier"},
        description={
            "en": "Judges a file by the charter before it is sent: the verdict with every finding, its place and its cure. "
            "Nothing is kept.",
            "fr": "Juge un fichier selon la charte avant l'envoi : le verdict avec chaque constat, son lieu et son remède. "
            "Rien n'est conservé.",
        },
        keywords=("check", "charter"),
        inputs={
            "data": Input({"en": "The file", "fr": "Le fichier"}, _FILE),
            "record": Input({"en": "Its metadata record", "fr": "Sa fiche de métadonnées"}, _RECORD, least=0),
            **{name: Input({"en": en, "fr": fr}, _NAME, least=0) for name, (en, fr) in _TITLES.items()},
        },
        outputs={"verdict": Output({"en": "The verdict", "fr": "Le verdict"}, {"type": "object"})},
    )

    def run(self, inputs: Mapping[str, list[Value]], work: Work) -> Mapping[str, Value]:
        """Judge; a refusal is a result, not a failure."""
        given = {name: str(inputs[name][0].json) for name in _TITLES if name in inputs}
        charter = given.pop("charter", None)
        data = work.file(inputs["data"][0], given.pop("name", "data"))
        record = work.file(inputs["record"][0], "record.xml") if "record" in inputs else None
        request = Request(
            data=str(data),
            data_name=data.name,
            record=None if record is None else str(record),
            record_name=None if record is None else record.name,
            dataset=given.get("dataset"),
            collection=given.get("collection"),
            access=given.get("access"),
            licence=given.get("licence"),
            crs=given.get("crs"),
            id=given.get("id"),
        )
        return {"verdict": Value(json=work.check(charter, request).as_json())}


PROCESS = Check()
