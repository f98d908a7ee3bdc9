"""Every listing of Aliyun's in the order in which they run, and the permissions that they need."""

from typing import Any, Final

from tagweave.sources.aliyun import balancers, compute, database, network, transit
from tagweave.sources.aliyun.services import grants
from tagweave.sources.clouds import Listing

LISTINGS: Final[tuple[Listing, ...]] = (
    *network.LISTINGS,
    *transit.LISTINGS,
    *compute.LISTINGS,
    *balancers.LISTINGS,
    *database.LISTINGS,
)

IDENTITY: Final = "sts:GetCallerIdentity"
ACCOUNTS: Final = "resourcedirectory:ListAccounts"
ASSUME: Final = "sts:AssumeRole"

OFFERED: Final = {
    "alb": "Regions",
    "gwlb": "Regions",
    "nlb": "Regions",
    "polardb": "Regions.Region",
    "polardbx": "Regions.Region",
    "r-kvstore": "RegionIds.KVStoreRegion",
    "rds": "Regions.RDSRegion",
    "slb": "Regions.Region",
}
"""The services that are not in every region, and where their DescribeRegions names those in which they are."""


def actions() -> tuple[str, ...]:
    """The RAM actions that a pass over one account needs. Everybody may call sts:GetCallerIdentity."""
    calls = {action for listing in (compute.REGIONS, *LISTINGS) for action in listing.actions()}
    calls |= {f"{service}:DescribeRegions" for service in OFFERED}
    return tuple(sorted({one for action in calls for one in grants(action)}))


def policy(organization: bool = False) -> dict[str, Any]:
    """The least policy that a pass needs: deploy/policies holds it. `organization` is for the first account's extra."""
    statements: list[dict[str, Any]] = [{"Effect": "Allow", "Action": list(actions()), "Resource": "*"}]
    if organization:
        statements = [
            {"Effect": "Allow", "Action": list(grants(ACCOUNTS)), "Resource": "*"},
            {"Effect": "Allow", "Action": list(grants(ASSUME)), "Resource": f"acs:ram:*:*:role/{ROLE_NAME}"},
        ]
    return {"Version": "1", "Statement": statements}


ROLE_NAME: Final = "tagweave"
"""The role that is assumed in each other account, unless it is configured otherwise."""
