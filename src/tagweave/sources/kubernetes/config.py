"""The configuration of a `kubernetes` source."""

from difflib import get_close_matches

import msgspec

from tagweave.sources.kubernetes import kinds
from tagweave.sources.kubernetes.paths import parse_path


class Watched(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is watched of a kind of object."""

    watch: bool = True
    """Whether it is watched at all."""
    labels: str = ""
    """A label selector, as `kubectl get --selector` takes it. Default: all objects."""
    fields: str = ""
    """A field selector, as `kubectl get --field-selector` takes it. Default: all objects."""


class CustomKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A kind of custom resource, each object of which becomes a workload, or what stands between one and its pods.

    Paths are JSON paths that begin with `.metadata`, `.spec` or `.status`: `.spec.replicas`,
    `.status.addresses[*].ip`, `.metadata.labels['example.com/owner']`.
    """

    group: str
    """The API group, such as `argoproj.io`."""
    version: str
    """The version of the group, such as `v1alpha1`."""
    resource: str
    """The resource in the API's URL, such as `rollouts`."""
    kind: str
    """The kind of object, such as `Rollout`: the workload's type."""
    owner: str = ""
    """The path to the uid of the workload that owns it. Default: its controlling ownerReference."""
    replicas: str = ""
    """The path to how many pods it wants. Default: not known."""
    selector: str = ""
    """The path to the labels of its pods, as a plain map. Default: none."""
    addresses: tuple[str, ...] = ()
    """Paths to IP addresses that it answers on. An object with addresses also becomes a service of its name."""

    def __post_init__(self) -> None:
        """Raise ValueError for what is no path."""
        for path in (self.owner, self.replicas, self.selector, *self.addresses):
            if path:
                parse_path(path)


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A Kubernetes cluster, listed and watched through its API server.

    Credentials: a kubeconfig, the service account of the pod that Tagweave runs in, or a server with a token's file.
    """

    name: str
    """The source's name: unique, and part of the identity of everything it holds."""
    kubeconfig: str | None = None
    """A kubeconfig file. Default: in a pod its service account, elsewhere $KUBECONFIG or ~/.kube/config."""
    context: str | None = None
    """A context of the kubeconfig. Default: its current one."""
    server: str | None = None
    """The API server's URL. Default: as the kubeconfig or the pod's environment has it."""
    token_file: str | None = None
    """A file with a bearer token, read again when the token is refused. Default: the kubeconfig's credentials."""
    ca_file: str | None = None
    """A file with the certificates that the API server is verified by. Default: the kubeconfig's, or the system's."""
    namespaces: tuple[str, ...] = ()
    """The namespaces to watch, each by itself. Default: all of them, and what comes after."""
    kinds: dict[str, Watched] = {}
    """What is watched of some kinds of object, each named as `kubectl get` has it: `pods`, `deployments.apps`."""
    custom: tuple[CustomKind, ...] = ()
    """Kinds of custom resource that become workloads."""
    cloud_source: str = ""
    """The source of the cloud that the cluster runs in, which knows `vpc` and `region`. Default: what its nodes say."""
    vpc: str = ""
    """The id of the VPC that the cluster runs in. Default: that of its nodes."""
    region: str = ""
    """The region that the cluster runs in. Default: that of its nodes."""
    watch_seconds: float = 300
    """How long a watch is asked for, in seconds, times one to two by chance, so that watches do not end together."""
    silence_seconds: float = 90
    """How long a watch may say nothing before it is taken for dead, in seconds: a bookmark comes every 60 or so."""
    discovery_seconds: float = 60
    """How often it is looked whether what is not served is served by now, in seconds."""
    page_size: int = 500
    """How many objects a page of a listing holds, where the server cannot stream it."""

    def __post_init__(self) -> None:
        """Raise ValueError for kinds that are not known, and for times and sizes of nothing."""
        known = {*(kinds.part_of(api) for api in kinds.APIS), *(f"{c.resource}.{c.group}" for c in self.custom)}
        for name in self.kinds:
            if name not in known:
                close = get_close_matches(name, sorted(known), 1, 0.4)
                meant = f"; did you mean {close[0]!r}?" if close else ""
                raise ValueError(f"source {self.name!r}: there is no kind {name!r} to watch{meant}")
        if self.token_file is not None and self.server is None:
            raise ValueError(f"source {self.name!r}: `token_file` needs `server`")
        times = (self.watch_seconds, self.silence_seconds, self.discovery_seconds, self.page_size)
        if min(times) <= 0:
            raise ValueError(f"source {self.name!r}: times and sizes must be more than nothing")

    def watched(self, part: str) -> Watched:
        """What is watched of a kind, named as in `kinds`."""
        return self.kinds.get(part, Watched())
