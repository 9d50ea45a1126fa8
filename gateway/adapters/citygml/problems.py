"""What is wrong in a file but does not stop the reading: findings of rule ``source``, each kind with its texts."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.model.finding import Finding, Severity
from gateway.model.report import Report

_KEPT = 100

_KINDS: dict[str, tuple[str, str, str, str]] = {
    "ring-open": (
        "A ring is not closed; it is read as if it were.",
        "Un anneau n'est pas fermé ; il est lu comme s'il l'était.",
        "Repeat the first position at the end of the ring.",
        "Répétez la première position à la fin de l'anneau.",
    ),
    "ring-short": (
        "A ring has fewer than four positions; its surface is left out.",
        "Un anneau a moins de quatre positions ; sa surface est omise.",
        "Give at least three different positions and close the ring.",
        "Donnez au moins trois positions différentes et fermez l'anneau.",
    ),
    "position-number": (
        "A coordinate is not a finite number; its geometry is left out.",
        "Une coordonnée n'est pas un nombre fini ; sa géométrie est omise.",
        "Write coordinates as decimal numbers separated by spaces.",
        "Écrivez les coordonnées en nombres décimaux séparés par des espaces.",
    ),
    "position-count": (
        "The number of coordinates does not fit the dimension; the geometry is left out.",
        "Le nombre de coordonnées ne correspond pas à la dimension ; la géométrie est omise.",
        "Give as many coordinates for every position as srsDimension says.",
        "Donnez pour chaque position autant de coordonnées que le dit srsDimension.",
    ),
    "geometry-empty": (
        "A geometry has no content that can be read.",
        "Une géométrie n'a aucun contenu lisible.",
        "Give the geometry its positions, or leave the property out.",
        "Donnez ses positions à la géométrie, ou omettez la propriété.",
    ),
    "geometry-unknown": (
        "This kind of geometry is not read; it is left out.",
        "Ce type de géométrie n'est pas lu ; il est omis.",
        "Export surfaces and solids of polygons, curves of straight lines, or points.",
        "Exportez des surfaces et solides en polygones, des courbes en segments, ou des points.",
    ),
    "xlink-dangling": (
        "A reference leads to nothing in the same object; what it stands for is left out.",
        "Une référence ne mène à rien dans le même objet ; ce qu'elle désigne est omis.",
        "Put the geometry that is referred to into the same city object.",
        "Placez la géométrie référencée dans le même objet urbain.",
    ),
    "xlink-circular": (
        "A reference leads back to itself; it is left out.",
        "Une référence ramène à elle-même ; elle est omise.",
        "Remove the circle of references.",
        "Supprimez le cercle de références.",
    ),
    "crs-mixed": (
        "A geometry names another reference system than the file; it is moved into the file's.",
        "Une géométrie nomme un autre système de référence que le fichier ; elle y est ramenée.",
        "Use one reference system in the whole file.",
        "Utilisez un seul système de référence dans tout le fichier.",
    ),
    "crs-unusable": (
        "A geometry names another reference system, from which it cannot be moved; it is left out.",
        "Une géométrie nomme un autre système de référence, d'où elle ne peut être ramenée ; elle est omise.",
        "Use one known reference system in the whole file.",
        "Utilisez un seul système de référence connu dans tout le fichier.",
    ),
    "crs-conflict": (
        "The reference system given with the file differs from the one it names; the file's own is used.",
        "Le système de référence indiqué diffère de celui du fichier ; celui du fichier est utilisé.",
        "Leave the reference system out, or correct the srsName in the file.",
        "Omettez le système de référence, ou corrigez le srsName dans le fichier.",
    ),
    "crs-axes": (
        "The axis order of the coordinates is not the one that the srsName demands; the coordinates decide.",
        "L'ordre des axes des coordonnées n'est pas celui que demande le srsName ; les coordonnées décident.",
        "Write the coordinates in the order of the authority, or spell the system EPSG:n.",
        "Écrivez les coordonnées dans l'ordre de l'autorité, ou écrivez le système EPSG:n.",
    ),
    "crs-axes-open": (
        "The coordinates lie in the area of this reference system in either order of its axes; they are read north first, as its "
        "authority orders them.",
        "Les coordonnées sont dans l'emprise de ce système dans les deux ordres de ses axes ; elles sont lues le nord en premier, "
        "comme le veut l'autorité.",
        "Nothing, if they are written north first; else exchange them, or spell the system EPSG:n, which means east first.",
        "Rien, si elles sont écrites le nord en premier ; sinon échangez-les, ou écrivez le système EPSG:n, qui veut dire l'est "
        "en premier.",
    ),
    "id-missing": (
        "An object has no gml:id; it was given one made from its content.",
        "Un objet n'a pas de gml:id ; il en a reçu un tiré de son contenu.",
        "Give every city object a permanent gml:id.",
        "Donnez à chaque objet urbain un gml:id permanent.",
    ),
    "id-twice": (
        "Two objects have the same gml:id.",
        "Deux objets ont le même gml:id.",
        "Give every city object its own gml:id.",
        "Donnez à chaque objet urbain son propre gml:id.",
    ),
    "id-form": (
        "A gml:id is not an XML name (it must begin with a letter or an underscore and hold no space or colon).",
        "Un gml:id n'est pas un nom XML (il doit commencer par une lettre ou un souligné, sans espace ni deux-points).",
        "Put a letter or an underscore in front, for example the word id_.",
        "Mettez une lettre ou un souligné devant, par exemple id_.",
    ),
    "value-number": (
        "A value that should be a number is none; it is kept as text.",
        "Une valeur qui devrait être un nombre n'en est pas un ; elle est gardée comme texte.",
        "Write a number, or leave the attribute out.",
        "Écrivez un nombre, ou omettez l'attribut.",
    ),
    "matrix": (
        "A transformation matrix does not have 16 numbers; the implicit geometry is left out.",
        "Une matrice de transformation n'a pas 16 nombres ; la géométrie implicite est omise.",
        "Give the 16 numbers of the matrix, row by row.",
        "Donnez les 16 nombres de la matrice, ligne par ligne.",
    ),
}

_LOSING = frozenset({
    "ring-short", "position-number", "position-count", "geometry-empty", "geometry-unknown", "xlink-dangling",
    "xlink-circular", "crs-unusable", "matrix",
})  # fmt: skip


@dataclass(slots=True)
class Problems:
    """Gathers problems of one reading: at most 100 findings, and every one counted in the report."""

    report: Report
    file: str
    findings: list[Finding] = field(default_factory=list)

    def add(self, kind: str, object_id: str | None, line: object, found: str | None = None, expected: str | None = None) -> None:
        """Note one problem of `kind` at a line of the file (a number; None for the file as a whole)."""
        message_en, message_fr, cure_en, cure_fr = _KINDS[kind]
        shown = None if found is None else found if len(found) <= 80 else f"{found[:80]}…"
        place = f"line {line}" if line else self.file
        example = f"{object_id or '?'}, {place}"
        if kind in _LOSING:
            self.report.lost(kind, message_en, example)
        else:
            self.report.changed(kind, message_en, example)
        if len(self.findings) < _KEPT:
            texts = {"en": message_en, "fr": message_fr}, {"en": cure_en, "fr": cure_fr}
            self.findings.append(Finding("source", Severity.WARN, *texts, None, object_id, place, shown, expected))
