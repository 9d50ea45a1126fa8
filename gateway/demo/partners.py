"""Who publishes in the quarter, what, and under which terms: parties, datasets and their metadata records in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.model.record import Attribute, Contact, Extent, Keyword, Record
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
    """What one partner delivers: a file, where it goes, and its record; a delivery without a record is one that must fail."""

    partner: Partner
    dataset: str
    file: str
    collection: str | Mapping[str, str] | None
    access: str | None
    licence: str | None
    record: Record | None
    id_field: str | None = None


CADASTRE = Partner("cadastre", "Direction de l'information du territoire (DIT)", ("institution-maitresse", "partenaire"))
PARKS = Partner("parks", "Service des espaces verts")
REGISTRY = Partner("land-registry", "Office du registre foncier", ("institution-maitresse", "partenaire"))
UTILITY = Partner("utility", "Services industriels de la Source (SIS)")
ROADS = Partner("roads", "Bureau Voirie & Bordures SA")


def deliveries(canary: str) -> tuple[Delivery, ...]:
    """The four deliveries that are accepted and the one that is refused, in the order in which they arrive."""
    return (
        Delivery(CADASTRE, "buildings", "buildings.gml", "buildings", "A", FREE, _buildings()),
        Delivery(PARKS, "trees", "trees.geojson", "trees", "A", FREE, _trees()),
        Delivery(REGISTRY, "parcels", "parcels.gpkg", "parcels", "A", ASK, _parcels(), "egrid"),
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


def _attributes(collection: str, **described: tuple[str, str, str]) -> tuple[Attribute, ...]:
    return tuple(Attribute(name, kind, {"fr": fr, "en": en}, collection) for name, (kind, fr, en) in described.items())


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
        attributes=_attributes(
            "buildings",
            EGID=("integer", "Identificateur fédéral du bâtiment", "Federal building identifier"),
            parcelle=("string", "Commune et numéro de parcelle", "Municipality and parcel number"),
            surface_sol=("number", "Surface au sol en m2", "Footprint area in square metres"),
            logements=("integer", "Nombre de logements", "Number of dwellings"),
            function=("string", "Fonction (liste SIG3D)", "Function (SIG3D list)"),
            usage=("string", "Usage", "Use"),
            yearOfConstruction=("integer", "Année de construction", "Year of construction"),
            roofType=("string", "Forme du toit (liste CityGML)", "Roof shape (CityGML list)"),
            measuredHeight=("number", "Hauteur en m", "Height in metres"),
            storeysAboveGround=("integer", "Niveaux hors-sol", "Storeys above ground"),
            storeysBelowGround=("integer", "Niveaux en sous-sol", "Storeys below ground"),
            storeyHeightsAboveGround=("number", "Hauteur d'un niveau en m", "Height of a storey in metres"),
            name=("string", "Nom", "Name"),
            creationDate=("date", "Date d'entrée dans le cadastre", "Date of entry into the cadastre"),
        ),
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
        attributes=_attributes(
            "trees",
            espece=("string", "Espèce (latin)", "Species (Latin)"),
            nom_fr=("string", "Nom français", "French name"),
            hauteur_m=("number", "Hauteur en m", "Height in metres"),
            couronne_m=("number", "Diamètre de la couronne en m", "Crown diameter in metres"),
            tronc_cm=("integer", "Diamètre du tronc en cm", "Trunk diameter in centimetres"),
            annee_plantation=("integer", "Année de plantation", "Year of planting"),
            etat=("string", "État sanitaire", "Health"),
            emplacement=("string", "Parc, alignement, jardin ou place", "Park, avenue, garden or square"),
            altitude_m=("number", "Altitude du pied (NF02)", "Height of the foot (LN02)"),
        ),
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
        formats=("GeoPackage",),
        attributes=_attributes(
            "parcels",
            egrid=("string", "Identificateur fédéral de l'immeuble", "Federal real-estate identifier"),
            numero=("integer", "Numéro de parcelle", "Parcel number"),
            commune=("integer", "Numéro de commune", "Municipality number"),
            genre=("string", "Genre d'immeuble", "Kind of real estate"),
            affectation=("string", "Zone d'affectation", "Land-use zone"),
            surface_m2=("integer", "Surface en m2", "Area in square metres"),
            adresse=("string", "Adresse", "Address"),
            etat_au=("date", "État au", "State as of"),
        ),
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
        attributes=_attributes(
            "heating-network",
            genre=("string", "Conduite, chambre ou centrale", "Pipe, chamber or plant"),
            fonction=("string", "Rôle de la conduite", "Role of the pipe"),
            diametre_mm=("integer", "Diamètre nominal en mm", "Nominal diameter in millimetres"),
            materiau=("string", "Matériau", "Material"),
            temperature_depart_c=("integer", "Température de départ en °C", "Supply temperature in °C"),
            pression_bar=("number", "Pression en bar", "Pressure in bar"),
            pose=("integer", "Année de pose", "Year of laying"),
            vannes=("integer", "Nombre de vannes", "Number of valves"),
            puissance_kw=("integer", "Puissance en kW", "Power in kW"),
            energie=("string", "Source d'énergie", "Source of energy"),
            mise_en_service=("integer", "Année de mise en service", "Year of commissioning"),
            marque=("string", "Marque de contrôle", "Control mark"),
        ),
    )
