"""Tag names: what each of the three vocabularies calls the columns of a tagset, and how a value is read.

A name leads to a `Reading`: a column of the tagset, and the property of the resource found there. The tables
follow TAGS.md; `labels` are open families of names (`k8s.pod.label.<key>`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from tagweave.errors import ConfigError
from tagweave.model import Pod, Resource
from tagweave.model.times import rfc3339, to_ns

VOCABULARIES: Final = ("otel", "deepflow", "ecs")

INSTANCE_TYPES: Final[dict[str, int]] = {
    "vm": 1,
    "router": 5,
    "host": 6,
    "pod": 10,
    "service": 11,
    "redis": 12,
    "rds": 13,
    "node": 14,
    "load_balancer": 15,
    "nat_gateway": 16,
    "cluster": 103,
}
"""DeepFlow's type codes of resource kinds (reference: auto_instance_type, auto_service_type)."""

WORKLOAD_TYPES: Final[dict[str, int]] = {  # of other types: WORKLOAD_TYPE
    "Deployment": 130,
    "StatefulSet": 131,
    "ReplicationController": 132,
    "DaemonSet": 133,
    "ReplicaSet": 134,
    "CloneSet": 135,
}
WORKLOAD_TYPE: Final = 101
CUSTOM_SERVICE: Final = 104
INTERNET_TYPE: Final = 0
IP_TYPE: Final = 255


class Reading(NamedTuple):
    """How a tag's value is read: `column` of the tagset, then `of` the resource in it.

    `workload_type` restricts `workloads` to the nearest owner of that type. The column `cloud` is the cloud resource
    that an end is or runs on.
    """

    column: str
    of: Callable[[Resource], str]
    workload_type: str = ""


def _id(resource: Resource) -> str:
    return resource.id


def _name(resource: Resource) -> str:
    return resource.name or resource.id


def _field(field: str) -> Callable[[Resource], str]:
    def read(resource: Resource) -> str:
        return str(getattr(resource, field, "") or "")

    return read


def _started(resource: Resource) -> str:
    started = resource.started_at if isinstance(resource, Pod) else None
    return (rfc3339(to_ns(started)) or "") if started else ""


def _first_ip(resource: Resource) -> str:
    return resource.ips[0] if isinstance(resource, Pod) and resource.ips else ""


def _label(key: str) -> Callable[[Resource], str]:
    def read(resource: Resource) -> str:
        return resource.labels.get(key, "")

    return read


_WORKLOAD_WORDS: Final = {  # those that OpenTelemetry names, and DeepFlow's
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "job": "Job",
    "cronjob": "CronJob",
    "replicationcontroller": "ReplicationController",
    "cafedeployment": "CafeDeployment",
    "cloneset": "CloneSet",
}


def _id_and_name(prefix: str, column: str) -> dict[str, Reading]:
    return {f"{prefix}.id": Reading(column, _id), f"{prefix}.name": Reading(column, _field("name"))}


_CLOUD: Final[dict[str, Reading]] = {
    "cloud.region": Reading("region", _id),
    "cloud.availability_zone": Reading("az", _id),
    **_id_and_name("cloud.vpc", "vpc"),
    **_id_and_name("cloud.subnet", "subnet"),
    **_id_and_name("cloud.router", "router"),
    **_id_and_name("cloud.security_group", "security_group"),
    **_id_and_name("cloud.nat_gateway", "nat_gateway"),
    **_id_and_name("cloud.load_balancer", "load_balancer"),
    **_id_and_name("cloud.peering_connection", "peering_connection"),
    **_id_and_name("cloud.cen", "cen"),
    **_id_and_name("cloud.rds", "rds"),
    **_id_and_name("cloud.redis", "redis"),
}

