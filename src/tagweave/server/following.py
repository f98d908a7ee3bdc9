"""Following: every source in a thread of its own, each batch into the inventory; the index in a thread behind them.

The index of the last known state serves at once; sources catch up behind it. A source that fails is begun again
after a while, longer each time; the others do not notice. What the sources change is derived together, a few times a
second at most; where that fails it is begun again from the inventory, and look-ups see the last revision meanwhile.
"""

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import structlog

from tagweave import sources
from tagweave.config import Config, Configured
from tagweave.derive.writing import IndexWriter
from tagweave.errors import BrokenIndex
from tagweave.index.folder import Folder
from tagweave.index.opening import TagIndex
from tagweave.inventory import ChangeSet, Inventory, Life
from tagweave.model import Batch, Change, Defect, Failure, Progress, Pulse, Scope, Snapshot
from tagweave.model.times import to_ns
from tagweave.server.metrics import Metrics

_TOGETHER: Final = 0.05
"""For how long changes are gathered before they are derived, in seconds."""
_IDLE: Final = 1.0
"""How often the thread of the index looks whether it shall end, in seconds."""
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 300.0
_LATE_WAIT: Final = 10.0
"""How long until a scope is listed again of which something came late, in seconds."""
_RECORD_EVERY: Final = 1.0
"""How often it is written down how scopes fare, in seconds."""
_FORGET_EVERY: Final = 6 * 3600.0
"""How often versions beyond the retention are dropped, in seconds."""

log = structlog.get_logger("tagweave")


