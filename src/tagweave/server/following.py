"""Following: every source in a thread of its own, each batch into the inventory, each change into the index.

The index of the last known state serves at once; sources catch up behind it. A source that fails is begun again
after a while, longer each time; the others do not notice.
"""

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog

from tagweave import sources
from tagweave.config import Config, Configured
from tagweave.inventory import ChangeSet, Inventory
from tagweave.model import Batch, Change, Defect, Failure, Scope, Snapshot
from tagweave.model.times import to_ns
from tagweave.server.metrics import Metrics
from tagweave.tags import TagIndex

_AT_ONCE: Final = 2000
"""How many versions the index takes in at a time: look-ups wait for no more."""
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 300.0

log = structlog.get_logger("tagweave")


class Following:
    """Keeps an inventory and an index up to date from `start` to `stop`."""

    def __init__(self, config: Config, inventory: Inventory, metrics: Metrics) -> None:
        self.config = config
        self.inventory = inventory
        self.metrics = metrics
        self.index = TagIndex.build(inventory.versions(), config.settings.groups, config.accounts())
        self.read: set[str] = set()
        self._writing = threading.Lock()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._loops: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin to follow every source."""
        for one in self.config.sources:
            thread = threading.Thread(target=self._keep, args=(one,), name=f"source {one.config.name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, patience: float = 20.0) -> None:
        """Stop following; what was read is in the inventory. `patience` is in seconds."""
        self._stopped.set()
        for loop, task in list(self._loops.items()):
            loop.call_soon_threadsafe(task.cancel)
        until = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def ready(self) -> bool:
        """Whether every source was read once, or is known from before."""
        known = {state.scope.source for state in self.inventory.scopes() if state.last_success is not None}
        return {one.config.name for one in self.config.sources} <= known | self.read

    def _keep(self, one: Configured) -> None:
        wait = _FIRST_WAIT
        while not self._stopped.is_set():
            started = time.monotonic()
            try:
                asyncio.run(self._once(one))
            except asyncio.CancelledError:
                return
            except Exception:
                self.metrics.crashes.labels(one.config.name).inc()
                log.exception("a source stopped", source=one.config.name, again_in_seconds=round(wait))
                if time.monotonic() - started > _LONGEST_WAIT:
                    wait = _FIRST_WAIT
                self._stopped.wait(wait * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries, keeps no secret
                wait = min(wait * 2, _LONGEST_WAIT)
                continue
            self.read.add(one.config.name)
            wait = _FIRST_WAIT
            self._stopped.wait(self.config.settings.interval_seconds)

    async def _once(self, one: Configured) -> None:
        """One pass over a source, or all of its life where it can be followed."""
        source = sources.make(one.type, one.config)
        task = asyncio.current_task()
        assert task is not None
        self._loops[asyncio.get_running_loop()] = task
        try:
            async for batch in _batches(source):
                self._take(batch, one.config.name)
                if self._stopped.is_set():
                    return
        finally:
            del self._loops[asyncio.get_running_loop()]

    def _take(self, batch: Batch, source: str) -> None:
        if isinstance(batch, Defect):
            self.metrics.defects.labels(source).inc()
            log.warning("skipped", source=batch.source, where=batch.where, reason=batch.reason)
        if not isinstance(batch, Snapshot | Change | Failure):
            return
        with self._writing:
            changes = self.inventory.observe(batch)
            for part in _parts(changes):
                self.index = self.index.apply([part])
        self._tell(changes)

    def _tell(self, changes: ChangeSet) -> None:
        scope = (changes.scope.source, changes.scope.kind, changes.scope.part)
        self.metrics.batches.labels(*scope).inc()
        if changes.error:
            self.metrics.failures.labels(*scope).inc()
            log.warning("cannot be read", **_named(changes.scope), error=changes.error)
            return
        for what in ("added", "changed", "removed"):
            self.metrics.changes.labels(*scope, what).inc(getattr(changes, what))
        if changes.held:
            log.warning("held by the guard against mass deletion", **_named(changes.scope), resources=changes.held)
        self.metrics.to_index.labels(scope[0]).observe(max(0.0, (_now() - changes.observed_at) / 1e9))
        self.metrics.last_change.labels(*scope).set(changes.observed_at / 1e9)


def _batches(source: sources.Source) -> AsyncIterator[Batch]:
    """A source's life where it can be followed, else one pass."""
    return source.follow() if isinstance(source, sources.Followed) else source.batches()


def _parts(changes: ChangeSet) -> Iterator[ChangeSet]:
    """A ChangeSet in parts that hold all of a resource's versions each."""
    if len(changes.opened) + len(changes.closed) <= _AT_ONCE:
        yield changes
        return
    closed = {version.rid: version for version in changes.closed}
    both = [(closed.pop(version.rid, None), version) for version in changes.opened]
    pairs = [*both, *((version, None) for version in closed.values())]
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        yield msgspec.structs.replace(
            changes,
            opened=tuple(new for _, new in some if new is not None),
            closed=tuple(old for old, _ in some if old is not None),
        )


def _named(scope: Scope) -> dict[str, str]:
    return {"source": scope.source, "kind": scope.kind, "scope": scope.part}


def _now() -> int:
    return to_ns(datetime.now(UTC))
