"""The source: how accounts are found and entered. What is read in them is in `tables`."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, Final

from tagweave.errors import SourceError, Terminal
from tagweave.sources.clouds import Caller, Entered, Pass, Place, Politeness, Resolver, Table, resolve
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.paging import Page, Params, at
from tagweave.sources.clouds.reading import read
from tagweave.sources.tencent import paging
from tagweave.sources.tencent.compute import REGIONS
from tagweave.sources.tencent.config import Config
from tagweave.sources.tencent.session import Account, Site, bucket, explain, not_offered, own_account
from tagweave.sources.tencent.tables import ACCOUNTS, ASSUME, IDENTITY, LISTINGS, grant

AVAILABLE: Final = "AVAILABLE"
"""The word of DescribeRegions for a region that can be read."""

BURST: Final = 20
"""Calls of one action that are allowed in any second: with 17.5 a second in the long run there is room for jitter."""


def _region_of(raw: Raw) -> str:
    return str(raw["Region"])


def _available(raw: Raw) -> bool:
    return bool(raw.get("RegionState") == AVAILABLE)


TABLE: Final = Table(
    listings=LISTINGS,
    regions=REGIONS,
    region_of=_region_of,
    grant=grant,
    readable=_available,
    find=ACCOUNTS,
    enter=ASSUME,
)


class Source(Pass):
    """Reads Tencent Cloud. See `Config`. `politeness`, `resolver` and `page_size` are for tests and tuning."""

    def __init__(
        self,
        config: Config,
        *,
        politeness: Politeness | None = None,
        resolver: Resolver = resolve,
        page_size: int | None = None,
    ) -> None:
        polite = politeness or Politeness(per_second=config.calls_per_second, burst=BURST, at_once=config.at_once)
        super().__init__(config, TABLE, _Accounts(config, polite, page_size), polite, resolver, page_size)


class _Accounts:
    """The account of the credentials or of a role, those that are named, and the members of its organization."""

    def __init__(self, config: Config, politeness: Politeness, page_size: int | None) -> None:
        self._config = config
        self._politeness = politeness
        self._size = page_size

    async def first(self, threads: Executor) -> Entered:
        """The account of the credentials, or of `role_arn`. Raises SourceError."""
        config = self._config
        site = Site(config.endpoint, config.domain)
        work = partial(own_account, config.credentials_file, config.profile, site)
        account = await asyncio.get_running_loop().run_in_executor(threads, work)
        entered = await self._identified(account, threads)
        if config.role_arn:
            entered = await self._identified(await self._assumed(entered, config.role_arn), threads)
        return entered.of(config.account)

    async def others(self, first: Entered) -> Sequence[str]:
        """The accounts that are named and the other members of the organization, in order. Raises SourceError."""
        members: list[str] = []
        if self._config.organization:
            call = first.caller.within(first.home)
            try:
                found = await read(call, ACCOUNTS, {}, paging.MEMBERS, "Items", None, self._size)
            except SourceError as error:
                raise type(error)(f"cannot list the members of the organization: {error}") from error
            members = sorted(str(uin) for raw in found if (uin := at(raw, "MemberUin")))
        return [one for one in dict.fromkeys((*self._config.accounts, *members)) if one != first.place.account]

    async def enter(self, first: Entered, account: str, threads: Executor) -> Entered:
        """A further account, by its role. Raises SourceError."""
        role = f"qcs::cam::uin/{account}:roleName/{self._config.role_name}"
        try:
            return await self._identified(await self._assumed(first, role), threads)
        except SourceError as error:
            raise type(error)(f"cannot enter account {account} as {role}: {error}") from error

    async def _identified(self, account: Account, threads: Executor) -> Entered:
        caller = Caller(asking(account.perform), explain, self._politeness, threads, bucket)
        home = self._config.home_region
        number = _stated(await caller.call(home, IDENTITY, {}), "AccountId", IDENTITY)
        return Entered(Place(self._config.name, number), caller, home, account)

    async def _assumed(self, entered: Entered, role: str) -> Account:
        wanted = {"RoleArn": role, "RoleSessionName": "tagweave"}
        if self._config.external_id:
            wanted["ExternalId"] = self._config.external_id
        answer = await entered.caller.call(entered.home, ASSUME, wanted)
        given = answer.get("Credentials")
        account: Account = entered.session
        return account.of_role(*(_stated(given, field, ASSUME) for field in ("TmpSecretId", "TmpSecretKey", "Token")))


def _stated(answer: Any, field: str, action: str) -> str:  # noqa: ANN401 - any decoded answer
    """A field of an answer. Raises Terminal where it lacks it."""
    found = answer.get(field) if isinstance(answer, dict) else None
    if not found:
        raise Terminal(f"the answer of {action} has no {field}")
    return str(found)


_PATHS: Final = {
    **{listing.action: listing.path for listing in LISTINGS},
    **{join.action: join.path for listing in LISTINGS for join in listing.joins},
}
"""Where the items of each action are."""

_NESTED: Final = {"alb:DescribeListeners": "LoadBalancerId"}
"""What an answer says once of all its items, and a later request asks for with each."""


def asking(perform: Callable[[str, str, Params], Page]) -> Callable[[str, str, Params], Page]:
    """Calls in which a region that lacks a service has nothing of it, and items know what is said once of them all."""

    def ask(action: str, region: str, params: Params) -> Page:
        try:
            page = perform(action, region, params)
        except Exception as error:
            if action in _PATHS and not_offered(error):
                return {_PATHS[action]: []}
            raise
        if action in _NESTED:
            said = _NESTED[action]
            found = page.get(_PATHS[action]) or ()
            page = {**page, _PATHS[action]: [{**one, said: page.get(said) or params[said]} for one in found]}
        return page

    return ask