_OTEL: Final[dict[str, Reading]] = {
    **_CLOUD,
    "host.id": Reading("vm", _id),
    "host.name": Reading("vm", _field("name")),
    "host.type": Reading("vm", _field("instance_type")),
    **_id_and_name("cloud.host", "host"),
    "k8s.cluster.name": Reading("cluster", _name),
    "k8s.cluster.uid": Reading("cluster", _id),
    "k8s.node.name": Reading("node", _field("name")),
    "k8s.node.uid": Reading("node", _id),
    "k8s.namespace.name": Reading("namespace", _field("name")),
    "k8s.workload.kind": Reading("workload", _field("type")),
    "k8s.workload.name": Reading("workload", _field("name")),
    **{f"k8s.{word}.name": Reading("workloads", _field("name"), t) for word, t in _WORKLOAD_WORDS.items()},
    **{f"k8s.{word}.uid": Reading("workloads", _id, t) for word, t in _WORKLOAD_WORDS.items()},
    "k8s.replicaset.name": Reading("replica_set", _field("name")),
    "k8s.replicaset.uid": Reading("replica_set", _id),
    "k8s.pod.name": Reading("pod", _field("name")),
    "k8s.pod.uid": Reading("pod", _id),
    "k8s.pod.ip": Reading("pod", _first_ip),
    "k8s.pod.start_time": Reading("pod", _started),
    "k8s.container.name": Reading("container", _field("name")),
    "container.id": Reading("container", _id),
    "k8s.service.name": Reading("service", _field("name")),
    "k8s.service.uid": Reading("service", _id),
    "k8s.ingress.name": Reading("ingress", _field("name")),
    "k8s.ingress.uid": Reading("ingress", _id),
}

_DEEPFLOW: Final[dict[str, Reading]] = {
    "region": Reading("region", _name),
    "az": Reading("az", _name),
    "chost": Reading("vm", _name),
    "host": Reading("host", _name),
    "vpc": Reading("vpc", _name),
    "subnet": Reading("subnet", _name),
    "router": Reading("router", _name),
    "natgw": Reading("nat_gateway", _name),
    "lb": Reading("load_balancer", _name),
    "rds": Reading("rds", _name),
    "redis": Reading("redis", _name),
    "pod_cluster": Reading("cluster", _name),
    "pod_node": Reading("node", _name),
    "pod_ns": Reading("namespace", _name),
    "pod_group": Reading("workload", _name),
    "pod_group_type": Reading("workload", _field("type")),
    "pod": Reading("pod", _name),
    "pod_service": Reading("service", _name),
    "pod_ingress": Reading("ingress", _name),
}

_ECS: Final[dict[str, Reading]] = {
    **_CLOUD,
    "cloud.instance.id": Reading("vm", _id),
    "cloud.instance.name": Reading("vm", _field("name")),
    "cloud.machine.type": Reading("vm", _field("instance_type")),
    "orchestrator.cluster.name": Reading("cluster", _name),
    "orchestrator.cluster.id": Reading("cluster", _id),
    "kubernetes.node.name": Reading("node", _field("name")),
    "kubernetes.node.uid": Reading("node", _id),
    "orchestrator.namespace": Reading("namespace", _field("name")),
    "orchestrator.resource.parent.type": Reading("workload", _field("type")),
    "orchestrator.resource.parent.name": Reading("workload", _field("name")),
    "kubernetes.replicaset.name": Reading("replica_set", _field("name")),
    "kubernetes.pod.name": Reading("pod", _field("name")),
    "kubernetes.pod.uid": Reading("pod", _id),
    "container.id": Reading("container", _id),
    "container.name": Reading("container", _field("name")),
    "orchestrator.resource.name": Reading("service", _field("name")),
}

_FAMILIES: Final[dict[str, Mapping[str, str]]] = {
    "otel": {
        "k8s.pod.label.": "pod",
        "k8s.namespace.label.": "namespace",
        "k8s.node.label.": "node",
        "k8s.service.label.": "service",
        "k8s.workload.label.": "workload",
        **{f"k8s.{word}.label.": "workloads" for word in _WORKLOAD_WORDS},
        "k8s.replicaset.label.": "replica_set",
        "k8s.ingress.label.": "ingress",
        "cloud.tag.": "cloud",
    },
    "deepflow": {"k8s.label.": "pod", "cloud.tag.": "cloud"},
    "ecs": {"kubernetes.labels.": "pod", "cloud.tag.": "cloud"},
}
"""Open families: the names of labels and cloud tags start with these, the key follows."""

_TABLES: Final[dict[str, dict[str, Reading]]] = {"otel": _OTEL, "deepflow": _DEEPFLOW, "ecs": _ECS}

_COMMON_SPECIAL: Final = (
    "cloud.provider",
    "cloud.account.id",
    "tagweave.instance.type",
    "tagweave.instance.id",
    "tagweave.instance.name",
    "tagweave.service.type",
    "tagweave.service.id",
    "tagweave.service.name",
    "tagweave.match",
    "tagweave.match.age",
    "tagweave.match.disputed",
)
SPECIAL: Final[dict[str, tuple[str, ...]]] = {
    "otel": _COMMON_SPECIAL,
    "ecs": _COMMON_SPECIAL,
    "deepflow": ("auto_instance", "auto_instance_type", "auto_service", "auto_service_type"),
}
"""Tags that no single resource answers."""

