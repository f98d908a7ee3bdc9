"""Tag names: what each of the three vocabularies calls the columns of a tagset, and how a value is read.

`k8s.pod.name` is the `name` of the resource in the column `pod`, in the vocabulary `otel`:

    >>> property_of("otel", "k8s.pod.name")
    Property(column='pod', field='name', workload_type='')

The tables follow TAGS.md. Labels are open families of names: `k8s.pod.label.<key>`.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from tagweave.errors import ConfigError

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


class Property(NamedTuple):
    """How a tag's value is read: a `field` of the resource in a `column` of the tagset.

    The column is one of a tagset, or one of these: `cloud` is the cloud resource that an end is or runs on,
    `auto_instance` and `auto_service` are the instance and the service that an end is; `container` is what a
    container's id was asked for, `account` who owns the resource, `match` the match itself, and `group` a
    custom group of tags, which `field` names.

    The field is `id`, `name`, `name_or_id`, `type`, `ip`, `started` or `label:<key>`; of an instance or service
    also `code`, DeepFlow's number of its type; of an account `provider` and `account`; of a match `rule`, `age`
    and `disputed`. `workload_type` restricts `workloads` to the nearest owner of that type.
    """

    column: str
    field: str
    workload_type: str = ""


class Family(NamedTuple):
    """An open family of names: the labels of the resources in a column, or of the nearest owner of a type."""

    column: str
    workload_type: str = ""


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


def _id_and_name(prefix: str, column: str) -> dict[str, Property]:
    return {f"{prefix}.id": Property(column, "id"), f"{prefix}.name": Property(column, "name")}


_CLOUD: Final[dict[str, Property]] = {
    "cloud.region": Property("region", "id"),
    "cloud.availability_zone": Property("az", "id"),
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

_COMMON: Final[dict[str, Property]] = {
    "cloud.provider": Property("account", "provider"),
    "cloud.account.id": Property("account", "account"),
    "tagweave.instance.type": Property("auto_instance", "type"),
    "tagweave.instance.id": Property("auto_instance", "id"),
    "tagweave.instance.name": Property("auto_instance", "name_or_id"),
    "tagweave.service.type": Property("auto_service", "type"),
    "tagweave.service.id": Property("auto_service", "id"),
    "tagweave.service.name": Property("auto_service", "name_or_id"),
    "tagweave.match": Property("match", "rule"),
    "tagweave.match.age": Property("match", "age"),
    "tagweave.match.disputed": Property("match", "disputed"),
}

_OTEL: Final[dict[str, Property]] = {
    **_CLOUD,
    "host.id": Property("vm", "id"),
    "host.name": Property("vm", "name"),
    "host.type": Property("vm", "type"),
    **_id_and_name("cloud.host", "host"),
    "k8s.cluster.name": Property("cluster", "name_or_id"),
    "k8s.cluster.uid": Property("cluster", "id"),
    "k8s.node.name": Property("node", "name"),
    "k8s.node.uid": Property("node", "id"),
    "k8s.namespace.name": Property("namespace", "name"),
    "k8s.workload.kind": Property("workload", "type"),
    "k8s.workload.name": Property("workload", "name"),
    **{f"k8s.{word}.name": Property("workloads", "name", t) for word, t in _WORKLOAD_WORDS.items()},
    **{f"k8s.{word}.uid": Property("workloads", "id", t) for word, t in _WORKLOAD_WORDS.items()},
    "k8s.replicaset.name": Property("replica_set", "name"),
    "k8s.replicaset.uid": Property("replica_set", "id"),
    "k8s.pod.name": Property("pod", "name"),
    "k8s.pod.uid": Property("pod", "id"),
    "k8s.pod.ip": Property("pod", "ip"),
    "k8s.pod.start_time": Property("pod", "started"),
    "k8s.container.name": Property("container", "name"),
    "container.id": Property("container", "id"),
    "k8s.service.name": Property("service", "name"),
    "k8s.service.uid": Property("service", "id"),
    "k8s.ingress.name": Property("ingress", "name"),
    "k8s.ingress.uid": Property("ingress", "id"),
    **_COMMON,
}

_DEEPFLOW: Final[dict[str, Property]] = {
    "region": Property("region", "name_or_id"),
    "az": Property("az", "name_or_id"),
    "chost": Property("vm", "name_or_id"),
    "host": Property("host", "name_or_id"),
    "vpc": Property("vpc", "name_or_id"),
    "subnet": Property("subnet", "name_or_id"),
    "router": Property("router", "name_or_id"),
    "natgw": Property("nat_gateway", "name_or_id"),
    "lb": Property("load_balancer", "name_or_id"),
    "rds": Property("rds", "name_or_id"),
    "redis": Property("redis", "name_or_id"),
    "pod_cluster": Property("cluster", "name_or_id"),
    "pod_node": Property("node", "name_or_id"),
    "pod_ns": Property("namespace", "name_or_id"),
    "pod_group": Property("workload", "name_or_id"),
    "pod_group_type": Property("workload", "type"),
    "pod": Property("pod", "name_or_id"),
    "pod_service": Property("service", "name_or_id"),
    "pod_ingress": Property("ingress", "name_or_id"),
    "auto_instance": Property("auto_instance", "name_or_id"),
    "auto_instance_type": Property("auto_instance", "code"),
    "auto_service": Property("auto_service", "name_or_id"),
    "auto_service_type": Property("auto_service", "code"),
}

_ECS: Final[dict[str, Property]] = {
    **_CLOUD,
    "cloud.instance.id": Property("vm", "id"),
    "cloud.instance.name": Property("vm", "name"),
    "cloud.machine.type": Property("vm", "type"),
    "orchestrator.cluster.name": Property("cluster", "name_or_id"),
    "orchestrator.cluster.id": Property("cluster", "id"),
    "kubernetes.node.name": Property("node", "name"),
    "kubernetes.node.uid": Property("node", "id"),
    "orchestrator.namespace": Property("namespace", "name"),
    "orchestrator.resource.parent.type": Property("workload", "type"),
    "orchestrator.resource.parent.name": Property("workload", "name"),
    "kubernetes.replicaset.name": Property("replica_set", "name"),
    "kubernetes.pod.name": Property("pod", "name"),
    "kubernetes.pod.uid": Property("pod", "id"),
    "container.id": Property("container", "id"),
    "container.name": Property("container", "name"),
    "orchestrator.resource.name": Property("service", "name"),
    **_COMMON,
}

_TABLES: Final[dict[str, dict[str, Property]]] = {"otel": _OTEL, "deepflow": _DEEPFLOW, "ecs": _ECS}

FAMILIES: Final[dict[str, Mapping[str, Family]]] = {
    "otel": {
        "k8s.pod.label.": Family("pod"),
        "k8s.namespace.label.": Family("namespace"),
        "k8s.node.label.": Family("node"),
        "k8s.service.label.": Family("service"),
        "k8s.workload.label.": Family("workload"),
        **{f"k8s.{word}.label.": Family("workloads", t) for word, t in _WORKLOAD_WORDS.items()},
        "k8s.replicaset.label.": Family("replica_set"),
        "k8s.ingress.label.": Family("ingress"),
        "cloud.tag.": Family("cloud"),
    },
    "deepflow": {"k8s.label.": Family("pod"), "cloud.tag.": Family("cloud")},
    "ecs": {"kubernetes.labels.": Family("pod"), "cloud.tag.": Family("cloud")},
}
"""Open families, by vocabulary: the names of labels and cloud tags start with these, the key follows."""

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
    "deepflow": tuple(_DEEPFLOW),
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


def property_of(names: str, tag: str) -> Property:
    """How a tag is read in a vocabulary. Raises ConfigError for a name that the vocabulary does not have."""
    found = _find(names, tag)
    if found is None:
        raise ConfigError(f"the vocabulary {names!r} has no tag {tag!r}{_nearest(tag, all_tags(names))}")
    return found


def _find(names: str, tag: str) -> Property | None:
    found = _TABLES[names].get(tag)
    if found is not None:
        return found
    for prefix, family in FAMILIES[names].items():
        if tag.startswith(prefix) and len(tag) > len(prefix):
            return Property(family.column, f"label:{tag.removeprefix(prefix)}", family.workload_type)
    if tag.startswith(GROUP_PREFIX):
        return Property("group", tag.removeprefix(GROUP_PREFIX))
    return None


def home_of(tag: str, first: str) -> str | None:
    """The vocabulary that has a tag, `first` before the others; None where none has it."""
    return next((names for names in (first, *VOCABULARIES) if _find(names, tag) is not None), None)


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
    return tuple(_TABLES[names])


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
