"""Who is who: an account's RAM user, the roles it may assume, and the resource directory's members.

<https://api.aliyun.com/api/Sts/2015-04-01/AssumeRole>, <https://api.aliyun.com/api/Sts/2015-04-01/GetCallerIdentity>,
<https://api.aliyun.com/api/ResourceDirectoryMaster/2022-04-19/ListAccounts>.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from clouds.aliyun.actions import Action, Numbered, Tokened
from clouds.aliyun.signing import Key, Refused
from clouds.aliyun.wire import ACCOUNT, SECONDS, Row

TEAM: Final = str(ACCOUNT)
"""The management account of the directory, whose RAM user calls."""
MEMBER: Final = "1345678901234567"
LEAVING: Final = "1345678901234568"
"""Two members: one that lets the team in, and one that has no role for it."""
EXTERNAL_ID: Final = "tagweave-reads"
ROLES: Final = {
    f"acs:ram::{TEAM}:role/tagweave": "",
    f"acs:ram::{MEMBER}:role/tagweave": "",
    f"acs:ram::{MEMBER}:role/partner": EXTERNAL_ID,
}
"""The roles that the team's RAM user may assume, and the external id that each asks for."""

NO_PERMISSION: Final = ("NoPermission", "You are not authorized to do this action. You should be authorized by RAM.")
ARN: Final = re.compile(r"acs:ram::(?P<account>\d+):role/(?P<name>[a-z0-9.@_-]+)")
SESSION: Final = re.compile(r"[A-Za-z0-9.@_-]{2,64}")
LIST_ACCOUNTS: Final = Action("Accounts.Account", "AccountId", (Tokened(100, 10, answers=""), Numbered(100)))


def assume_role(params: Mapping[str, str], key: Key, now: datetime) -> tuple[Row, tuple[str, Key]]:
    """The answer, and the key that it gives out with the key's id."""
    arn = ARN.fullmatch(params.get("RoleArn", ""))
    if arn is None:
        raise Refused(400, "InvalidParameter.RoleArn", "The parameter RoleArn is wrongly formed.")
    session = params.get("RoleSessionName", "")
    if not SESSION.fullmatch(session):
        raise Refused(400, "InvalidParameter.RoleSessionName", "The parameter RoleSessionName is wrongly formed.")
    duration = params.get("DurationSeconds", "3600")
    if not duration.isdigit() or not 900 <= int(duration) <= 3600:
        raise Refused(400, "InvalidParameter.DurationSeconds", "The Min/Max value of DurationSeconds is 15min/1hr.")
    if arn[0] not in ROLES:
        raise Refused(404, "EntityNotExist.Role", f"The role not exists: {arn[0]}.")
    if key.account != TEAM or ROLES[arn[0]] != params.get("ExternalId", ""):
        raise Refused(403, *NO_PERMISSION)
    expires = (now + timedelta(seconds=int(duration))).replace(microsecond=0)
    assumed = f"acs:ram::{arn['account']}:role/{arn['name']}/{session}"
    native = f"STS.{secrets.token_hex(12)}"
    given = Key(secrets.token_hex(22), arn["account"], assumed, secrets.token_urlsafe(96), expires)
    answer: Row = {
        "AssumedRoleUser": {"Arn": assumed, "AssumedRoleId": f"3{arn['account'][1:]}00:{session}"},
        "Credentials": {
            "AccessKeyId": native,
            "AccessKeySecret": given.secret,
            "SecurityToken": given.token,
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }
    return answer, (native, given)


def caller(key: Key) -> Row:
    """The answer of GetCallerIdentity."""
    if key.token:
        return {
            "IdentityType": "AssumedRoleUser",
            "AccountId": key.account,
            "PrincipalId": f"3{key.account[1:]}00:{key.arn.rpartition('/')[2]}",
            "RoleId": f"3{key.account[1:]}00",
            "Arn": key.arn,
        }
    user = f"2{key.account[1:]}00"
    return {"IdentityType": "RAMUser", "AccountId": key.account, "PrincipalId": user, "UserId": user, "Arn": key.arn}


def members(key: Key) -> list[Row]:
    """The members of the directory, as its management account sees them; no other account has one to see."""
    if key.account != TEAM:
        raise Refused(404, "EntityNotExists.ResourceDirectory", "Resource directory is not exists.")
    return MEMBERS


def _member(account: str, name: str, status: str) -> Row:
    return {
        "AccountId": account, "AccountName": f"{name}@shop.aliyun.example", "DisplayName": name, "Status": status,
        "Type": "ResourceAccount", "JoinMethod": "created", "JoinTime": SECONDS, "ModifyTime": SECONDS,
        "FolderId": "fd-shop", "ResourceDirectoryId": "rd-shop", "ResourceDirectoryPath": f"rd-shop/r-shop/{account}",
        "DeletionStatus": "", "Tags": {"Tag": []},
    }  # fmt: skip


MEMBERS: Final = [
    _member(MEMBER, "warehouse", "CreateSuccess"),
    _member(LEAVING, "leaving", "InviteSuccess"),
]
