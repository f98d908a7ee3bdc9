"""What an API server tells of itself: which cluster it is, its version, and what it serves."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from tagweave.errors import Denied, Terminal
from tagweave.sources.kubernetes import objects
from tagweave.sources.kubernetes.client import Absent, Client
from tagweave.sources.kubernetes.discovery import Served, discover
from tagweave.sources.kubernetes.kinds import APIS, Api

_SYSTEM: Final = "/api/v1/namespaces/kube-system"
_STREAMING_SINCE: Final = (1, 27)
"""The Kubernetes that knows `sendInitialEvents`, first behind a gate: there it refuses, and pages are listed."""
_BUILT_IN: Final = frozenset({"", "apps", "batch", "discovery.k8s.io", "networking.k8s.io"})
"""The groups that every server has."""


class _Version(msgspec.Struct, rename="camel"):
    """version.Info."""

    git_version: str = ""
    major: str = ""
    minor: str = ""


class Survey(NamedTuple):
    """A cluster's id (empty where it cannot be told), its version, what it serves, and what could not be told."""

    cluster: str
    version: str
    streams: bool
    served: Served
    untold: tuple[str, ...] = ()


_version = msgspec.json.Decoder(_Version).decode
_namespace = msgspec.json.Decoder(objects.Namespace).decode


async def survey(client: Client, apis: Sequence[Api]) -> Survey:
    """Ask a server about itself. What is denied is `untold`. Raises SourceError for anything else."""
    untold = []
    try:
        cluster = _namespace(await client.get(_SYSTEM)).metadata.uid
    except (Denied, Absent) as error:
        cluster = ""
        untold.append(f"{error}; the cluster's id is the source's name")
    except msgspec.DecodeError as error:
        raise Terminal(f"cannot read {_SYSTEM}: {error}") from error
    try:
        version = _version(await client.get("/version"))
    except (Denied, Absent) as error:
        version = _Version()
        untold.append(f"{error}; the cluster's version is not known")
    except msgspec.DecodeError as error:
        raise Terminal(f"cannot read /version: {error}") from error
    try:
        served = await discover(client, apis)
    except Denied as error:
        served = _assumed(apis)
        untold.append(f"{error}; what every cluster serves is watched")
    streams = _numbers(version.major, version.minor) >= _STREAMING_SINCE
    return Survey(cluster, version.git_version, streams, served, tuple(untold))


def _assumed(apis: Iterable[Api]) -> Served:
    """What a server has that does not tell: the newest versions of the built-in groups, and perhaps others."""
    resources: dict[str, dict[str, bool]] = {}
    for api in APIS:
        version = api.versions[0]
        if version.rpartition("/")[0] in _BUILT_IN:
            resources.setdefault(version, {})[api.resource] = api.resource not in ("namespaces", "nodes")
    return Served(resources, frozenset(version for api in apis for version in api.versions) - resources.keys())


def _numbers(*texts: str) -> tuple[int, ...]:
    """The leading digits of each; clouds write minor versions such as `27+`."""
    return tuple(int(match[0]) for text in texts if (match := re.match(r"[0-9]+", text)))
