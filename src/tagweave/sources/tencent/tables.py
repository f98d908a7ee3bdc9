"""Every listing of Tencent Cloud's in the order in which they run, and the permissions that they need."""

from typing import Any, Final

from tagweave.sources.clouds import Listing
from tagweave.sources.tencent import balancers, compute, database, network

LISTINGS: Final[tuple[Listing, ...]] = (
    *network.LISTINGS,
    *compute.LISTINGS,
    *balancers.LISTINGS,
    *database.LISTINGS,
)

IDENTITY: Final = "sts:GetCallerIdentity"
ACCOUNTS: Final = "organization:DescribeOrganizationMembers"
ASSUME: Final = "sts:AssumeRole"


def grant(action: str) -> str:
    """The CAM action that allows a call: it is named alike, as CAM's short names of products are the services'."""
    return action


def actions() -> tuple[str, ...]:
    """The CAM actions that a pass over one account needs."""
    calls = {action for listing in (compute.REGIONS, *LISTINGS) for action in listing.actions()}
    return tuple(sorted(grant(action) for action in {IDENTITY, *calls}))


def policy(organization: bool = False) -> dict[str, Any]:
    """The least policy that a pass needs: deploy/policies holds it. `organization` is for the home account's extra."""
    if not organization:
        return {"version": "2.0", "statement": [_allow(list(actions()), "*")]}
    return {
        "version": "2.0",
        "statement": [_allow([grant(ACCOUNTS)], "*"), _allow([grant(ASSUME)], f"qcs::cam::uin/*:roleName/{ROLE_NAME}")],
    }


def _allow(allowed: list[str], resource: str) -> dict[str, Any]:
    return {"effect": "allow", "action": allowed, "resource": [resource]}


ROLE_NAME: Final = "tagweave"
"""The role that is assumed in each further account, unless it is configured otherwise."""
