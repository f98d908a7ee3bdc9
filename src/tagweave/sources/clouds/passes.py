"""A pass over a source: its accounts, the regions of each, then every listing in all of them side by side.

What differs between clouds is `Accounts` (who we are, which other accounts there are, how one is entered) and a
`Table` (what is listed, which regions can be read).
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from tagweave.errors import Denied, SourceError
from tagweave.model import Batch, Defect, Failure, Scope, Snapshot
from tagweave.sources import Check
from tagweave.sources.clouds.calling import Caller, Politeness, Threads
from tagweave.sources.clouds.checking import probe
from tagweave.sources.clouds.listing import Listing, Place, Raw
from tagweave.sources.clouds.reading import BROKEN
from tagweave.sources.clouds.regions import chosen, exact, unmatched
from tagweave.sources.clouds.resolving import Resolver
from tagweave.sources.clouds.running import JOBS_FOR_A_CALL, Job, failed, perform, run


class Settings(Protocol):
    """What every cloud's `Config` has."""

    @property
    def name(self) -> str: ...  # noqa: D102 - as in any Config
    @property
    def regions(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def exclude_regions(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def resolve(self) -> bool: ...  # noqa: D102


class Entered(NamedTuple):
    """An account that can be read.

    `home` is the region that is asked for what has no region; `session` is the cloud's own.
    """

    place: Place
    caller: Caller
    home: str
    session: Any = None

    def of(self, account: str) -> "Entered":
        """The same, where it is the account that is expected (empty: any). Raises Denied."""
        if account and account != self.place.account:
            raise Denied(
                f"the credentials are of account {self.place.account}; expected {account}: "
                "choose the `profile` or `role_arn` of that account"
            )
        return self


class Accounts(Protocol):
    """How a cloud's accounts are found and entered: the part of a pass that it writes itself. All raise SourceError."""

    async def first(self, threads: Executor) -> Entered:
        """The account that the credentials lead to."""
        ...

    async def others(self, first: Entered) -> Sequence[str]:
        """The ids of the other accounts to read, in order; none where the configuration asks for one account."""
        ...

    async def enter(self, first: Entered, account: str, threads: Executor) -> Entered:
        """Another account."""
        ...


def everywhere(_listing: Listing, _entered: Entered, _region: str) -> bool:
    """Every service is offered in every region."""
    return True


class Table(NamedTuple):
    """What a cloud's pass reads.

    `regions` lists the regions of an account. `region_of` is the code of one of its items, `readable` whether the
    account can read that region. `grant` names the permission that a call needs. `find` and `enter` are the actions
    that list and enter other accounts. `offers` says whether a service is there at all in a region (`` for a listing
    without regions): one that is not has nothing to list.
    """

    listings: tuple[Listing, ...]
    regions: Listing
    region_of: Callable[[Raw], str]
    grant: Callable[[str], str]
    readable: Callable[[Raw], bool] = bool
    find: str = ""
    enter: str = ""
    offers: Callable[[Listing, Entered, str], bool] = everywhere


class Pass:
    """Reads or checks a source by its table: each cloud's `Source` is one. `page_size` None is each API's largest."""

    def __init__(
        self,
        settings: Settings,
        table: Table,
        accounts: Accounts,
        politeness: Politeness,
        resolver: Resolver,
        page_size: int | None = None,
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._table = table
        self._accounts = accounts
        self._politeness = politeness
        self._resolver = resolver if settings.resolve else None
        self._size = page_size

    def __repr__(self) -> str:
        return f"Source({self.name!r})"

    async def batches(self) -> AsyncIterator[Batch]:
        """Accounts and regions first, then everything in them."""
        threads = Threads(self._politeness.at_once, self.name)
        found: list[_Read] = []
        try:
            async for batch in self._find(threads, found):
                yield batch
            async for batch in run(self._jobs(found), JOBS_FOR_A_CALL * self._politeness.at_once):
                yield batch
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    async def _find(self, threads: Executor, found: "list[_Read]") -> AsyncIterator[Batch]:
        """The regions of every account. What can be read goes into `found`.

        The first account lists them all; of the others' regions only what it lacks is theirs. Where accounts or
        regions cannot be listed and the configuration names them one by one, those are read.
        """
        try:
            first = await self._accounts.first(threads)
        except SourceError as error:
            yield failed(Scope(self.name, "region"), "", error, _now())
            return
        try:
            others = await self._accounts.others(first)
        except SourceError as error:
            others = self._named(first)
            yield failed(Scope(self.name, "region", "accounts"), "other accounts", error, _now())
        known: frozenset[str] = frozenset()
        for account in ("", *others):
            scope = Scope(self.name, "region", account)
            try:
                entered = await self._accounts.enter(first, account, threads) if account else first
            except SourceError as error:
                yield failed(scope, "", error, _now())
                continue
            seen = await self._discover(entered)
            if isinstance(seen.batch, Failure):
                yield msgspec.structs.replace(seen.batch, scope=scope)
                if not seen.regions:
                    continue
            else:
                fresh = tuple(one for one in seen.batch.resources if one.id not in known)
                known |= {one.id for one in fresh}
                yield Snapshot(scope, fresh, seen.batch.observed_at)
            for defect in seen.defects:
                yield defect
            found.append(_Read(entered, seen.regions))

    def _named(self, first: Entered) -> list[str]:
        """The other accounts that the configuration itself names: read though no list of accounts is to be had."""
        named: Sequence[str] = getattr(self._settings, "accounts", ())
        return [one for one in dict.fromkeys(named) if one != first.place.account]

    async def _discover(self, entered: Entered) -> "_Seen":
        """Which regions an account has, and which of them are to be read."""
        include, exclude = self._settings.regions, self._settings.exclude_regions
        where = f"account {entered.place.account}"
        outcome = await perform(Job(self._table.regions, entered.place, entered.caller.within(entered.home), where))
        if isinstance(outcome.batch, Failure):
            return _Seen(outcome.batch, chosen(exact(include), include, exclude))
        every, readable = self._codes(outcome.items)
        unknown = unmatched(every, include)
        slips = [f"{one!r} matches no region; there are: {', '.join(readable)}" for one in unknown]
        closed = [one for one in unmatched(readable, include) if one not in unknown]
        slips += [f"{one!r} matches only regions that are not enabled for the account" for one in closed]
        defects = tuple(Defect(self.name, f"regions of {where}", slip) for slip in slips)
        return _Seen(outcome.batch, chosen(readable, include, exclude), (*outcome.defects, *defects))

    def _codes(self, items: Iterable[Raw]) -> tuple[list[str], list[str]]:
        """The codes of all regions, and of those that can be read. A broken item is the region listing's defect."""
        every: dict[str, bool] = {}
        for raw in items:
            with suppress(*BROKEN):
                every[self._table.region_of(raw)] = self._table.readable(raw)
        return list(every), sorted(region for region, readable in every.items() if readable)

    def _jobs(self, found: "list[_Read]") -> list[Job]:
        """Every listing of every place, place after place, so that what serves one place can be let go of."""
        listed = frozenset((one.entered.place.account, region) for one in found for region in ("", *one.regions))
        several = len(found) > 1
        seen: set[tuple[int, str]] = set()
        jobs = []
        for one in found:
            for region in ("", *one.regions):
                for number, listing in enumerate(self._table.listings):
                    shared = (number, region) if listing.shared else None
                    if not self._lists(listing, one.entered, region) or shared in seen:
                        continue
                    seen |= {shared} if shared else set()
                    jobs.append(self._job(listing, one.entered, region, listed, several))
        return jobs

    def _lists(self, listing: Listing, entered: Entered, region: str) -> bool:
        return (listing.scope == "region") == bool(region) and self._table.offers(listing, entered, region)

    def _job(
        self, listing: Listing, entered: Entered, region: str, listed: frozenset[tuple[str, str]], several: bool
    ) -> Job:
        where = f"{region or 'all regions'} of account {entered.place.account}" if several else region
        call = entered.caller.within(region or entered.home)
        return Job(listing, entered.place._replace(region=region), call, where, listed, self._resolver, self._size)

    # ---- check

    async def check(self) -> AsyncIterator[Check]:
        """Who we are, which regions there are, and each call once with its smallest page, in each account."""
        threads = Threads(self._politeness.at_once, self.name)
        table = self._table
        try:
            try:
                first = await self._accounts.first(threads)
            except SourceError as error:
                yield Check(self.name, "identity", "", "failed", str(error))
                return
            yield Check(self.name, "identity", "", "ok", f"account {first.place.account}")
            others: Sequence[str] = ()
            try:
                others = await self._accounts.others(first)
            except SourceError as error:
                others = self._named(first)
                yield Check(self.name, table.find, "", "failed", str(error), table.grant(table.find))
            for account in ("", *others):
                try:
                    entered = await self._accounts.enter(first, account, threads) if account else first
                except SourceError as error:
                    yield Check(self.name, table.enter, account, "failed", str(error), table.grant(table.enter))
                    continue
                async for row in self._check(entered):
                    yield row
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    async def _check(self, entered: Entered) -> AsyncIterator[Check]:
        account, table = entered.place.account, self._table
        seen = await self._discover(entered)
        if isinstance(seen.batch, Failure):
            yield Check(self.name, "regions", account, "failed", seen.batch.error, table.grant(table.regions.action))
        elif seen.defects or not seen.regions:
            detail = "; ".join(one.reason for one in seen.defects) or "no region is left to read"
            yield Check(self.name, "regions", account, "failed", detail)
        else:
            yield Check(self.name, "regions", account, "ok", ", ".join(seen.regions))
        near = entered.home if entered.home in seen.regions else next(iter(seen.regions), "")
        for scope, region in (("global", ""), ("region", near)):
            asked = region or entered.home
            rows = [one for one in table.listings if one.scope == scope and table.offers(one, entered, region)]
            if scope == "global" or region:
                async for row in probe(
                    rows, self.name, f"{account}/{asked}", entered.caller.within(asked), table.grant
                ):  # fmt: skip
                    yield row


class _Read(NamedTuple):
    """An account with the regions to read in it."""

    entered: Entered
    regions: list[str]


class _Seen(NamedTuple):
    """What was found of an account's regions."""

    batch: Snapshot | Failure
    regions: list[str]
    defects: tuple[Defect, ...] = ()


def _now() -> datetime:
    return datetime.now(UTC)
