"""What each attribute of the quarter's deliveries means, in French and English: the tab "Attributs" of their dictionary sheets."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.model.record import Attribute

type Described = Mapping[str, tuple[str, str, str]]
"""Name of an attribute to (type, French, English)."""

_BUILDINGS: Described = {
    "creationDate": ("string", "Date de saisie de l'objet", "Date when the object was recorded"),
    "EGID": ("integer", "Identificateur fédéral de bâtiment", "Federal building identifier"),
    "parcelle": ("string", "Parcelle sur laquelle le bâtiment se trouve", "Parcel on which the building stands"),
    "surface_sol": ("number", "Emprise au sol, m²", "Area of the footprint, m²"),
    "logements": ("integer", "Nombre de logements", "Number of dwellings"),
    "function": ("string", "Affectation du bâtiment", "What the building is for"),
    "function_codeSpace": ("string", "Liste de codes de l'affectation", "Code list of what the building is for"),
    "usage": ("string", "Utilisation effective", "What the building is used for"),
    "yearOfConstruction": ("integer", "Année de construction", "Year of construction"),
    "roofType": ("string", "Forme du toit", "Shape of the roof"),
    "measuredHeight": ("number", "Hauteur mesurée, m", "Measured height, m"),
    "storeysAboveGround": ("integer", "Niveaux hors-sol", "Storeys above ground"),
    "storeysBelowGround": ("integer", "Niveaux en sous-sol", "Storeys below ground"),
    "storeyHeightsAboveGround": ("object", "Hauteurs des niveaux hors-sol, m", "Heights of the storeys above ground, m"),
    "name": ("string", "Nom du bâtiment", "Name of the building"),
}
_TREES: Described = {
    "espece": ("string", "Nom scientifique de l'espèce", "Scientific name of the species"),
    "nom_fr": ("string", "Nom français de l'espèce", "French name of the species"),
    "hauteur_m": ("number", "Hauteur de l'arbre, m", "Height of the tree, m"),
    "couronne_m": ("number", "Diamètre de la couronne, m", "Diameter of the crown, m"),
    "tronc_cm": ("integer", "Diamètre du tronc à 1 m du sol, cm", "Diameter of the trunk 1 m above ground, cm"),
    "annee_plantation": ("integer", "Année de plantation", "Year of planting"),
    "etat": ("string", "État sanitaire", "State of health"),
    "emplacement": ("string", "Parc, alignement ou jardin", "Park, avenue or garden"),
    "altitude_m": ("number", "Altitude du pied, m (NF02)", "Height of the foot, m (LN02)"),
}
_SCHOOL: Described = {
    "ifcClass": ("string", "Classe IFC de l'objet", "IFC class of the object"),
    "name": ("string", "Nom ou numéro", "Name or number"),
    "compositionType": ("string", "Tout, partie ou ensemble", "Whole, part or complex"),
    "longName": ("string", "Nom complet", "Full name"),
    "description": ("string", "Description", "Description"),
    "Pset_BuildingCommon.NumberOfStoreys": ("integer", "Nombre de niveaux", "Number of storeys"),
    "Pset_BuildingCommon.OccupancyType": ("string", "Type d'occupation", "Type of occupancy"),
    "Pset_BuildingCommon.YearOfConstruction": ("string", "Année de construction", "Year of construction"),
    "elevation": ("number", "Cote du niveau, m", "Elevation of the storey, m"),
    "predefinedType": ("string", "Type prédéfini de la classe", "Predefined type of the class"),
    "Pset_SpaceCommon.Reference": ("string", "Référence du local", "Reference of the room"),
    "Pset_SpaceCommon.PubliclyAccessible": ("boolean", "Local accessible au public", "Whether the public may enter the room"),
    "Qto_SpaceBaseQuantities.NetFloorArea": ("number", "Surface nette du local, m²", "Net floor area of the room, m²"),
    "Qto_SpaceBaseQuantities.Height": ("number", "Hauteur du local, m", "Height of the room, m"),
    "Qto_SpaceBaseQuantities.NetVolume": ("number", "Volume net du local, m³", "Net volume of the room, m³"),
}
_SCHOOL_ELEMENTS: Described = {
    "ifcClass": ("string", "Classe IFC de l'élément", "IFC class of the element"),
    "name": ("string", "Nom de l'élément", "Name of the element"),
    "tag": ("string", "Repère de l'élément", "Tag of the element"),
    "predefinedType": ("string", "Type prédéfini de la classe", "Predefined type of the class"),
    "overallHeight": ("number", "Hauteur hors tout, m", "Overall height, m"),
    "overallWidth": ("number", "Largeur hors tout, m", "Overall width, m"),
    "Pset_SlabCommon.LoadBearing": ("boolean", "Dalle porteuse", "Whether the slab bears load"),
    "Pset_WallCommon.IsExternal": ("boolean", "Mur extérieur", "Whether the wall is external"),
    "Pset_WallCommon.LoadBearing": ("boolean", "Mur porteur", "Whether the wall bears load"),
    "Pset_WallCommon.FireRating": ("string", "Résistance au feu du mur", "Fire rating of the wall"),
    "Pset_WallCommon.ThermalTransmittance": ("number", "Coefficient U du mur, W/(m²·K)", "U-value of the wall, W/(m²·K)"),
    "Pset_RoofCommon.IsExternal": ("boolean", "Toiture extérieure", "Whether the roof is external"),
}
_PARCELS: Described = {
    "objectid": ("integer", "Numéro d'ordre dans la base de livraison", "Row number in the delivering database"),
    "egrid": ("string", "Identificateur fédéral d'immeuble", "Federal real estate identifier"),
    "numero": ("integer", "Numéro de parcelle", "Number of the parcel"),
    "commune": ("integer", "Numéro de la commune", "Number of the municipality"),
    "genre": ("string", "Bien-fonds ou domaine public", "Real estate or public domain"),
    "affectation": ("string", "Zone d'affectation", "Land use zone"),
    "surface_m2": ("integer", "Surface, m²", "Area, m²"),
    "adresse": ("string", "Adresse", "Address"),
    "etat_au": ("string", "Date de l'état décrit", "Date of the state described"),
}
_NETWORK: Described = {
    "genre": ("string", "Conduite, chambre ou centrale", "Pipe, chamber or plant"),
    "puissance_kw": ("integer", "Puissance, kW", "Power, kW"),
    "energie": ("string", "Agent énergétique", "Source of energy"),
    "mise_en_service": ("integer", "Année de mise en service", "Year of commissioning"),
    "marque": ("string", "Marque de contrôle", "Control mark"),
    "fonction": ("string", "Aller ou retour", "Flow or return"),
    "diametre_mm": ("integer", "Diamètre nominal, mm", "Nominal diameter, mm"),
    "materiau": ("string", "Matériau", "Material"),
    "temperature_depart_c": ("integer", "Température de départ, °C", "Flow temperature, °C"),
    "pression_bar": ("number", "Pression de service, bar", "Working pressure, bar"),
    "pose": ("integer", "Année de pose", "Year of laying"),
    "vannes": ("integer", "Nombre de vannes", "Number of valves"),
}
_COLLECTIONS: Mapping[str, Mapping[str, Described]] = {
    "buildings": {"buildings": _BUILDINGS},
    "trees": {"trees": _TREES},
    "school": {"school": _SCHOOL, "school-elements": _SCHOOL_ELEMENTS},
    "parcels": {"parcels": _PARCELS},
    "heating-network": {"heating-network": _NETWORK},
}


def of(dataset: str) -> tuple[Attribute, ...]:
    """The attributes of a delivered dataset, by collection."""
    return tuple(
        Attribute(name, kind, {"fr": french, "en": english}, collection)
        for collection, described in _COLLECTIONS[dataset].items()
        for name, (kind, french, english) in described.items()
    )
