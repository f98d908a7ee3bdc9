"""One connection to a cluster: what is to be watched there, and who reflects it."""

from collections.abc import Callable, Iterator
from typing import Final

from tagweave.model import Cluster, Defect, Scope, Snapshot
from tagweave.sources.kubernetes.client import Client
from tagweave.sources.kubernetes.clock import NOTEWORTHY, Clock
from tagweave.sources.kubernetes.config import Config
from tagweave.sources.kubernetes.custom import api_of
from tagweave.sources.kubernetes.discovery import Place, is_absent, place_of
from tagweave.sources.kubernetes.joined import Joined, Watch
from tagweave.sources.kubernetes.kinds import APIS, metadata_only, part_of
from tagweave.sources.kubernetes.reading import Reader
from tagweave.sources.kubernetes.reflector import Pace, Reflector, Target
from tagweave.sources.kubernetes.survey import Survey, survey

DOUBT: Final = "the API server does not tell whether it serves that"
_CLUSTER_WIDE: Final = frozenset({"namespaces", "nodes"})


class Session:
    """A cluster as it is configured; `begin` before anything else."""

    def __init__(self, config: Config, machine: Callable[[], float]) -> None:
        self.name = config.name
        self.config = config
        self.clock = Clock(machine)
        self.client = Client(config, self.clock)
        self.apis = (*APIS, *(api_of(custom) for custom in config.custom))
        self.found: Survey
        self.cluster = ""
        self.looks = 0
        """How often it was found out what there is."""
        self._defects: list[Defect] = []
        self._told: set[str] = set()

    async def begin(self) -> Joined:
        """Find out what there is. Raises SourceError."""
        await self.look()
        return Joined(self.name, self.cluster, self.watches())

    async def look(self) -> None:
        """Find out anew what the server is and serves. Raises SourceError."""
        self.found = await survey(self.client, self.apis)
        self.looks += 1
        self.cluster = self.cluster or self.found.cluster or self.name
        for text in self.found.untold:
            self._tell_once(self.name, text)
        if abs(self.clock.ahead) > NOTEWORTHY:
            text = f"the API server's clock is {self.clock.ahead:+.0f} s from this machine's"
            self._tell_once("clock", f"{text}: its objects and what happens to them are dated by the API server's")

    def snapshot(self) -> Snapshot:
        """The cluster itself."""
        config = self.config
        cluster = Cluster(
            source=self.name,
            id=self.cluster,
            name=self.name,
            version=self.found.version,
            cloud_source=config.cloud_source,
            vpc=config.vpc,
            region=config.region,
        )
        return Snapshot(Scope(self.name, "cluster"), (cluster,), self.clock.now())

    def watches(self) -> list[Watch]:
        """Everything that is to be watched, served or not."""
        out = []
        for api in self.apis:
            if not self.config.watched(part_of(api)).watch or self._is_second_best(api.object_kind):
                continue
            place = place_of(api, self.found.served)
            namespaced = place.namespaced if place else api.resource not in _CLUSTER_WIDE
            namespaces = self.config.namespaces if namespaced else ()
            out += [Watch(api, namespace) for namespace in namespaces or ("",)]
        return out

    def _is_second_best(self, kind: str) -> bool:
        """Endpoints are what a server has that has no EndpointSlices."""
        sliced = "endpointslices" in self.found.served.resources.get("discovery.k8s.io/v1", {}) or (
            "endpointslices" in self.found.served.resources.get("discovery.k8s.io/v1beta1", {})
        )
        return kind == ("Endpoints" if sliced else "EndpointSlice")

    def place(self, watch: Watch) -> Place | None:
        """Where what is watched is served; None where it is not."""
        return place_of(watch.api, self.found.served)

    def is_absent(self, watch: Watch) -> bool:
        """Whether the server tells for sure that it has no such resource."""
        return is_absent(watch.api, self.found.served)

    def reflector(self, watch: Watch, place: Place) -> tuple[Reflector, Reader]:
        """Who reflects what is watched, and who reads it."""
        chosen = self.config.watched(part_of(watch.api))
        selectors = (("labelSelector", chosen.labels), ("fieldSelector", chosen.fields))
        target = Target(
            place.path(watch.api.resource, watch.namespace),
            tuple((name, value) for name, value in selectors if value),
            metadata_only(watch.api),
        )
        reader = Reader(watch.api, self.name, self.cluster, self._tell)
        pace = Pace(self.config.watch_seconds, self.config.silence_seconds, self.config.page_size)
        return Reflector(self.client, self.clock, target, reader, pace, streams=self.found.streams), reader

    def defects(self) -> Iterator[Defect]:
        """What was found broken since they were last asked for."""
        found, self._defects = self._defects, []
        return iter(found)

    def _tell(self, where: str, reason: str) -> None:
        self._defects.append(Defect(self.name, where, reason))

    def _tell_once(self, where: str, reason: str) -> None:
        if reason not in self._told:
            self._told.add(reason)
            self._tell(where, reason)
