"""Discovery: which resources an API server serves, in which versions.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api: aggregated since v1.26, else one
answer for each group and version.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from tagweave.errors import SourceError, Transient
from tagweave.sources.kubernetes.client import JSON, Absent, Client
from tagweave.sources.kubernetes.kinds import Api

_AGGREGATED: Final = ",".join(
    [
        *(f"application/json;g=apidiscovery.k8s.io;v={v};as=APIGroupDiscoveryList" for v in ("v2", "v2beta1")),
        "application/json",
    ]
)


class Served(NamedTuple):
    """What is served: of each group and version its resources, and whether each is namespaced.

    `doubtful` are groups and versions of which the server could not tell.
    """

    resources: Mapping[str, Mapping[str, bool]]
    doubtful: frozenset[str] = frozenset()


class Place(NamedTuple):
    """Where an API's objects are: its group and version, and whether they are in namespaces."""

    version: str
    namespaced: bool

    def path(self, resource: str, namespace: str = "") -> str:
        """The path of a resource, of all namespaces or one."""
        prefix = "/apis" if "/" in self.version else "/api"
        within = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{prefix}/{self.version}{within}/{resource}"


def place_of(api: Api, served: Served) -> Place | None:
    """Where an API's objects are served, in the best version; None where they are not."""
    for version in api.versions:
        found = served.resources.get(version, {})
        if api.resource in found:
            return Place(version, found[api.resource])
    return None


def is_absent(api: Api, served: Served) -> bool:
    """Whether the server tells for sure that it has no such resource."""
    return place_of(api, served) is None and not any(version in served.doubtful for version in api.versions)


class _Named(msgspec.Struct, gc=False):
    name: str = ""


class _Resource(msgspec.Struct, gc=False):
    """Aggregated answers have `resource` and `scope`, the others `name` and `namespaced`."""

    resource: str = ""
    scope: str = ""
    name: str = ""
    namespaced: bool = False
    verbs: list[str] = []


class _Version(msgspec.Struct, gc=False):
    version: str = ""
    freshness: str = "Current"
    resources: list[_Resource] | None = None


class _Group(msgspec.Struct, gc=False):
    metadata: _Named = msgspec.field(default_factory=_Named)
    name: str = ""
    versions: list[_Version] | None = None


class _Answer(msgspec.Struct, gc=False):
    """APIGroupDiscoveryList (`items`), APIGroupList (`groups`) or APIResourceList (`resources`)."""

    kind: str = ""
    items: list[_Group] | None = None
    groups: list[_Group] | None = None
    resources: list[_Resource] | None = None


_answer = msgspec.json.Decoder(_Answer).decode


async def discover(client: Client, apis: Iterable[Api]) -> Served:
    """Which of some APIs are served. Raises SourceError where nothing can be told, also of a malformed answer."""
    core, groups = await asyncio.gather(_ask(client, "/api", _AGGREGATED), _ask(client, "/apis", _AGGREGATED))
    if core.kind == groups.kind == "APIGroupDiscoveryList":
        return aggregated([*(core.items or ()), *(groups.items or ())])
    there = {f"{group.name}/{v.version}" for group in groups.groups or () for v in group.versions or ()}
    wanted = {version for api in apis for version in api.versions}
    return await _one_by_one(client, sorted(v for v in wanted if v in there or "/" not in v))


def aggregated(groups: Iterable[_Group]) -> Served:
    """What an aggregated answer says."""
    resources: dict[str, dict[str, bool]] = {}
    doubtful = set()
    for group in groups:
        for one in group.versions or ():
            version = f"{group.metadata.name}/{one.version}" if group.metadata.name else one.version
            resources[version] = {r.resource: r.scope == "Namespaced" for r in one.resources or () if _watchable(r)}
            if one.freshness != "Current":
                doubtful.add(version)
    return Served(resources, frozenset(doubtful))


async def _one_by_one(client: Client, versions: list[str]) -> Served:
    found = await asyncio.gather(*(_resources(client, version) for version in versions))
    by_version = dict(zip(versions, found, strict=True))
    return Served(
        {version: resources for version, resources in by_version.items() if resources is not None},
        frozenset(version for version, resources in by_version.items() if resources is None),
    )


async def _resources(client: Client, version: str) -> dict[str, bool] | None:
    """The resources of a group and version; None where that cannot be told."""
    try:
        answer = await _ask(client, Place(version, namespaced=False).path("").rstrip("/"), JSON)
    except Absent:
        return {}
    except SourceError:
        return None
    return {r.name: r.namespaced for r in answer.resources or () if _watchable(r)}


async def _ask(client: Client, path: str, accept: str) -> _Answer:
    try:
        return _answer(await client.get(path, (), accept))
    except msgspec.DecodeError as error:
        raise Transient(f"cannot read what {path} says is served: {error}") from error


def _watchable(resource: _Resource) -> bool:
    return {"list", "watch"} <= {*resource.verbs}
