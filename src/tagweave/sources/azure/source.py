"""The source: how subscriptions are found and entered. What is read in them is in `tables`."""

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Final

from tagweave.errors import Denied, SourceError
from tagweave.model import Resource
from tagweave.sources.azure.compute import REGIONS, is_region
from tagweave.sources.azure.config import Config
from tagweave.sources.azure.errors import explain
from tagweave.sources.azure.joins import PAGES
from tagweave.sources.azure.session import SUBSCRIPTIONS, Subscription, Tenant, bucket, grant
from tagweave.sources.azure.tables import LISTINGS
from tagweave.sources.clouds import (
    Caller,
    Context,
    Entered,
    Listing,
    Pass,
    Place,
    Politeness,
    Resolver,
    Table,
    chosen,
    resolve,
    unmatched,
)
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.paging import at
from tagweave.sources.clouds.reading import read


def _region_of(raw: Raw) -> str:
    return str(at(raw, "name") or "")


TABLE: Final = Table(
    listings=LISTINGS,
    regions=REGIONS,
    region_of=_region_of,
    grant=grant,
    readable=is_region,
    find=SUBSCRIPTIONS,
    enter=SUBSCRIPTIONS,
)


def only_in(config: Config, listing: Listing) -> Listing:
    """A listing without the items of regions that are left out: Azure lists a subscription's regions together."""

    def to_model(raw: Raw, context: Context) -> Resource | None:
        made = listing.to_model(raw, context)
        region = getattr(made, "region", "")
        return made if not region or chosen((region,), config.regions, config.exclude_regions) else None

    return listing._replace(to_model=to_model) if config.regions or config.exclude_regions else listing


ADVICE: Final = "grant the role of deploy/policies/azure.json, or Reader, on it or on its management group"


def wanted(config: Config, found: Sequence[Raw]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ids of the subscriptions to read, in order, and the patterns that match none.

    One that is disabled can be read; one that is deleted cannot.
    """
    include = (config.account,) if config.account else config.subscriptions
    there = [
        (str(at(one, "subscriptionId")).lower(), str(at(one, "subscriptionId")), str(at(one, "displayName") or ""))
        for one in found
        if at(one, "subscriptionId") and at(one, "state") != "Deleted"
    ]
    ids = sorted(
        names[0]
        for names in there
        if (not include or _any(names, include)) and not _any(names, config.exclude_subscriptions)
    )
    return tuple(ids), tuple(unmatched([name for names in there for name in names], include))


def _any(names: Sequence[str], patterns: Sequence[str]) -> bool:
    return len(unmatched(names, patterns)) < len(patterns)


class Source(Pass):
    """Reads Azure. See `Config`. `politeness`, `resolver` and `page_size` are for tests and tuning.

    ARM's lists take no page size, so that `page_size` says nothing to Azure.
    """

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
            burst=max(1, round(10 * config.calls_per_second)),
            at_once=config.at_once,
        )
        table = TABLE._replace(listings=tuple(only_in(config, listing) for listing in LISTINGS))
        super().__init__(config, table, _Subscriptions(config, polite), polite, resolver, page_size)


class _Subscriptions:
    """The subscriptions that the credentials can read, as far as the configuration wants them."""

    def __init__(self, config: Config, politeness: Politeness) -> None:
        self._config = config
        self._politeness = politeness

    async def first(self, threads: Executor) -> Entered:
        """The first of them. Raises SourceError, also where there is none: that is a role that lacks."""
        try:
            tenant = Tenant(self._config)
        except Exception as error:  # a file that is not there, a tenant's name that is none
            problem = explain(error, SUBSCRIPTIONS)
            raise problem.error(problem.text) from error
        caller = Caller(Subscription(tenant.base, tenant.get, "").perform, explain, self._politeness, threads, bucket)
        try:
            found = await read(caller.within(""), SUBSCRIPTIONS, {}, PAGES, "value")
        except SourceError as error:
            raise type(error)(f"cannot list the subscriptions: {error}") from error
        ids, slips = wanted(self._config, found)
        if not ids:
            raise Denied(f"the credentials can read no subscription {', '.join(slips)}".rstrip() + f"; {ADVICE}")
        session = Subscription(tenant.base, tenant.get, ids[0], (*ids[1:], *slips), slips)
        return self._entered(session, ids[0], threads)

    async def others(self, first: Entered) -> Sequence[str]:
        """The others, in order, and the patterns that match none: those cannot be entered."""
        session: Subscription = first.session
        return session.others

    async def enter(self, first: Entered, account: str, threads: Executor) -> Entered:
        """Another subscription. Raises Denied for a pattern that matches none."""
        session: Subscription = first.session
        if account in session.slips:
            raise Denied(f"the credentials can read no subscription {account}; {ADVICE}")
        return self._entered(session.other(account), account, threads)

    def _entered(self, session: Subscription, account: str, threads: Executor) -> Entered:
        place = Place(self._config.name, account, "", self._config.cloud)
        return Entered(place, Caller(session.perform, explain, self._politeness, threads, bucket), "", session)
