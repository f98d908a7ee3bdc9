"""Every listing of Azure's in the order in which they run, and the permissions that they need."""

from typing import Any, Final

from tagweave.sources.azure import balancers, compute, database, interfaces, network, transit
from tagweave.sources.azure.session import SUBSCRIPTIONS, grant
from tagweave.sources.clouds import Listing

LISTINGS: Final[tuple[Listing, ...]] = (
    *network.LISTINGS,
    *transit.LISTINGS,
    *compute.LISTINGS,
    *interfaces.LISTINGS,
    *balancers.LISTINGS,
    *database.LISTINGS,
)


def actions() -> tuple[str, ...]:
    """The permissions that a pass needs."""
    calls = {action for listing in (compute.REGIONS, *LISTINGS) for action in listing.actions()}
    return tuple(sorted({grant(action) for action in (SUBSCRIPTIONS, *calls)}))


def policy() -> dict[str, Any]:
    """The least role that a pass needs: deploy/policies holds it. The scopes are for whoever makes the role.

    <https://learn.microsoft.com/azure/role-based-access-control/custom-roles#custom-role-properties>
    """
    return {
        "Name": "Tagweave",
        "Description": "Reads what Tagweave keeps of networks, machines, load balancers and databases.",
        "IsCustom": True,
        "Actions": list(actions()),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": ["/providers/Microsoft.Management/managementGroups/<id of the tenant>"],
    }
