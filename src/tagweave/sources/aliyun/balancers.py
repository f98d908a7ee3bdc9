"""Load balancers: classic (CLB, once SLB), application (ALB), network (NLB) and gateway (GWLB) ones."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from tagweave.model import Listener, LoadBalancer, Target
from tagweave.sources.aliyun import paging
from tagweave.sources.aliyun.tags import items, tags, time
from tagweave.sources.clouds import Context, Join, Listing, each
from tagweave.sources.clouds.listing import Each, Fetched, Raw, Request
from tagweave.sources.clouds.paging import at
from tagweave.sources.clouds.values import sorted_addresses

SCHEMES: Final = {"internet": "internet", "intranet": "internal"}
"""Aliyun's words for who reaches a balancer, in lower case, and ours."""


def _target(raw: Raw, port: int | None) -> Target | None:
    """A machine by its id; an interface, a container or any other address by that. A function is neither."""
    kind = (raw.get("Type") or raw.get("ServerType") or "ecs").lower()
    server, address = raw.get("ServerId") or "", raw.get("ServerIp") or ""
    if kind == "ecs" and server:
        return Target(vm=server, port=port)
    if kind == "ip":
        address = address or server
    return Target(ip=sorted_addresses((address,))[0], port=port) if address else None


def _targets(found: Iterable[Target | None]) -> tuple[Target, ...]:
    return tuple(sorted({one for one in found if one}, key=lambda one: (one.vm, one.ip, one.port or 0)))


def _port(value: int | str | None) -> int | None:
    """A port; 0 and nothing are every port."""
    return int(value or 0) or None


def _in_order(listeners: Iterable[Listener]) -> tuple[Listener, ...]:
    return tuple(sorted(listeners, key=lambda one: (one.port or 0, one.protocol)))


# ---- classic


def classic(raw: Raw, context: Context) -> LoadBalancer:
    """Maps <https://api.alibabacloud.com/api/Slb/2014-05-15/DescribeLoadBalancers>."""
    native = raw["LoadBalancerId"]
    return LoadBalancer(
        id=native,
        name=raw.get("LoadBalancerName") or native,
        labels=tags(raw),
        created_at=time(raw.get("CreateTime")),
        region=context.place.region,
        vpc=raw.get("VpcId") or "",
        subnets=tuple(filter(None, (raw.get("VSwitchId"),))),
        scheme=SCHEMES.get(raw.get("AddressType", ""), ""),
        ips=sorted_addresses((raw.get("Address"),)),
        listeners=_in_order(_classic_listener(one, context) for one in context.get("listeners", native)),
    )


def _classic_listener(raw: Raw, context: Context) -> Listener:
    """Maps <https://api.alibabacloud.com/api/Slb/2014-05-15/DescribeLoadBalancerListeners>.

    Its targets are those of its server group, or of the balancer itself where it has none, and of all its rules.
    """
    groups = [raw.get("VServerGroupId"), *(one.get("VServerGroupId") for one in context.get("rules", _key(raw)))]
    found = [_target(one, _port(one.get("Port"))) for group in groups for one in context.get("servers", group or "")]
    found += [_target(one, _port(one.get("Port"))) for one in context.get("pairs", _pair(raw))]
    if _default(raw):
        behind = _port(raw.get("BackendServerPort"))
        found += [_target(one, behind) for one in context.get("backends", raw["LoadBalancerId"])]
    return Listener(raw.get("ListenerProtocol", "").upper(), _port(raw["ListenerPort"]), _targets(found))


_LISTENER: Final = ("LoadBalancerId", "ListenerProtocol", "ListenerPort")


def _key(listener: Raw) -> str:
    """What a listener is known by: a balancer may listen on one port with two protocols."""
    return "/".join(str(at(listener, name)) for name in _LISTENER)


def _pair(listener: Raw) -> str:
    """The group of a primary and a secondary server behind a TCP or UDP listener."""
    named = (at(listener, f"{kind}ListenerConfig.MasterSlaveServerGroupId") for kind in ("TCP", "UDP"))
    return next(filter(None, named), "")


