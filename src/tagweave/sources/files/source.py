"""One pass over the dumps of a source: each moment becomes snapshots of the kinds that it shows."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import convert, structs

from tagweave.model import (
    STRUCTS,
    Batch,
    Cluster,
    Defect,
    Endpoint,
    Failure,
    Progress,
    Resource,
    Scope,
    Snapshot,
    Tally,
)
from tagweave.model import Ingress as IngressResource
from tagweave.model import ReplicaSet as ReplicaSetResource
from tagweave.model import Service as ServiceResource
from tagweave.model import Workload as WorkloadResource
from tagweave.model.collection import no_collection
from tagweave.sources.files.config import Config, Moment, moments
from tagweave.sources.files.content import walk
from tagweave.sources.files.documents import BROKEN, Document, Empty, documents
from tagweave.sources.files.own import resource
from tagweave.sources.kubernetes import joins, kinds, objects
from tagweave.sources.kubernetes.kinds import OWNERS_PART, Api
from tagweave.sources.kubernetes.translate import Context, native_id

_Held = tuple[tuple[str, str], tuple[Endpoint, ...]]
"""A service by (namespace, name), and endpoints of it."""

_SYSTEM_NAMESPACE: Final = "kube-system"


class Source:
    """Reads dumps. See `Config` for what they are."""

    def __init__(self, config: Config) -> None:
        self.name = config.name
        self._config = config

    async def batches(self) -> AsyncIterator[Batch]:
        """One pass over all moments, in order of time."""
        for batch in self.read(datetime.now(UTC)):
            yield batch

    def read(self, now: datetime) -> Iterator[Batch]:
        """The same without an event loop; `now` is the moment of what is seen now."""
        ordered = moments(self._config, now)
        found: dict[str, str] = {}
        for moment in ordered:
            try:
                found.update(_clusters(moment.path))
            except OSError as error:
                yield Failure(Scope(self.name, "cluster"), _unreadable(moment.path, error), now)
                return
        if len(found) > 1:
            where = "; ".join(f"{uid} in {place}" for uid, place in found.items())
            reason = f"{len(found)} clusters in one source (uids of kube-system: {where})"
            yield Failure(Scope(self.name, "cluster"), f"{reason}: configure a source for each", now)
            return
        cluster = next(iter(found), self.name)
        for moment in ordered:
            yield Progress(self.name, f"reading {moment.path}")
            with no_collection():
                batches = list(_Reading(self.name, cluster, moment).batches())
            yield from batches


def _unreadable(path: str, error: OSError) -> str:
    return f"cannot read {path}: {error.strerror or error}"


def _clusters(path: str) -> dict[str, str]:
    """The uids of the kube-system namespaces in a dump, and where they stand."""
    found: dict[str, str] = {}
    for content in walk(path):
        data = content.data
        if data.find(b"kube-system") < 0 or data.find(b"Namespace") < 0:
            continue
        for document in documents(content.name, data):
            if isinstance(document, Document) and document.kind == "Namespace" and document.value is not None:
                try:
                    obj = _decoded(document.value, kinds.APIS[0])
                except BROKEN:
                    continue  # the reading proper reports it
                if obj.metadata.name == _SYSTEM_NAMESPACE and obj.metadata.uid:
                    found.setdefault(obj.metadata.uid, document.where)
    return found


class _Reading:
    """One moment of a source."""

    def __init__(self, source: str, cluster: str, moment: Moment) -> None:
        self._source = source
        self._moment = moment
        self._context = Context(source, cluster, self._problem)
        self._where = ""
        self._defects: list[Defect] = []
        self._read: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()
        self._repeated: Counter[str] = Counter()
        self._refused: Counter[tuple[str, str]] = Counter()
        self._scopes: dict[Scope, dict[str, Resource]] = {}
        self._newest: dict[tuple[str, str, str], tuple[int, str]] = {}
        self._owners: dict[str, joins.Owner] = {}
        self._endpoints: defaultdict[str, dict[tuple[str, str], _Held]] = defaultdict(dict)
        self._versions: set[str] = set()
        self._by_api: dict[Api, dict[str, Resource]] = {}

    def batches(self) -> Iterator[Batch]:
        at = self._moment.at
        try:
            for content in walk(self._moment.path):
                if content.error:
                    self._defects.append(Defect(self._source, content.name, content.error))
                if content.data or not content.error:
                    for document in documents(content.name, content.data):
                        self._take(document)
        except OSError as error:
            yield Failure(Scope(self._source, "cluster"), _unreadable(self._moment.path, error), at)
            return
        self._join()
        yield from self._defects
        for (file, reason), count in self._refused.items():
            times = f" ({count} objects)" if count > 1 else ""
            yield Defect(self._source, f"{self._moment.path}: {file}", f"{reason}{times}")
        for kind, read in sorted(self._read.items()):
            yield Tally(self._source, kind, read, self._kept[kind], self._repeated[kind])
        for scope in sorted(self._scopes):
            yield Snapshot(scope, tuple(self._scopes[scope].values()), at)

    def _take(self, document: Document | Empty) -> None:
        if isinstance(document, Empty):
            api = kinds.find(document.version, document.kind)
            if api is not None and api.kind:
                self._held(api)
            return
        self._where = document.where
        if document.error:
            self._refused[document.file, document.error] += 1
            return
        assert document.value is not None
        self._read[document.kind] += 1
        try:
            if document.kind in STRUCTS:
                self._keep_own(document)
                return
            api = kinds.find(document.version, document.kind)
            if api is not None:
                self._keep(api, document, _decoded(document.value, api))
        except BROKEN as error:
            self._problem(f"broken {document.kind}: {error}")

    def _keep_own(self, document: Document) -> None:
        """Tagweave's own form: the model's objects, as `tagweave resources -o json` prints them."""
        made = structs.replace(resource(document.value, self._problem), source=self._source)
        held = self._scope(made.kind, "")
        counted = self._repeated if made.id in held else self._kept
        counted[document.kind] += 1
        held[made.id] = made

    def _keep(self, api: Api, document: Document, obj: Any) -> None:  # noqa: ANN401 - any of the table's structs
        meta: objects.Meta = obj.metadata
        if not obj.kind:
            obj.kind = document.kind
        if not native_id(meta):
            self._problem(f"the {document.kind} has neither uid nor name")
            return
        stated = meta.resource_version or ""
        version = int(stated) if stated.isdecimal() else 0
        named = (kinds.part_of(api), meta.namespace or "", meta.name)
        known = self._newest.get(named)
        if known is None:
            self._kept[document.kind] += 1
        else:
            self._repeated[document.kind] += 1
            if known[0] > version:
                return
            if api.kind:
                self._held(api).pop(known[1], None)
        made = api.translate(obj, self._context)
        if not api.kind:
            self._newest[named] = (version, "")
            self._keep_endpoints(api, meta, made)
            return
        self._newest[named] = (version, made.id)
        self._held(api)[made.id] = made
        for one in meta.owner_references or ():
            if one.uid not in self._owners:
                owner = joins.owner_of(meta)
                if owner is not None:
                    self._owners[owner.uid] = owner
        if isinstance(obj, objects.Node) and obj.status and obj.status.node_info:
            self._versions.add(obj.status.node_info.kubelet_version)

    def _keep_endpoints(self, api: Api, meta: objects.Meta, found: tuple[Endpoint, ...]) -> None:
        """By the name of what holds them: a newer one takes the place of an older."""
        labels = meta.labels or {}
        service = labels.get("kubernetes.io/service-name", "") if api.object_kind == "EndpointSlice" else meta.name
        if service:
            namespace = meta.namespace or ""
            self._endpoints[api.object_kind][namespace, meta.name] = ((namespace, service), found)

    def _endpoints_of_services(self) -> dict[tuple[str, str], tuple[Endpoint, ...]]:
        """By (namespace, name) of the service: those of its slices, else those of its Endpoints."""
        out: dict[tuple[str, str], tuple[Endpoint, ...]] = {}
        for service, found in self._endpoints["EndpointSlice"].values():
            out[service] = (*out.get(service, ()), *found)
        return {**dict(self._endpoints["Endpoints"].values()), **out}

    def _join(self) -> None:
        """What only the whole moment tells."""
        if not any(scope.part for scope in self._scopes):
            return
        found = self._endpoints_of_services()
        services = self._of("service")
        ids = {(s.namespace, s.name): s.id for s in services if isinstance(s, ServiceResource)}
        self._replace("service", lambda s: joins.with_endpoints(s, found) if isinstance(s, ServiceResource) else s)
        self._replace("ingress", lambda i: joins.with_services(i, ids) if isinstance(i, IngressResource) else i)
        listed = {r.id for kind in ("workload", "replica_set") for r in self._of(kind)}
        deployments = {
            (w.namespace, w.name): w.id
            for w in self._of("workload")
            if isinstance(w, WorkloadResource) and w.type == "Deployment"
        }
        workloads, sets = joins.unlisted(self._owners.values(), listed, self._context, deployments)
        own = [joins.own_workload(s) for s in self._of("replica_set") if isinstance(s, ReplicaSetResource)]
        if self._of("pod") or listed:
            self._scope("workload", OWNERS_PART).update((w.id, w) for w in (*workloads, *filter(None, own)))
            self._scope("replica_set", OWNERS_PART).update((s.id, s) for s in sets)
        version = next(iter(self._versions)) if len(self._versions) == 1 else ""
        cluster = Cluster(source=self._source, id=self._context.cluster, name=self._source, version=version)
        self._scope("cluster", "")[cluster.id] = cluster

    def _of(self, kind: str) -> list[Resource]:
        return [r for scope, held in self._scopes.items() if scope.kind == kind for r in held.values()]

    def _replace(self, kind: str, change: Callable[[Resource], Resource]) -> None:
        for scope, held in self._scopes.items():
            if scope.kind == kind:
                held.update((native, change(resource)) for native, resource in list(held.items()))

    def _held(self, api: Api) -> dict[str, Resource]:
        """What was kept of an API's objects."""
        found = self._by_api.get(api)
        if found is None:
            found = self._by_api[api] = self._scope(api.kind, kinds.part_of(api))
        return found

    def _scope(self, kind: str, part: str) -> dict[str, Resource]:
        return self._scopes.setdefault(Scope(self._source, kind, part), {})

    def _problem(self, text: str) -> None:
        self._defects.append(Defect(self._source, f"{self._moment.path}: {self._where}", text))


def _decoded(value: Any, api: Api) -> Any:  # noqa: ANN401 - any of the table's structs
    if isinstance(value, dict):
        return convert(value, api.struct, strict=False)
    return kinds.decoder(api).decode(value)
