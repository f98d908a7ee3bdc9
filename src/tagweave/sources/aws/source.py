"""The source: how accounts are found and entered. What is read in them is in `tables`."""

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final

from tagweave.errors import SourceError
from tagweave.sources.aws import paging
from tagweave.sources.aws.compute import REGIONS
from tagweave.sources.aws.config import Config
from tagweave.sources.aws.session import DEFAULT_REGION, Account, bucket, explain, grant, own_account
from tagweave.sources.aws.tables import ACCOUNTS, ASSUME, IDENTITY, LISTINGS
from tagweave.sources.clouds import Caller, Entered, Listing, Pass, Place, Politeness, Resolver, Table, resolve
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.reading import read

ENABLED: Final = frozenset({"opt-in-not-required", "opted-in"})
"""The words of DescribeRegions for a region that can be read."""


def _offered(listing: Listing, entered: Entered, region: str) -> bool:
    """Whether the partition has a service without regions at all."""
    service = listing.action.partition(":")[0]
    account: Account = entered.session
    return bool(region) or account.offers(service, entered.place.realm)


def _region_of(raw: Raw) -> str:
    return str(raw["RegionName"])


def _enabled(raw: Raw) -> bool:
    return raw.get("OptInStatus") in ENABLED


TABLE: Final = Table(
    listings=LISTINGS,
    regions=REGIONS,
    region_of=_region_of,
    grant=grant,
    readable=_enabled,
    find=ACCOUNTS,
    enter=ASSUME,
    offers=_offered,
)


class Source(Pass):
    """Reads AWS. See `Config`. `politeness`, `resolver` and `page_size` are for tests and tuning."""

    def __init__(
        self,
        config: Config,
        *,
        politeness: Politeness | None = None,
        resolver: Resolver = resolve,
        page_size: int | None = None,
    ) -> None:
        polite = politeness or Politeness(
            per_second=config.calls_per_second,
            burst=max(1, round(2 * config.calls_per_second)),
            at_once=config.at_once,
        )
        super().__init__(config, TABLE, _Accounts(config, polite, page_size), polite, resolver, page_size)


class _Accounts:
    """The account of the credentials or of a role, and those of its organization."""

    def __init__(self, config: Config, politeness: Politeness, page_size: int | None) -> None:
        self._config = config
        self._politeness = politeness
        self._size = page_size

    async def first(self, threads: Executor) -> Entered:
        """The account of the credentials, or of `role_arn`. Raises SourceError."""
        config = self._config
        try:
            account = own_account(config.profile, config.home_region, config.endpoint)
        except Exception as error:  # a profile that is not there, a file that cannot be parsed
            problem = explain(error, IDENTITY)
            raise problem.error(problem.text) from error
        entered = await self._identified(account, threads)
        if config.role_arn:
            account = await self._assumed(entered, config.role_arn)
            entered = await self._identified(account, threads)
        return entered.of(config.account)

    async def others(self, first: Entered) -> Sequence[str]:
        """The other active accounts of the organization, in order. Raises SourceError."""
        if not self._config.organization:
            return ()
        call = first.caller.within(first.home)
        try:
            found = await read(call, ACCOUNTS, {}, paging.ORGANIZATIONS, "Accounts", None, self._size)
        except SourceError as error:
            raise type(error)(f"cannot list the accounts of the organization: {error}") from error
        active = {raw["Id"] for raw in found if (raw.get("State") or raw.get("Status")) == "ACTIVE"}
        return sorted(active - {first.place.account})

    async def enter(self, first: Entered, account: str, threads: Executor) -> Entered:
        """An account of the organization, by its role. Raises SourceError."""
        role = f"arn:{first.place.realm}:iam::{account}:role/{self._config.role_name}"
        try:
            return await self._identified(await self._assumed(first, role), threads)
        except SourceError as error:
            raise type(error)(f"cannot enter account {account} as {role}: {error}") from error

    async def _identified(self, account: Account, threads: Executor) -> Entered:
        caller = Caller(account.perform, explain, self._politeness, threads, bucket)
        home = self._config.home_region or account.region or DEFAULT_REGION
        answer = await caller.call(home, IDENTITY, {})
        realm = answer["Arn"].split(":")[1]
        return Entered(Place(self._config.name, answer["Account"], "", realm), caller, home, account)

    async def _assumed(self, entered: Entered, role: str) -> Account:
        wanted = {"RoleArn": role, "RoleSessionName": "tagweave"}
        if self._config.external_id:
            wanted["ExternalId"] = self._config.external_id
        account: Account = entered.session
        answer = await entered.caller.call(entered.home, ASSUME, wanted)
        return account.of_role(answer, partial(account.perform, ASSUME, entered.home, wanted))
