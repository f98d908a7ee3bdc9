"""A cluster followed into an inventory and an index, and what the API server itself says is there."""

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tagweave.derive.writing import IndexWriter
from tagweave.index.folder import Folder
from tagweave.index.opening import TagIndex
from tagweave.inventory import Inventory, Version
from tagweave.model import Batch, Change, Cluster, Defect, Failure, Pulse, Resource, Snapshot
from tagweave.model.times import FOREVER
from tagweave.sources import files
from tagweave.sources.kubernetes import Config, Source

from .api import Api
from .waiting import wait_until

KINDS = ("node", "namespace", "workload", "replica_set", "pod", "service", "ingress")
LISTED = (
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/api/v1/pods",
    "/api/v1/services",
    "/api/v1/replicationcontrollers",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/statefulsets",
    "/apis/apps/v1/daemonsets",
    "/apis/apps/v1/replicasets",
    "/apis/batch/v1/jobs",
    "/apis/batch/v1/cronjobs",
    "/apis/discovery.k8s.io/v1/endpointslices",
    "/apis/networking.k8s.io/v1/ingresses",
)
"""What the source watches of a cluster without custom resources."""

Ids = dict[tuple[str, str], Resource]


class Live:
    """A source that is followed from `with` to its end, as `tagweave run` does it: inventory, then index.

    `seen` are all its batches.
    """

    def __init__(self, config: Config, folder: Path, machine: Callable[[], float] = time.time) -> None:
        self.name = config.name
        self.inventory = Inventory.open(f"sqlite:///{folder / 'inventory.db'}")
        place = Folder(folder / "index")
        place.path.mkdir(exist_ok=True)
        self._writer = IndexWriter(place, self.inventory, {}, {})
        self._writer.begin()
        self.index = TagIndex.open(place.path)
        self.seen: list[Batch] = []
        self._source = Source(config, machine)
        self._thread = threading.Thread(target=self._run)
        self._indexing = threading.Thread(target=self._keep_index)
        self._over = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._task: asyncio.Task[None]
        self._failed: BaseException | None = None
        self._started = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._indexing.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        self._over.set()
        self._indexing.join()
        self._writer.close()
        self.inventory.close()
        if self._failed is not None and error is None:
            raise self._failed

    def _run(self) -> None:
        try:
            asyncio.run(self._follow())
        except asyncio.CancelledError:
            return
        except BaseException as error:  # noqa: BLE001 - the test's own thread raises it
            self._failed = error

    async def _follow(self) -> None:
        self._loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self._task = task
        self._started.set()
        async for batch in self._source.follow():
            if isinstance(batch, Snapshot | Change | Failure):
                changes = self.inventory.observe(batch)
                assert not changes.late, batch
                self._writer.take(changes)
                if changes.held:
                    self._source.again(batch.scope)
            self.seen.append(batch)

    def _keep_index(self) -> None:
        try:
            while not self._over.wait(0.05):
                if self._writer.flush():
                    self.index.refresh()
        except BaseException as error:  # noqa: BLE001 - the test's own thread raises it
            self._failed = error

    def forget_seen(self) -> None:
        """Let go of the batches so far."""
        self.seen.clear()

    # ---- what there is

    def resources(self, kinds: Iterable[str] = KINDS) -> Ids:
        """What the inventory holds now, by kind and id."""
        return {
            (v.resource.kind, v.resource.id): v.resource
            for v in self.inventory.versions(kinds=list(kinds), source=self.name)
            if v.valid_to == FOREVER
        }

    def versions(self, kind: str, name: str | None = None, namespace: str | None = None) -> list[Version]:
        """The history of what has a name, in order of time."""
        found = [
            v
            for v in self.inventory.versions(kinds=[kind], source=self.name)
            if name in (None, v.resource.name) and namespace in (None, getattr(v.resource, "namespace", None))
        ]
        return sorted(found, key=lambda v: (v.valid_from, v.rid))

    def errors(self) -> dict[str, str]:
        """The error of each part that is stale."""
        return {state.scope.part: state.error for state in self.inventory.scopes() if state.error}

    def until(self, predicate: Callable[[], Any], what: str, timeout: float = 60) -> Any:
        """Wait until something is so; what broke the following is raised at once."""

        def so() -> Any:
            if self._failed is not None:
                raise self._failed
            return predicate()

        return wait_until(so, what, timeout, 0.1)

    def until_same(self, api: Api, timeout: float = 60) -> Ids:
        """Wait until the inventory is what the API server lists, by a dump that the files source reads."""
        differences: list[str] = []

        def same() -> bool:
            differences[:] = different(self.resources(), listing(api, self.name))
            return not differences

        try:
            self.until(same, "the inventory is what the API server lists", timeout)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n" + "\n".join(differences)) from None
        return self.resources()

    def of(self, kind: type[Any]) -> list[Any]:
        """The batches of one type."""
        return [batch for batch in list(self.seen) if isinstance(batch, kind)]

    def pulses(self, part: str, event: str) -> list[Pulse]:
        """The signs of life of a part."""
        return [pulse for pulse in self.of(Pulse) if pulse.scope.part == part and pulse.event == event]

    def defects(self) -> list[Defect]:
        """What was found broken."""
        return self.of(Defect)


def listing(api: Api, name: str, paths: Iterable[str] = LISTED) -> Ids:
    """What the API server lists, by way of `kubectl get -o json` and the files source."""
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(paths):
            (Path(folder) / f"{number}.json").write_text(json.dumps(api.get(path)))
        source = files.Source(files.Config(name=name, path=folder))

        async def read() -> list[Batch]:
            return [batch async for batch in source.batches()]

        batches = asyncio.run(read())
    assert not [batch for batch in batches if isinstance(batch, Failure | Defect)]
    snapshots = [batch for batch in batches if isinstance(batch, Snapshot)]
    return {(r.kind, r.id): r for s in snapshots for r in s.resources if not isinstance(r, Cluster)}


def different(found: Ids, expected: Ids) -> list[str]:
    """How two sets of resources differ, a line each."""
    out = [f"missing: {expected[key]}" for key in expected.keys() - found.keys()]
    out += [f"no longer there: {found[key]}" for key in found.keys() - expected.keys()]
    both = [key for key in found.keys() & expected.keys() if found[key] != expected[key]]
    return sorted([*out, *(f"found {found[key]}\n  not {expected[key]}" for key in both)])


def check_history(inventory: Inventory) -> None:
    """The law of all histories: versions of a resource follow one another, seen while they were true."""
    last: Version | None = None
    for version in inventory.versions():
        assert version.valid_from <= version.valid_to, version
        assert version.valid_from <= version.seen_until <= version.valid_to, version
        if last is not None and last.rid == version.rid:
            assert last.valid_to <= version.valid_from, (last, version)
        last = version
