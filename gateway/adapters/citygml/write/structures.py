"""The data types of CityGML 3.0: a property whose value is an object of members (the inverse of `Attributes.structure`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Structure:
    """A data type: its element, and its members in order with how each is written; those in `needed` must be there.

    `identified` says that the element is a gml:AbstractGML, which has an id of its own.
    """

    element: str
    members: tuple[tuple[str, str], ...]
    needed: frozenset[str]
    identified: bool = False

    def tag(self, member: str) -> str:
        """The tag of a member."""
        return f"{self.element.partition(':')[0]}:{member}"


def _structure(element: str, members: str, optional: str = "", *, identified: bool = False) -> Structure:
    """A structure from ``name=kind`` words."""
    pairs = tuple((name, kind) for name, _, kind in (word.partition("=") for word in members.split()))
    return Structure(element, pairs, frozenset(name for name, _ in pairs) - set(optional.split()), identified)


_HEIGHT = "highReference=code lowReference=code status=estimated|measured value=length"

STRUCTURES = {
    "height": _structure("con:Height", _HEIGHT),
    "roomHeight": _structure("bldg:RoomHeight", _HEIGHT),
    "elevation": _structure("con:Elevation", "elevationReference=code elevationValue=position"),
    "constructionEvent": _structure("con:ConstructionEvent", "event=code dateOfEvent=date description=text", "description"),
    "occupancy": _structure("core:Occupancy", "numberOfOccupants=count interval=code occupantType=code", "interval occupantType"),
    "volume": _structure("core:QualifiedVolume", "volume=length typeOfVolume=code"),
    "area": _structure("core:QualifiedArea", "area=length typeOfArea=code"),
    "relatedTo": _structure("core:CityObjectRelation", "relationType=code relatedTo=reference", identified=True),
    "groupMember": _structure("grp:Role", "role=text groupMember=reference", "role", identified=True),
}
"""By the property's name."""

MEASURED = {"highReference": "highestRoofEdge", "lowReference": "lowestGroundPoint", "status": "measured"}
"""The con:Height that CityGML 2.0 calls measuredHeight."""