def _default(listener: Raw) -> bool:
    """Whether a listener sends to the servers of its balancer: those without a group that do not redirect."""
    redirects = at(listener, "HTTPListenerConfig.ListenerForward") == "on"
    return not (at(listener, "VServerGroupId") or _pair(listener) or redirects)


def _ruled(listeners: Sequence[Raw]) -> Iterator[Request]:
    """One request for each listener that may have forwarding rules."""
    for one in listeners:
        if str(at(one, "ListenerProtocol")).lower() in {"http", "https"}:
            yield Request(_key(one), {name: one[name] for name in _LISTENER})


def _once(values: Iterable[Any], param: str) -> Iterator[Request]:
    for value in dict.fromkeys(value for value in values if value):
        yield Request(value, {param: value})


def _classic_groups(fetched: Fetched) -> Iterator[Request]:
    """One request for each server group that a listener or a rule names."""
    named = (at(one, "VServerGroupId") for name in ("listeners", "rules") for one in fetched[name])
    return _once(named, "VServerGroupId")


def _pairs(listeners: Sequence[Raw]) -> Iterator[Request]:
    return _once(map(_pair, listeners), "MasterSlaveServerGroupId")


def _backends(listeners: Sequence[Raw]) -> Iterator[Request]:
    """One request for each balancer whose own servers a listener sends to."""
    return _once((at(one, "LoadBalancerId") for one in listeners if _default(one)), "LoadBalancerId")


# ---- those of later APIs


def application(raw: Raw, context: Context) -> LoadBalancer:
    """Maps <https://api.alibabacloud.com/api/Alb/2020-06-16/ListLoadBalancers>, with zones from its attributes.

    Its local addresses are those by which it speaks to its servers.
    """
    zones = context.get("zones", raw["LoadBalancerId"])
    return _balancer(raw, zones, ("Address", "IntranetAddress", "Ipv6Address"), _application_listener, context)


def network(raw: Raw, context: Context) -> LoadBalancer:
    """Maps <https://api.alibabacloud.com/api/Nlb/2022-04-30/ListLoadBalancers>."""
    fields = ("PrivateIPv4Address", "PublicIPv4Address", "Ipv6Address")
    return _balancer(raw, items(raw.get("ZoneMappings")), fields, _group_listener, context)


def gateway(raw: Raw, context: Context) -> LoadBalancer:
    """Maps <https://api.alibabacloud.com/api/Gwlb/2024-04-15/ListLoadBalancers>. It is reached within its VPC only."""
    zones = items(raw.get("ZoneMappings"))
    return _balancer({"AddressType": "intranet", **raw}, zones, ("PrivateIpv4Address",), _group_listener, context)


def _balancer(
    raw: Raw,
    zones: Sequence[Raw],
    fields: Sequence[str],
    listener: Callable[[Raw, Context], Listener],
    context: Context,
) -> LoadBalancer:
    native = raw["LoadBalancerId"]
    given = [address for zone in zones for address in items(zone.get("LoadBalancerAddresses"))]
    ips = [one.get(field) for one in given for field in fields]
    ips += [
        ip for one in given for field in ("Ipv4LocalAddresses", "Ipv6LocalAddresses") for ip in items(one.get(field))
    ]
    return LoadBalancer(
        id=native,
        name=raw.get("LoadBalancerName") or native,
        labels=tags(raw),
        created_at=time(raw.get("CreateTime")),
        region=context.place.region,
        vpc=raw.get("VpcId") or "",
        subnets=tuple(sorted({one["VSwitchId"] for one in zones if one.get("VSwitchId")})),
        scheme=SCHEMES.get(raw.get("AddressType", "").lower(), ""),
        ips=sorted_addresses(ip.partition("/")[0] for ip in ips if ip),
        dns_name=raw.get("DNSName") or "",
        listeners=_in_order(listener(one, context) for one in context.get("listeners", native)),
    )


def _application_listener(raw: Raw, context: Context) -> Listener:
    """Maps <https://api.alibabacloud.com/api/Alb/2020-06-16/ListListeners>.

    Its targets are those of its default action and of all its rules, however they are weighted.
    """
    forwards = [raw, *context.get("rules", raw["ListenerId"])]
    groups = dict.fromkeys(group for one in forwards for group in _forwarded(one))
    return Listener(raw.get("ListenerProtocol", "").upper(), _port(raw.get("ListenerPort")), _of(groups, context))


