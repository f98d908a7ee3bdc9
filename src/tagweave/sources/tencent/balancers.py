"""Load balancers: CLB in both its kinds (classic, and "Forward" ones with rules), ALB, and gateway load balancers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from tagweave.model import Listener, LoadBalancer, Target
from tagweave.sources.clouds import Context, Join, Listing, each
from tagweave.sources.clouds.listing import Each, Raw, Request
from tagweave.sources.clouds.values import addresses, sorted_addresses, texts
from tagweave.sources.tencent import paging
from tagweave.sources.tencent.compute import MACHINE
from tagweave.sources.tencent.values import tags, when

SCHEMES: Final = {
    "OPEN": "internet",
    "INTERNAL": "internal",
    "Internet": "internet",
    "Public": "internet",
    "Intranet": "internal",
    "Internal": "internal",
}
"""CLB's and ALB's words for where a balancer is reached from."""

CLASSIC_NETWORK: Final = "0"
"""The id that stands for no VPC."""


def balancer(raw: Raw, context: Context) -> LoadBalancer:
    """Maps <https://cloud.tencent.com/document/api/214/30694#LoadBalancer>, whose listeners may have rules."""
    return _clb(raw, context, _forwarding(context, raw["LoadBalancerId"]))


def classic(raw: Raw, context: Context) -> LoadBalancer:
    """Maps the same, with <https://cloud.tencent.com/document/api/214/30694#ClassicalListener>.

    Every listener of a classic balancer sends to all of its targets.
    """
    native = raw["LoadBalancerId"]
    backends = context.get("targets", native)
    listeners = [
        _listener(
            one.get("Protocol"),
            one.get("ListenerPort"),
            (target for backend in backends for target in _targets({**backend, "Port": one.get("InstancePort")})),
        )
        for one in context.get("listeners", native)
    ]
    return _clb(raw, context, listeners)


def _clb(raw: Raw, context: Context, listeners: list[Listener]) -> LoadBalancer:
    """The addresses are those that it is reached by, and those that it reaches its targets from."""
    outgoing = raw.get("SnatIps") or ()
    resolved = [address for host in _hosts(raw) for address in context.addresses.get(host, ())]
    ips = (*_vips(raw), *resolved, *(one.get("Ip") for one in outgoing))
    vpc = raw.get("VpcId") or ""
    return LoadBalancer(
        id=raw["LoadBalancerId"],
        name=raw.get("LoadBalancerName") or raw["LoadBalancerId"],
        labels=tags(raw.get("Tags")),
        created_at=when(raw.get("CreateTime")),
        region=context.place.region,
        vpc="" if vpc == CLASSIC_NETWORK else vpc,
        subnets=texts(sorted({raw.get("SubnetId") or "", *(one.get("SubnetId") or "" for one in outgoing)})),
        scheme=SCHEMES.get(raw.get("LoadBalancerType") or "", ""),
        ips=sorted_addresses(ips),
        dns_name=_name(raw),
        listeners=_sorted(listeners),
    )


def _vips(raw: Raw) -> tuple[str, ...]:
    return texts((*(raw.get("LoadBalancerVips") or ()), raw.get("AddressIPv6")))


def _name(raw: Raw) -> str:
    return raw.get("LoadBalancerDomain") or raw.get("Domain") or ""


def _hosts(raw: Raw) -> Iterator[str]:
    """The name of a balancer whose addresses move, so that only its name is told."""
    if not _vips(raw):
        yield from texts((_name(raw),))


def _forwarding(context: Context, native: str) -> list[Listener]:
    """Maps <https://cloud.tencent.com/document/api/214/30694#Listener> and its ListenerBackend.

    Its targets are its own, those of all its rules, and those of the target groups that it or a rule names.
    """
    backends = {one.get("ListenerId"): one for one in context.get("targets", native)}
    out = []
    for one in context.get("listeners", native):
        backend = backends.get(one.get("ListenerId"), {})
        bound = [*(backend.get("Targets") or ())]
        for rule in backend.get("Rules") or ():
            bound += rule.get("Targets") or ()
        for group in _groups(one):
            bound += context.get("members", group)
        out.append(
            _listener(one.get("Protocol"), one.get("Port"), (found for target in bound for found in _targets(target)))
        )
    return out