class Following:
    """Keeps an inventory and an index up to date from `start` to `stop`. The caller holds the folder's lock."""

    def __init__(self, config: Config, inventory: Inventory, folder: Folder, metrics: Metrics) -> None:
        self.config = config
        self.inventory = inventory
        self.metrics = metrics
        self._folder = folder
        self._writer = self._new_writer()
        self.index = self._last_known()
        known = inventory.scopes()
        self._tried = {state.scope.source for state in known if state.last_success is not None}
        self._lives = {state.scope: state.life for state in known}
        self._unrecorded: set[Scope] = set()
        self._recorded_at = time.monotonic()
        self._writing = threading.Lock()
        self._stopped = threading.Event()
        self._changed = threading.Event()
        self._forgot = threading.Event()
        self._unseen: list[Batch | ChangeSet] = []
        self._indexing = threading.Thread(target=self._keep_index, name="index", daemon=True)
        self._threads: list[threading.Thread] = []
        self._loops: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin to follow every source."""
        for one in self.config.sources:
            thread = threading.Thread(target=self._keep, args=(one,), name=f"source {one.config.name}", daemon=True)
            self._threads.append(thread)
        if self.config.settings.retention_days is not None:
            self._threads.append(threading.Thread(target=self._forget, name="retention", daemon=True))
        self._indexing.start()

    def stop(self, patience: float = 20.0) -> None:
        """Stop following; what was read is in the inventory. `patience` is in seconds."""
        self._stopped.set()
        for loop, task in list(self._loops.items()):
            with suppress(RuntimeError):  # its loop may have ended by itself
                loop.call_soon_threadsafe(task.cancel)
        until = time.monotonic() + patience
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))
        self._changed.set()
        if self._indexing.ident is not None:
            self._indexing.join(max(_IDLE, until - time.monotonic()))
        with self._writing:
            self._record()

    def ready(self) -> bool:
        """Whether every source was gone through once, or is known from before.

        One that cannot be read holds nobody up: its scopes say so.
        """
        return {one.config.name for one in self.config.sources} <= self._tried

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
            self._show(Progress(one.config.name, "gone through", 1, 1))
            wait = _FIRST_WAIT
            self._stopped.wait(self.config.settings.interval_seconds)

    async def _once(self, one: Configured) -> None:
        """One pass over a source, or all of its life where it can be followed."""
        source = sources.make(one.type, one.config)
        task = asyncio.current_task()
        assert task is not None
        self._loops[asyncio.get_running_loop()] = task
        reached: dict[Scope, str] = {}
        late: set[Scope] = set()
        try:
            async for batch in _batches(source):
                changes = self._take(batch, one.config.name)
                if changes is not None:
                    reached[changes.scope] = reached.get(changes.scope) or changes.error
                if changes is not None and isinstance(source, sources.Followed):
                    if changes.held:
                        source.again(changes.scope)
                    if changes.late and changes.scope not in late:
                        late.add(changes.scope)
                        asyncio.get_running_loop().call_later(_LATE_WAIT, self._again, source, changes.scope, late)
                if self._stopped.is_set():
                    return
        finally:
            del self._loops[asyncio.get_running_loop()]
        if sources.TYPES[one.type].whole and not isinstance(source, sources.Followed):
            with self._writing:
                left = self.inventory.unreached(one.config.name, reached)
            for changes in left:
                self._tell(changes)

    def _again(self, source: sources.Followed, scope: Scope, late: set[Scope]) -> None:
        """List a scope anew of which something came too late to be applied: a clock went back."""
        late.discard(scope)
        source.again(scope)

    def _take(self, batch: Batch, source: str) -> ChangeSet | None:
        """Take in a batch; what it changed, for one that may change something."""
        if isinstance(batch, Defect):
            self.metrics.defects.labels(source).inc()
            log.warning("skipped", source=batch.source, where=batch.where, reason=batch.reason)
        if isinstance(batch, Progress) and batch.done == batch.total:
            self._show(batch)
        if isinstance(batch, Pulse) and batch.event == "event":
            self._show(batch)
        elif isinstance(batch, Pulse | Failure):
            self._note(batch)
        if not isinstance(batch, Snapshot | Change | Failure):
            return None
        with self._writing:
            changes = self.inventory.observe(batch)
            self._writer.take(changes)
        self._show(changes)
        return changes

    def _show(self, what: "Batch | ChangeSet") -> None:
        """Have the index tell of something once look-ups see it."""
        with self._writing:
            self._unseen.append(what)
        self._changed.set()

    # ---- the index

    def _new_writer(self) -> IndexWriter:
        settings = self.config.settings
        return IndexWriter(self._folder, self.inventory, settings.groups, self.config.accounts())

    def _last_known(self) -> TagIndex:
        """The index as it was left, which serves at once; made anew where there is none that can be read."""
        try:
            return TagIndex.open(self._folder.path, self.config.settings.groups, self.config.accounts())
        except BrokenIndex as error:
            if self.inventory.revision():
                log.info("the tag index is made anew", why=str(error))
        self._writer.begin()
        return TagIndex.open(self._folder.path, self.config.settings.groups, self.config.accounts())

    def _keep_index(self) -> None:
        """Derive what changes, again and again; after a failure all is begun again from the inventory."""
        wait = _FIRST_WAIT
        while not self._stopped.is_set():
            try:
                self._writer.begin()  # the sources begin when it knows what was
                self.index.refresh()
                for thread in self._threads:
                    if thread.ident is None:
                        thread.start()
                while self._follow_changes():
                    wait = _FIRST_WAIT
            except Exception:
                self.metrics.index_crashes.inc()
                log.exception("the tag index stopped", again_in_seconds=round(wait))
                with self._writing:
                    self._writer = self._new_writer()
                self._stopped.wait(wait)
                wait = min(wait * 2, _LONGEST_WAIT)
        self._writer.close()

    def _follow_changes(self) -> bool:
        """Publish what has changed since, if anything; False once all is published and the service ends."""
        self._changed.wait(_IDLE)
        self._changed.clear()
        if not self._stopped.is_set():
            self._stopped.wait(_TOGETHER)
        with self._writing:
            seen = [*self._unseen]
        if self._forgot.is_set():
            self._forgot.clear()
            self._writer.rebuild()
        if self._writer.flush() or seen:
            self.index.refresh()
        for what in seen:
            if isinstance(what, ChangeSet):
                self._tell(what)
            elif isinstance(what, Pulse):
                self._note(what)
            elif isinstance(what, Progress):
                self._tried.add(what.source)
        with self._writing:
            del self._unseen[: len(seen)]
        return bool(seen) or not self._stopped.is_set()

    def _note(self, batch: Pulse | Failure) -> None:
        """Take in how a scope fares, and write it down once in a while."""
        scope = batch.scope
        with self._writing:
            before = self._lives.get(scope, Life())
            life = self._lives[scope] = lived(before, batch, _now())
            if life.lag_seconds is not None and isinstance(batch, Pulse) and batch.happened_at is not None:
                self.metrics.lag.labels(scope.source, scope.kind).observe(life.lag_seconds)
            self._unrecorded.add(scope)
            if time.monotonic() - self._recorded_at >= _RECORD_EVERY:
                self._record()

    def _record(self) -> None:
        if self._unrecorded:
            self.inventory.record({scope: self._lives[scope] for scope in self._unrecorded})
            self._unrecorded.clear()
        self._recorded_at = time.monotonic()

    def _forget(self) -> None:
        """Drop what ended before the retention, now and then."""
        days = self.config.settings.retention_days
        assert days is not None
        while not self._stopped.is_set():
            gone = self.inventory.forget(datetime.now(UTC) - timedelta(days=days))
            if gone:
                log.info("forgot versions beyond the retention", versions=gone, days=days)
                self._forgot.set()
                self._changed.set()
            self._stopped.wait(_FORGET_EVERY)

    def _tell(self, changes: ChangeSet) -> None:
        scope = (changes.scope.source, changes.scope.kind, changes.scope.part)
        self.metrics.batches.labels(*scope).inc()
        if changes.error:
            self.metrics.failures.labels(*scope).inc()
            log.warning("cannot be read", **_named(changes.scope), error=changes.error)
            return
        for what in ("added", "changed", "removed"):
            self.metrics.changes.labels(*scope, what).inc(getattr(changes, what))
        if changes.late:
            log.warning("older than what is known, so not applied: listed again soon", **_named(changes.scope))
        if changes.held:
            log.warning("held by the guard against mass deletion", **_named(changes.scope), resources=changes.held)
        self.metrics.to_index.labels(scope[0]).observe(max(0.0, (_now() - changes.observed_at) / 1e9))
        self.metrics.last_change.labels(*scope).set(changes.observed_at / 1e9)


def lived(before: Life, batch: Pulse | Failure, now: int) -> Life:
    """How a scope fares after a sign of life or a failure; `now`, in ns, is when look-ups see what it is of."""
    if isinstance(batch, Failure):
        return msgspec.structs.replace(before, failures=before.failures + 1)
    at = to_ns(batch.observed_at)
    match batch.event:
        case "listed":
            return msgspec.structs.replace(before, list_seconds=batch.seconds)
        case "bookmark":
            return msgspec.structs.replace(before, last_bookmark=at)
        case "restarted":
            return msgspec.structs.replace(before, restarts=before.restarts + 1)
        case "event":
            happened = batch.happened_at
            lag = before.lag_seconds if happened is None else max(0.0, (now - to_ns(happened)) / 1e9)
            return msgspec.structs.replace(before, last_event=at, lag_seconds=lag)


def _batches(source: sources.Source) -> AsyncIterator[Batch]:
    """A source's life where it can be followed, else one pass."""
    return source.follow() if isinstance(source, sources.Followed) else source.batches()


def _named(scope: Scope) -> dict[str, str]:
    return {"source": scope.source, "kind": scope.kind, "scope": scope.part}


def _now() -> int:
    return to_ns(datetime.now(UTC))