def _forwarded(raw: Raw) -> Iterator[str]:
    """The server groups to which a listener's default actions or a rule's actions forward."""
    for action in (*items(at(raw, "DefaultActions")), *items(at(raw, "RuleActions"))):
        for one in items(at(action, "ForwardGroupConfig.ServerGroupTuples")):
            if group := at(one, "ServerGroupId"):
                yield group


def _group_listener(raw: Raw, context: Context) -> Listener:
    """Maps <https://api.alibabacloud.com/api/Nlb/2022-04-30/ListListeners>; one of a GWLB takes every packet."""
    return Listener(
        raw.get("ListenerProtocol", "").upper(),
        _port(raw.get("ListenerPort")),
        _of((raw.get("ServerGroupId") or "",), context),
    )


def _of(groups: Iterable[str], context: Context) -> tuple[Target, ...]:
    return _targets(_target(one, _port(one.get("Port"))) for group in groups for one in context.get("servers", group))


def _application_groups(fetched: Fetched) -> Iterator[Request]:
    """One request for each server group that a listener or a rule forwards to."""
    named = (group for name in ("listeners", "rules") for one in fetched[name] for group in _forwarded(one))
    return _once(named, "ServerGroupId")


def _listened(listeners: Sequence[Raw]) -> Iterator[Request]:
    """One request for each server group that a listener names."""
    return _once((at(one, "ServerGroupId") for one in listeners), "ServerGroupId")


LISTINGS: Final = (
    Listing(
        "load_balancer", "slb:DescribeLoadBalancers", "LoadBalancers.LoadBalancer", classic, paging.LARGE_PAGES,
        api="classic",
        joins=(
            Join("listeners", "slb:DescribeLoadBalancerListeners", "Listeners", paging.TOKENS, by="LoadBalancerId"),
            Join("rules", "slb:DescribeRules", "Rules.Rule", each=Each("listeners", _ruled)),
            Join(
                "servers", "slb:DescribeVServerGroupAttribute", "BackendServers.BackendServer", each=_classic_groups
            ),
            Join(
                "pairs", "slb:DescribeMasterSlaveServerGroupAttribute",
                "MasterSlaveBackendServers.MasterSlaveBackendServer", each=Each("listeners", _pairs),
            ),
            Join(
                "backends", "slb:DescribeLoadBalancerAttribute", "BackendServers.BackendServer",
                each=Each("listeners", _backends),
            ),
        ),
    ),
    Listing(
        "load_balancer", "alb:ListLoadBalancers", "LoadBalancers", application, paging.TOKENS, api="application",
        joins=(
            Join(
                "zones", "alb:GetLoadBalancerAttribute", "ZoneMappings",
                each=each("", "LoadBalancerId", "LoadBalancerId"),
            ),
            Join("listeners", "alb:ListListeners", "Listeners", paging.TOKENS, by="LoadBalancerId"),
            Join("rules", "alb:ListRules", "Rules", paging.TOKENS, by="ListenerId"),
            Join("servers", "alb:ListServerGroupServers", "Servers", paging.TOKENS, each=_application_groups),
        ),
    ),
    Listing(
        "load_balancer", "nlb:ListLoadBalancers", "LoadBalancers", network, paging.TOKENS, api="network",
        joins=(
            Join("listeners", "nlb:ListListeners", "Listeners", paging.TOKENS, by="LoadBalancerId"),
            Join("servers", "nlb:ListServerGroupServers", "Servers", paging.TOKENS, each=Each("listeners", _listened)),
        ),
    ),
    Listing(
        "load_balancer", "gwlb:ListLoadBalancers", "LoadBalancers", gateway, paging.GATEWAYS, api="gateway",
        joins=(
            Join("listeners", "gwlb:ListListeners", "Listeners", paging.GATEWAYS, by="LoadBalancerId"),
            Join(
                "servers", "gwlb:ListServerGroupServers", "Servers", paging.GATEWAYS,
                each=Each("listeners", _listened),
            ),
        ),
    ),
)  # fmt: skip
"""What is listed of load balancers."""