def _groups(listener: Raw) -> Iterator[str]:
    for one in (listener, *(listener.get("Rules") or ())):
        for group in (one.get("TargetGroup"), *(one.get("TargetGroupList") or ())):
            if group and group.get("TargetGroupId"):
                yield group["TargetGroupId"]


def _targets(raw: Raw) -> Iterator[Target]:
    """Maps <https://cloud.tencent.com/document/api/214/30694#Backend>. Port 0 is the listener's own."""
    port = raw.get("Port") or None
    native = raw.get("InstanceId") or ""
    if native.startswith(MACHINE):
        yield Target(vm=native, port=port)
    else:
        for address in addresses(*(raw.get("PrivateIpAddresses") or raw.get("PublicIpAddresses") or ())):
            yield Target(ip=address, port=port)


def _listener(protocol: str | None, port: int | None, targets: Iterable[Target]) -> Listener:
    found = sorted(set(targets), key=lambda one: (one.vm, one.ip, one.port or 0))
    return Listener((protocol or "").upper(), port, tuple(found))


def _sorted(listeners: Iterable[Listener]) -> tuple[Listener, ...]:
    return tuple(sorted(listeners, key=lambda one: (one.port or 0, one.protocol)))


def application(raw: Raw, context: Context) -> LoadBalancer:
    """Maps ALB's LoadBalancer, <https://cloud.tencent.com/document/api/1822>; its detail has its addresses."""
    native = raw["LoadBalancerId"]
    zones = context.one("details", native).get("ZoneMappings") or ()
    stated = [
        address.get("Address")
        for zone in zones
        for family in ("IPv4Address", "IPv6Address")
        for address in (zone.get("LoadBalancerAddress") or {}).get(family) or ()
    ]
    listeners = [
        _listener(
            one.get("ListenerProtocol"),
            one.get("ListenerPort"),
            (
                found
                for rule in context.get("rules", one.get("ListenerId") or "")
                for group in _rule_groups(rule)
                for target in context.get("targets", group)
                for found in _members(target)
            ),
        )
        for one in context.get("listeners", native)
    ]
    return LoadBalancer(
        id=native,
        name=raw.get("LoadBalancerName") or native,
        labels=tags(raw.get("Tags")),
        created_at=when(raw.get("CreateTime")),
        region=context.place.region,
        vpc=raw.get("VpcId") or "",
        subnets=texts(sorted(zone.get("SubnetId") or "" for zone in zones)),
        scheme=SCHEMES.get(raw.get("AddressType") or "", ""),
        ips=sorted_addresses(stated),
        dns_name=raw.get("Domain") or "",
        listeners=_sorted(listeners),
    )


def _rule_groups(rule: Raw) -> Iterator[str]:
    """The target groups of ALB's RuleOutput."""
    for action in rule.get("Actions") or ():
        for group in (action.get("TargetGroupConfig") or {}).get("TargetGroups") or ():
            if group.get("TargetGroupId"):
                yield group["TargetGroupId"]


def _members(raw: Raw) -> Iterator[Target]:
    """Maps ALB's TargetOutput."""
    native, port = raw.get("TargetId") or "", raw.get("Port") or None
    if native.startswith(MACHINE):
        yield Target(vm=native, port=port)
    else:
        yield from (Target(ip=address, port=port) for address in addresses(raw.get("TargetIp")))


