"""Every listing of AWS's in the order in which they run, and the permissions that they need."""

from typing import Any, Final

from tagweave.sources.aws import balancers, compute, database, network
from tagweave.sources.aws.session import grant
from tagweave.sources.clouds import Listing

LISTINGS: Final[tuple[Listing, ...]] = (
    *network.LISTINGS,
    *compute.LISTINGS,
    *balancers.LISTINGS,
    *database.LISTINGS,
)

IDENTITY: Final = "sts:GetCallerIdentity"
ACCOUNTS: Final = "organizations:ListAccounts"
ASSUME: Final = "sts:AssumeRole"


def actions() -> tuple[str, ...]:
    """The IAM actions that a pass over one account needs. AWS allows sts:GetCallerIdentity to everybody."""
    calls = {action for listing in (compute.REGIONS, *LISTINGS) for action in listing.actions()}
    return tuple(sorted({grant(action) for action in calls}))


def policy(organization: bool = False) -> dict[str, Any]:
    """The least policy that a pass needs: deploy/policies holds it. `organization` is for the home account's extra."""
    statements: list[dict[str, Any]] = [
        {"Sid": "TagweaveReads", "Effect": "Allow", "Action": list(actions()), "Resource": "*"}
    ]
    if organization:
        statements = [
            {"Sid": "TagweaveFindsAccounts", "Effect": "Allow", "Action": [grant(ACCOUNTS)], "Resource": "*"},
            {
                "Sid": "TagweaveEntersAccounts",
                "Effect": "Allow",
                "Action": [grant(ASSUME)],
                "Resource": f"arn:aws:iam::*:role/{ROLE_NAME}",
            },
        ]
    return {"Version": "2012-10-17", "Statement": statements}


ROLE_NAME: Final = "tagweave"
"""The role that is assumed in each account of an organization, unless it is configured otherwise."""
