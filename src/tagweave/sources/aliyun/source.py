"""The source: how accounts are found and entered, and where services are offered. What is read is in `tables`."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Final, NamedTuple

from tagweave.errors import Denied, SourceError, Terminal
from tagweave.model import Batch, Defect
from tagweave.sources.aliyun import paging
from tagweave.sources.aliyun.compute import REGIONS
from tagweave.sources.aliyun.config import Config
from tagweave.sources.aliyun.services import grant
from tagweave.sources.aliyun.session import Account, bucket, explain, own_account
from tagweave.sources.aliyun.tables import ACCOUNTS, ASSUME, IDENTITY, LISTINGS, OFFERED
from tagweave.sources.clouds import Caller, Check, Entered, Listing, Pass, Place, Politeness, Resolver, Table, resolve
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.paging import at
from tagweave.sources.clouds.reading import pick, read


class _Session(NamedTuple):
    """An account, and the regions in which a service is offered; a service that is not named is everywhere."""

    account: Account
    offered: Mapping[str, frozenset[str]] = {}


def _offers(listing: Listing, entered: Entered, region: str) -> bool:
    session: _Session = entered.session
    regions = session.offered.get(listing.action.partition(":")[0])
    return not region or regions is None or region in regions


def _region_of(raw: Raw) -> str:
    return str(raw["RegionId"])


TABLE: Final = Table(
    listings=LISTINGS,
    regions=REGIONS,
    region_of=_region_of,
    grant=grant,
    find=ACCOUNTS,
    enter=ASSUME,
    offers=_offers,
)


NAMELESS: Final = "broken member: it has no AccountId"


class Source(Pass):
    """Reads Aliyun (Alibaba Cloud). See `Config`. `politeness`, `resolver` and `page_size` are for tests and tuning."""

    def __init__(
        self,
        config: Config,
        *,
        politeness: Politeness | None = None,
        resolver: Resolver = resolve,
        page_size: int | None = None,
    ) -> None:
        polite = politeness or Politeness(per_second=config.calls_per_second, burst=2, at_once=config.at_once)
        self._found = _Accounts(config, polite, page_size)
        super().__init__(config, TABLE, self._found, polite, resolver, page_size)

    async def batches(self) -> AsyncIterator[Batch]:
        """As every pass; then what could not be learned of accounts and of where services are offered."""
        async for batch in super().batches():
            yield batch
        for service, reason in self._found.unknown.items():
            yield Defect(self.name, f"regions of {service}", f"it is asked in every region: {reason}")
        for number in self._found.nameless:
            yield Defect(self.name, f"{ACCOUNTS}, item {number}", NAMELESS)

    async def check(self) -> AsyncIterator[Check]:
        """The same for a check."""
        async for row in super().check():
            yield row
        for service, reason in self._found.unknown.items():
            action = f"{service}:DescribeRegions"
            missing = grant(action) if isinstance(reason, Denied) else ""
            yield Check(self.name, action, "", "failed", str(reason), missing)
        for number in self._found.nameless:
            yield Check(self.name, f"{ACCOUNTS}, item {number}", "", "failed", NAMELESS)


class _Accounts:
    """The account of the credentials or of a role, and others by roles."""

    def __init__(self, config: Config, politeness: Politeness, page_size: int | None) -> None:
        self._config = config
        self._politeness = politeness
        self._size = page_size
        self.unknown: dict[str, SourceError] = {}
        """The services of which this pass could not learn where they are offered, and why."""
        self.nameless: list[int] = []
        """Which members of the resource directory have no id, counted from 1."""

    async def first(self, threads: Executor) -> Entered:
        """The account of the credentials, or of `role_arn`. Raises SourceError."""
        config = self._config
        self.unknown, self.nameless = {}, []
        try:
            account = own_account(config.profile, config.endpoint)
        except Exception as error:  # a profile that lacks something
            problem = explain(error, IDENTITY)
            raise problem.error(problem.text) from error
        entered = await self._identified(account, threads)
        if config.role_arn:
            account = await self._assumed(entered, config.role_arn)
            entered = await self._identified(account, threads)
        entered = entered.of(config.account)
        return entered._replace(session=_Session(account, await self._offered(entered)))

    async def others(self, first: Entered) -> Sequence[str]:
        """The accounts that are named and the members of the resource directory, in order. Raises SourceError."""
        named = set(self._config.accounts)
        if self._config.organization:
            named |= await self._members(first)
        return sorted(named - {first.place.account})

    async def _members(self, first: Entered) -> set[str]:
        call = first.caller.within(first.home)
        try:
            found = await read(call, ACCOUNTS, {}, paging.LARGE_PAGES, "Accounts.Account", None, self._size)
        except SourceError as error:
            raise type(error)(f"cannot list the members of the resource directory: {error}") from error
        numbers = [at(raw, "AccountId") for raw in found]
        self.nameless = [place for place, number in enumerate(numbers, 1) if not number]
        return {str(number) for number in numbers if number}

    async def enter(self, first: Entered, account: str, threads: Executor) -> Entered:
        """Another account, by its role. Raises SourceError."""
        role = f"acs:ram::{account}:role/{self._config.role_name}"
        session: _Session = first.session
        try:
            entered = await self._identified(await self._assumed(first, role), threads)
        except SourceError as error:
            raise type(error)(f"cannot enter account {account} as {role}: {error}") from error
        return entered._replace(session=entered.session._replace(offered=session.offered))

    async def _identified(self, account: Account, threads: Executor) -> Entered:
        caller = Caller(account.perform, explain, self._politeness, threads, bucket)
        answer = await caller.call(self._config.home_region, IDENTITY, {})
        number = at(answer, "AccountId")
        if not number:
            raise Terminal(f"{IDENTITY} names no account")
        place = Place(self._config.name, str(number))
        return Entered(place, caller, self._config.home_region, _Session(account))

    async def _assumed(self, entered: Entered, role: str) -> Account:
        wanted = {"RoleArn": role, "RoleSessionName": "tagweave"}
        if self._config.external_id:
            wanted["ExternalId"] = self._config.external_id
        answer = await entered.caller.call(entered.home, ASSUME, wanted)
        session: _Session = entered.session
        try:
            return session.account.of_role(answer["Credentials"])
        except (KeyError, TypeError, ValueError) as error:
            raise Terminal(f"{ASSUME} gave no credentials") from error

    async def _offered(self, entered: Entered) -> dict[str, frozenset[str]]:
        """Where each service is offered, as it says itself. DRDS is where PolarDB-X 1.0 is."""
        call = entered.caller.within(entered.home)

        async def ask(service: str, path: str) -> Sequence[Raw] | None:
            try:
                return pick(await call(f"{service}:DescribeRegions", {}), path)
            except SourceError as error:
                self.unknown[service] = error
                return None

        answers = await asyncio.gather(*(ask(service, path) for service, path in OFFERED.items()))
        told = {service: answer for service, answer in zip(OFFERED, answers, strict=True) if answer is not None}
        if "polardbx" in told:
            told["drds"] = [raw for raw in told["polardbx"] if at(raw, "SupportPolarx10")]
        return {service: frozenset(at(raw, "RegionId") for raw in answer) for service, answer in told.items()}