def gateway(raw: Raw, context: Context) -> LoadBalancer:
    """Maps <https://www.tencentcloud.com/document/product/1245/66073>. It has no listeners: it forwards all."""
    members = context.get("members", raw.get("TargetGroupId") or "")
    targets = [target for one in members for target in _targets(one)]
    return LoadBalancer(
        id=raw["LoadBalancerId"],
        name=raw.get("LoadBalancerName") or raw["LoadBalancerId"],
        labels=tags(raw.get("Tags")),
        created_at=when(raw.get("CreateTime")),
        region=context.place.region,
        vpc=raw.get("VpcId") or "",
        subnets=texts((raw.get("SubnetId"),)),
        scheme="internal",
        ips=sorted_addresses(raw.get("Vips") or ()),
        listeners=(_listener("GENEVE", None, targets),) if targets else (),
    )


AT_ONCE: Final = 20
"""How many target groups are asked for in one request."""


def _members_of(name: str, groups: Callable[[Raw], Iterable[str]]) -> Each:
    """The requests for the members of the target groups that the items of a join name."""

    def requests(items: Sequence[Raw]) -> Iterator[Request]:
        found = sorted({group for item in items for group in groups(item)})
        for start in range(0, len(found), AT_ONCE):
            some = found[start : start + AT_ONCE]
            yield Request("", {"Filters": [{"Name": "TargetGroupId", "Values": some}]})

    return Each(name, requests)


def _rules_of(listeners: Sequence[Raw]) -> Iterator[Request]:
    """The requests for the rules of ALB's listeners; `source` writes the balancer's id into each of them."""
    for one in listeners:
        if one.get("ListenerId"):
            named = {field: one.get(field) for field in ("LoadBalancerId", "ListenerId")}
            yield Request(one["ListenerId"], named)


def _targets_of(rules: Sequence[Raw]) -> Iterator[Request]:
    for group in sorted({group for rule in rules for group in _rule_groups(rule)}):
        yield Request(group, {"TargetGroupId": group})


_EACH: Final = each("", "LoadBalancerId", "LoadBalancerId")

LISTINGS: Final = (
    Listing(
        "load_balancer", "clb:DescribeLoadBalancers", "LoadBalancerSet", balancer, paging.OFFSET,
        params={"Forward": 1}, api="clb", hosts=_hosts,
        joins=(
            Join("listeners", "clb:DescribeListeners", "Listeners", paging.ALL, each=_EACH),
            Join("targets", "clb:DescribeTargets", "Listeners", each=_EACH),
            Join(
                "members", "clb:DescribeTargetGroupInstances", "TargetGroupInstanceSet", paging.SMALL,
                each=_members_of("listeners", _groups), by="TargetGroupId",
            ),
        ),
    ),
    Listing(
        "load_balancer", "clb:DescribeLoadBalancers", "LoadBalancerSet", classic, paging.OFFSET,
        params={"Forward": 0}, api="classic", hosts=_hosts,
        joins=(
            Join("listeners", "clb:DescribeClassicalLBListeners", "Listeners", each=_EACH),
            Join("targets", "clb:DescribeClassicalLBTargets", "Targets", each=_EACH),
        ),
    ),
    Listing(
        "load_balancer", "alb:DescribeLoadBalancers", "LoadBalancers", application, paging.ALB,
        api="alb",
        joins=(
            Join("details", "alb:DescribeLoadBalancerDetail", "LoadBalancerDetail", each=_EACH),
            Join("listeners", "alb:DescribeListeners", "Listeners", paging.ALB, each=_EACH),
            Join("rules", "alb:DescribeRules", "Rules", paging.ALB, each=Each("listeners", _rules_of)),
            Join(
                "targets", "alb:DescribeTargetGroupTargets", "Targets", paging.ALB, each=Each("rules", _targets_of)
            ),
        ),
    ),
    Listing(
        "load_balancer", "gwlb:DescribeGatewayLoadBalancers", "LoadBalancerSet", gateway, paging.OFFSET, api="gateway",
        joins=(
            Join(
                "members", "gwlb:DescribeTargetGroupInstances", "TargetGroupInstanceSet", paging.OFFSET,
                each=_members_of("", lambda raw: texts((raw.get("TargetGroupId"),))), by="TargetGroupId",
            ),
        ),
    ),
)  # fmt: skip
"""What is listed of load balancers."""