_SERVICE_PREFIX: Final = "tagweave.service."
GROUP_PREFIX: Final = "tagweave.group."
"""A custom group's tag is this and its name."""

DEFAULTS: Final[dict[str, tuple[str, ...]]] = {
    "otel": (
        "cloud.region",
        "cloud.availability_zone",
        "cloud.vpc.id",
        "cloud.subnet.id",
        "host.id",
        "host.name",
        "k8s.cluster.name",
        "k8s.node.name",
        "k8s.namespace.name",
        "k8s.workload.kind",
        "k8s.workload.name",
        "k8s.pod.name",
        "k8s.service.name",
        "tagweave.instance.type",
        "tagweave.instance.name",
        "tagweave.service.type",
        "tagweave.service.name",
        "tagweave.match",
    ),
    "deepflow": (*_DEEPFLOW, *SPECIAL["deepflow"]),
    "ecs": (
        "cloud.region",
        "cloud.availability_zone",
        "cloud.vpc.id",
        "cloud.subnet.id",
        "cloud.instance.id",
        "cloud.instance.name",
        "orchestrator.cluster.name",
        "kubernetes.node.name",
        "orchestrator.namespace",
        "orchestrator.resource.parent.type",
        "orchestrator.resource.parent.name",
        "kubernetes.pod.name",
        "orchestrator.resource.name",
        "tagweave.instance.type",
        "tagweave.instance.name",
        "tagweave.service.type",
        "tagweave.service.name",
        "tagweave.match",
    ),
}
"""The tags that columns get when nobody chose any."""


def check_vocabulary(names: str) -> None:
    """Raise ConfigError unless `names` is a vocabulary."""
    if names not in VOCABULARIES:
        raise ConfigError(f"there is no vocabulary {names!r}: choose one of {', '.join(VOCABULARIES)}")


def reading(names: str, tag: str) -> Reading | None:
    """How a tag is read in a vocabulary; None for a special one.

    Raises ConfigError for a name that the vocabulary does not have.
    """
    found = _TABLES[names].get(tag)
    if found is not None:
        return found
    for prefix, column in _FAMILIES[names].items():
        if tag.startswith(prefix) and len(tag) > len(prefix):
            word = _WORKLOAD_WORDS.get(prefix.split(".")[1], "") if column == "workloads" else ""
            return Reading(column, _label(tag.removeprefix(prefix)), word)
    if tag in SPECIAL[names] or tag.startswith(GROUP_PREFIX):
        return None
    raise ConfigError(f"the vocabulary {names!r} has no tag {tag!r}{_nearest(tag, all_tags(names))}")


def home_of(tag: str, first: str) -> str | None:
    """The vocabulary that has a tag, `first` before the others; None where none has it."""
    for names in (first, *VOCABULARIES):
        try:
            reading(names, tag)
        except ConfigError:
            continue
        return names
    return None


def refusal(tag: str) -> str:
    """Why a tag cannot be one of a group; empty where it can."""
    if tag.startswith((GROUP_PREFIX, _SERVICE_PREFIX)) or tag.removesuffix("_type") == "auto_service":
        return f"{tag!r} may itself be read from a group"
    if home_of(tag, VOCABULARIES[0]) is None:
        every = [one for names in VOCABULARIES for one in all_tags(names)]
        return f"no vocabulary has a tag {tag!r}{_nearest(tag, every)}"
    return ""


def all_tags(names: str) -> tuple[str, ...]:
    """Every closed name of a vocabulary, in its table's order."""
    return (*_TABLES[names], *SPECIAL[names])


def label_columns(names: str) -> tuple[str, ...]:
    """The columns whose resources' labels are tags of a vocabulary."""
    return tuple(dict.fromkeys(_FAMILIES[names].values()))


def label_tags(names: str, column: str, resource: Resource) -> Iterator[str]:
    """The tags that the labels of a resource in a column may be."""
    for prefix, of in _FAMILIES[names].items():
        if of == column:
            yield from (f"{prefix}{key}" for key in resource.labels)


def sided(names: str, tag: str, side: str) -> str:
    """A tag's column name for an end: `source.x`, or `x_0` and `x_1` in DeepFlow's vocabulary."""
    if not side:
        return tag
    if names == "deepflow":
        return f"{tag}_{0 if side == 'source' else 1}"
    return f"{side}.{tag}"


def _nearest(tag: str, known: Sequence[str]) -> str:
    import difflib  # noqa: PLC0415 - only a wrong name needs it

    close = difflib.get_close_matches(tag, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""
