"""Who publishes in the quarter, what, and under which terms: parties, datasets and their metadata records in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.demo.parcels import ID_FIELD
from gateway.model.record import Contact, Extent, Keyword, Record
from gateway.model.text import Text

FREE = "NonCommercialAllowed-CommercialAllowed-ReferenceRequired"
ASK = "NonCommercialAllowed-CommercialWithPermission-ReferenceRequired"
REVISED = "2026-06-30"
BOX = (6.1170, 46.1870, 6.1300, 46.1955)


@dataclass(frozen=True, slots=True)
class Partner:
    """A party of the demo: its id on the command line, and its name for people."""

    id: str
    name: str
    roles: tuple[str, ...] = ("partenaire",)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one partner delivers: a file, where it goes, and its record; a delivery without a record is one that must fail.
    `id` is the field that holds the ids, where the file has no ids of its own that last."""

    partner: Partner
    dataset: str
    file: str
    collection: str | Mapping[str, str] | None
    access: str | None
    licence: str | None
    record: Record | None
    id: str | None = None


CADASTRE = Partner("cadastre", "Direction de l'information du territoire (DIT)", ("institution-maitresse", "partenaire"))
PARKS = Partner("parks", "Service des espaces verts")
REGISTRY = Partner("land-registry", "Office du registre foncier", ("institution-maitresse", "partenaire"))
UTILITY = Partner("utility", "Services industriels de la Source (SIS)")
SCHOOLS = Partner("schools", "Office des constructions scolaires", ("institution-maitresse", "partenaire"))
ROADS = Partner("roads", "Bureau Voirie & Bordures SA")


def deliveries(canary: str) -> tuple[Delivery, ...]:
    """The five deliveries that are accepted and the one that is refused, in the order in which they arrive."""
    return (
        Delivery(CADASTRE, "buildings", "buildings.gml", "buildings", "A", FREE, _buildings()),
        Delivery(PARKS, "trees", "trees.geojson", "trees", "A", FREE, _trees()),
        Delivery(SCHOOLS, "school", "school.ifc", {"building": "school", "element": "school-elements"}, "A", FREE, _school()),
        Delivery(REGISTRY, "parcels", "parcels.json", "parcels", "A", ASK, _parcels(), ID_FIELD),
        Delivery(UTILITY, "heating-network", "network.city.json", "heating-network", "B", ASK, _network(canary)),
        Delivery(ROADS, "kerbs", "kerbs.geojson", "kerbs", None, None, None),
    )


def _record(id: str, title: Text, short: Text, abstract: Text, owner: Partner, **members: object) -> Record:
    contacts = (
        Contact({"fr": owner.name, "en": owner.name}, "owner", email=f"{owner.id}@quartier.example"),
        Contact({"fr": owner.name, "en": owner.name}, "pointOfContact", email=f"geodonnees.{owner.id}@quartier.example"),
    )
    fixed: dict[str, object] = {
        "language": "fr",
        "contacts": contacts,
        "metadata_contacts": contacts[1:],
        "crs": ("EPSG:2056", "EPSG:5728"),
        "created": "2024-01-15",
        "published": "2026-07-01",
        "revised": REVISED,
        "modified": REVISED,
        "lineage": {"fr": "Données d'exemple produites par un générateur.", "en": "Sample data made by a generator."},
    }
    return Record(id=id, title=title, short_title=short, abstract=abstract, **{**fixed, **members})  # type: ignore[arg-type]


def _keywords(*pairs: tuple[str, str]) -> tuple[Keyword, ...]:
    return tuple(Keyword({"fr": fr, "en": en}) for fr, en in pairs)


def _buildings() -> Record:
    return _record(
        "demo-buildings",
        {"fr": "Bâtiments 3D du Quartier de la Source", "en": "3D buildings of the Source quarter"},
        {"fr": "Bâtiments 3D", "en": "3D buildings"},
        {
            "fr": "Bâtiments hors-sol en LoD2 avec toitures, parties de bâtiments et adresses.",
            "en": "Buildings above ground at LoD2 with roofs, building parts and addresses.",
        },
        CADASTRE,
        keywords=_keywords(("bâtiment", "building"), ("maquette 3D", "3D city model")),
        topics=("structure",),
        extent=Extent(box=BOX, vertical=(395.0, 470.0), interval=("2024-01-15", None)),
        licence=FREE,
        update_frequency="daily",
        access_level="A",
        federal_level="A",
        formats=("CityGML 2.0",),
    )


def _trees() -> Record:
    return _record(
        "demo-trees",
        {"fr": "Arbres du Quartier de la Source", "en": "Trees of the Source quarter"},
        {"fr": "Arbres", "en": "Trees"},
        {
            "fr": "Arbres isolés du parc, des alignements et des jardins, avec espèce et hauteur.",
            "en": "Single trees of the park, the avenues and the gardens, with species and height.",
        },
        PARKS,
        keywords=_keywords(("arbre", "tree"), ("végétation", "vegetation")),
        topics=("environment",),
        extent=Extent(box=BOX),
        crs=("EPSG:2056",),
        licence=FREE,
        update_frequency="weekly",
        access_level="A",
        federal_level="A",
        formats=("GeoJSON",),
    )


def _school() -> Record:
    return _record(
        "demo-school",
        {"fr": "École de la Source", "en": "School of the Source quarter"},
        {"fr": "École", "en": "School"},
        {
            "fr": "Maquette BIM de la nouvelle école : niveaux, salles, murs, fenêtres et toiture, avec leurs propriétés.",
            "en": "Building model of the new school: storeys, rooms, walls, windows and roof, with their properties.",
        },
        SCHOOLS,
        keywords=_keywords(("école", "school"), ("maquette BIM", "building information model")),
        topics=("structure",),
        extent=Extent(box=BOX, vertical=(400.0, 430.0)),
        licence=FREE,
        update_frequency="asNeeded",
        access_level="A",
        federal_level="A",
        formats=("IFC4",),
    )


def _parcels() -> Record:
    return _record(
        "demo-parcels",
        {"fr": "Parcelles du Quartier de la Source", "en": "Parcels of the Source quarter"},
        {"fr": "Parcelles", "en": "Parcels"},
        {
            "fr": "Biens-fonds et domaine public de la mensuration officielle.",
            "en": "Real estate and public domain of the official survey.",
        },
        REGISTRY,
        keywords=_keywords(("parcelle", "parcel"), ("cadastre", "cadastre")),
        topics=("planningCadastre",),
        extent=Extent(box=BOX),
        crs=("EPSG:2056",),
        licence=ASK,
        update_frequency="daily",
        access_level="A",
        federal_level="A",
        formats=("Esri FeatureSet JSON",),
    )


def _network(canary: str) -> Record:
    return _record(
        "demo-heating-network",
        {"fr": "Réseau de chaleur du Quartier de la Source", "en": "Heating network of the Source quarter"},
        {"fr": "Réseau de chaleur", "en": "Heating network"},
        {
            "fr": f"Conduites, chambres et centrale du chauffage à distance. Marque de contrôle : {canary}.",
            "en": f"Pipes, chambers and plant of the district heating. Control mark: {canary}.",
        },
        UTILITY,
        keywords=_keywords(("chauffage à distance", "district heating"), ("conduite", "pipe")),
        topics=("utilitiesCommunication",),
        extent=Extent(box=BOX, vertical=(395.0, 430.0)),
        licence=ASK,
        update_frequency="monthly",
        access_level="B",
        federal_level="B",
        formats=("CityJSON 2.0",),
    )
