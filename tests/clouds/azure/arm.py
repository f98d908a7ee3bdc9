"""The words of Resource Manager: ids, and the frame that every resource has."""

from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]

TENANT = "7f3c1a52-9d0e-4c8b-b6a4-2e5d8f90c317"
SUBSCRIPTION = "c8a1f6de-4b02-4f7c-9a35-1d2e3f405162"
PARTNER = "0b9e7d46-5c31-4a2f-8e60-7a8b9c0d1e2f"
"""A subscription of another tenant."""
WEST, NORTH, ELSEWHERE = "westeurope", "northeurope", "westindia"
"""Two regions that are read, and one that is not."""
GROUP = {WEST: "rg-west", NORTH: "rg-north", ELSEWHERE: "rg-elsewhere"}
SPELLED = {WEST: "West Europe", NORTH: "North Europe", ELSEWHERE: "West India"}
"""What some providers write as the location of a resource."""
TAGS = {"team": "payments", "cost-center": "4711"}
STATELESS = ("Microsoft.Sql/servers", "Microsoft.DBfor")
"""Types, or the beginnings of such, that have no provisioningState."""


def arm_id(kind: str, *names: str, group: str = "rg-west", subscription: str = SUBSCRIPTION) -> str:
    """The id of a resource of a type such as `Microsoft.Network/virtualNetworks`; more names are of its children."""
    namespace, *types = kind.split("/")
    path = "/".join(f"{one}/{name}" for one, name in zip(types, names, strict=True))
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{path}"


def resource(
    kind: str, name: str, location: str, properties: Mapping[str, Any], /, *, group: str = "", **more: Any
) -> Item:
    """A resource of its own, as every resource provider frames it. `more` are `tags`, `sku`, `zones`…"""
    group = group or GROUP[location]
    state = {} if kind.startswith(STATELESS) else {"provisioningState": "Succeeded"}
    return {
        "id": arm_id(kind, name, group=group),
        "name": name,
        "type": kind,
        "location": location,
        **more,
        "properties": {**properties, **state},
    }


def child(parent: str, kind: str, name: str, properties: Mapping[str, Any]) -> Item:
    """A part of a resource that has an id of its own, such as a subnet."""
    properties = {"provisioningState": "Succeeded", **properties}
    return {"name": name, "id": f"{parent}/{kind}/{name}", "properties": properties}


def ref(native: str) -> Item:
    """A reference to another resource."""
    return {"id": native}


def network(kind: str, *names: str, location: str = WEST, group: str = "") -> str:
    """The id of a resource of Microsoft.Network."""
    return arm_id(f"Microsoft.Network/{kind}", *names, group=group or GROUP[location])


def subnet(vnet: str, name: str, location: str = WEST, group: str = "") -> str:
    """The id of a subnet."""
    return network("virtualNetworks/subnets", vnet, name, location=location, group=group)
