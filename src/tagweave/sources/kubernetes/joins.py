"""What only several Kubernetes objects together tell: owners nobody listed, endpoints, the services of ingresses."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from tagweave import model
from tagweave.sources.kubernetes import objects
from tagweave.sources.kubernetes.translate import REPLICA_SETS, Context, controller


class Owner(NamedTuple):
    """An owner as the owned object names it. `template_hash` is a pod's, which ends its ReplicaSet's name."""

    kind: str
    name: str
    uid: str
    namespace: str
    template_hash: str


def owner_of(meta: objects.Meta) -> Owner | None:
    """The controlling owner that an object names."""
    found = controller(meta)
    if found is None or not found.uid:
        return None
    digest = (meta.labels or {}).get("pod-template-hash", "")
    return Owner(found.kind, found.name, found.uid, meta.namespace or "", digest)


def unlisted(
    owners: Iterable[Owner],
    listed: Collection[str],
    context: Context,
    deployments: Mapping[tuple[str, str], str] = MappingProxyType({}),
) -> tuple[list[model.Workload], list[model.ReplicaSet]]:
    """Owners that no listing showed, kept by their own kind and name.

    The ReplicaSet of a pod with a pod-template-hash is a Deployment's, by the Deployment controller's naming
    (`<deployment>-<hash>`): so the Deployment is known by its name. `deployments` are those that were listed, by
    (namespace, name); the uid of others is not known.
    """
    workloads: dict[str, model.Workload] = {}
    sets: dict[str, model.ReplicaSet] = {}
    for owner in owners:
        if owner.uid in listed or owner.uid in workloads or owner.uid in sets:
            continue
        if owner.kind not in REPLICA_SETS:
            workloads[owner.uid] = _workload(owner.uid, owner.name, owner.kind, owner.namespace, context)
            continue
        deployment = owner.name.removesuffix(f"-{owner.template_hash}") if owner.template_hash else owner.name
        by_name = deployment != owner.name
        known = deployments.get((owner.namespace, deployment), "") if by_name else ""
        top = known or (f"Deployment/{owner.namespace}/{deployment}" if by_name else owner.uid)
        kind = "Deployment" if by_name else owner.kind
        if not known:
            workloads.setdefault(top, _workload(top, deployment, kind, owner.namespace, context))
        sets[owner.uid] = model.ReplicaSet(
            source=context.source,
            id=owner.uid,
            name=owner.name,
            cluster=context.cluster,
            namespace=owner.namespace,
            workload=top,
            type=owner.kind,
        )
    return list(workloads.values()), list(sets.values())


def own_workload(replica_set: model.ReplicaSet) -> model.Workload | None:
    """A ReplicaSet that nothing controls is a workload itself."""
    if replica_set.workload != replica_set.id:
        return None
    return model.Workload(
        source=replica_set.source,
        id=replica_set.id,
        name=replica_set.name,
        labels=replica_set.labels,
        created_at=replica_set.created_at,
        cluster=replica_set.cluster,
        namespace=replica_set.namespace,
        type=replica_set.type,
    )


def with_endpoints(
    service: model.Service, found: Mapping[tuple[str, str], tuple[model.Endpoint, ...]]
) -> model.Service:
    """A service with the endpoints of its slices, by (namespace, name); untouched where none were seen."""
    endpoints = found.get((service.namespace, service.name))
    if endpoints is None:
        return service
    return msgspec.structs.replace(service, endpoints=tuple(sorted(set(endpoints), key=_place)))


def _place(endpoint: model.Endpoint) -> tuple[str, list[tuple[str, str, int]], str]:
    return endpoint.ip, [(p.name, p.protocol, p.port or 0) for p in endpoint.ports], endpoint.pod


def with_services(ingress: model.Ingress, ids: Mapping[tuple[str, str], str]) -> model.Ingress:
    """An ingress whose rules name services by id; as before where no such service was seen."""
    rules = []
    for rule in ingress.rules:
        namespace, _, name = rule.service.rpartition("/")
        found = ids.get((namespace or ingress.namespace, name), rule.service)
        rules.append(msgspec.structs.replace(rule, service=found))
    return msgspec.structs.replace(ingress, rules=tuple(rules))


def _workload(native: str, name: str, kind: str, namespace: str, context: Context) -> model.Workload:
    return model.Workload(
        source=context.source,
        id=native,
        name=name,
        cluster=context.cluster,
        namespace=namespace,
        type=kind,
    )
