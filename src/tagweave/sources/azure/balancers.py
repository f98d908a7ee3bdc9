"""Load balancers and application gateways, with the machines behind them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from tagweave.model import Listener, LoadBalancer, Target
from tagweave.sources.azure.ids import (
    expanded,
    location,
    name_of,
    native,
    only,
    properties,
    refer,
    refer_all,
    tags,
    vpc_of,
    within,
)
from tagweave.sources.azure.joins import INTERFACES, PAGES, PUBLIC_IPS, PUBLIC_PREFIXES, SCALE_SETS, public_address
from tagweave.sources.clouds import Context, Listing
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.paging import at
from tagweave.sources.clouds.values import addresses, sorted_addresses, texts


def balancer(raw: Raw, context: Context) -> LoadBalancer:
    """Maps <https://learn.microsoft.com/rest/api/load-balancer/load-balancers/list-all#loadbalancer>.

    Its rules are its listeners, those that forward a port to one machine among them. One whose addresses are all
    public is of the VNet of its targets.
    """
    about = properties(raw)
    pools = {refer(one): tuple(_members(properties(one), context)) for one in about.get("backendAddressPools") or ()}
    rules = [_rule(properties(one), pools) for one in about.get("loadBalancingRules") or ()]
    rules += [_forwarded(properties(one), pools, context) for one in about.get("inboundNatRules") or ()]
    return _balancer(raw, context, rules, behind=_networks(about, context))


def _balancer(
    raw: Raw,
    context: Context,
    listeners: Iterable[Listener],
    subnets: Iterable[str] = (),
    behind: Iterable[str] = (),
) -> LoadBalancer:
    ends = [properties(one) for one in properties(raw).get("frontendIPConfigurations") or ()]
    inside = texts(sorted((*subnets, *(refer(one.get("subnet")) for one in ends))))
    given = [properties(context.one("public_ips", refer(one.get("publicIPAddress")))) for one in ends]
    return LoadBalancer(
        id=native(raw),
        name=name_of(raw),
        labels=tags(raw),
        region=location(raw),
        vpc=vpc_of(inside) or only(behind),
        subnets=inside,
        scheme=_scheme(ends),
        ips=sorted_addresses(address for one in ends for address in _addresses(one, context)),
        dns_name=next(filter(None, ((one.get("dnsSettings") or {}).get("fqdn") for one in given)), ""),
        listeners=tuple(sorted(listeners, key=lambda one: (one.port or 0, one.protocol))),
    )


def _scheme(ends: Iterable[Raw]) -> str:
    """`internet` where any address is public; nothing where there is no address at all."""
    found = ["internet" if one.get("publicIPAddress") or one.get("publicIPPrefix") else "internal" for one in ends]
    return "internet" if "internet" in found else next(iter(found), "")


def _addresses(end: Raw, context: Context) -> tuple[str, ...]:
    """The addresses of a frontend."""
    block = properties(context.one("public_prefixes", refer(end.get("publicIPPrefix")))).get("ipPrefix")
    public = public_address(refer(end.get("publicIPAddress")), context)
    return (*addresses(end.get("privateIPAddress")), *public, *expanded(block))


def _networks(about: Raw, context: Context) -> Iterator[str]:
    """The VNets of what is behind a load balancer."""
    for pool in map(properties, about.get("backendAddressPools") or ()):
        yield refer(pool.get("virtualNetwork"))
        for one in map(properties, pool.get("loadBalancerBackendAddresses") or ()):
            yield refer(one.get("virtualNetwork"))
            yield vpc_of((refer(one.get("subnet")),))
        for found in refer_all(pool.get("backendIPConfigurations")):
            scale_set = context.one("sets", within(found, "virtualmachinescalesets"))
            for one in (*_configurations(found, context), *_of_template(scale_set)):
                yield vpc_of((refer(one.get("subnet")),))


def _of_template(scale_set: Raw) -> Iterator[Raw]:
    """The IP configurations that a scale set gives its machines."""
    profile = properties(scale_set).get("virtualMachineProfile") or {}
    for interface in (profile.get("networkProfile") or {}).get("networkInterfaceConfigurations") or ():
        yield from map(properties, properties(interface).get("ipConfigurations") or ())


def _configurations(found: str, context: Context) -> Iterator[Raw]:
    """The IP configuration of an id, where its interface is listed: those of scale sets are not."""
    interface = context.one("interfaces", within(found, "networkinterfaces"))
    for one in properties(interface).get("ipConfigurations") or ():
        if refer(one) == found:
            yield properties(one)


def _members(pool: Raw, context: Context) -> Iterator[Target]:
    """Maps <https://learn.microsoft.com/rest/api/load-balancer/load-balancer-backend-address-pools/list>.

    A pool of interfaces lists their addresses besides; each is one target.
    """
    taken: set[str] = set()
    for found in refer_all(pool.get("backendIPConfigurations")):
        taken.update(_of_interface(found, context))
        yield _target(found, context)
    for one in map(properties, pool.get("loadBalancerBackendAddresses") or ()):
        configuration = refer(one.get("networkInterfaceIPConfiguration"))
        regional = refer(one.get("loadBalancerFrontendIPConfiguration"))
        if configuration:
            yield _target(configuration, context)
        elif regional:
            yield from (Target(ip=address) for address in _of_frontend(regional, context))
        else:
            yield from (Target(ip=address) for address in addresses(one.get("ipAddress")) if address not in taken)


def _of_interface(found: str, context: Context) -> tuple[str, ...]:
    return addresses(*(one.get("privateIPAddress") for one in _configurations(found, context)))


def _of_frontend(found: str, context: Context) -> Iterator[str]:
    """The addresses of a regional load balancer's frontend, which a global one sends to."""
    owner = within(found, "loadbalancers")
    for other in context.get("", ""):
        if str(at(other, "id")).lower() == owner:
            ends = properties(other).get("frontendIPConfigurations") or ()
            yield from (one for end in ends if refer(end) == found for one in _addresses(properties(end), context))


def _target(found: str, context: Context) -> Target:
    """The machine behind an IP configuration, by the id of a scale set's or by the interface; else its address."""
    machine = within(found, "virtualmachines")
    if not machine:
        interface = context.one("interfaces", within(found, "networkinterfaces"))
        machine = refer(properties(interface).get("virtualMachine"))
    if machine:
        return Target(vm=machine)
    return Target(ip=next(iter(_of_interface(found, context)), ""))


def _rule(about: Raw, pools: Mapping[str, Iterable[Target]]) -> Listener:
    """Maps <https://learn.microsoft.com/rest/api/load-balancer/load-balancer-load-balancing-rules/list>.

    Port 0 stands for every port.
    """
    named = refer_all((about.get("backendAddressPool"), *(about.get("backendAddressPools") or ())))
    members = [member for pool in named for member in pools.get(pool, ())]
    return Listener(
        str(about.get("protocol") or "").upper(),
        about.get("frontendPort") or None,
        _at(members, about.get("backendPort") or None),
    )


def _forwarded(about: Raw, pools: Mapping[str, Iterable[Target]], context: Context) -> Listener:
    """Maps <https://learn.microsoft.com/rest/api/load-balancer/inbound-nat-rules/list>.

    A rule of a pool forwards a range of ports, the first of which is told; which member has which is not.
    """
    configuration = refer(about.get("backendIPConfiguration"))
    pool = refer(about.get("backendAddressPool"))
    members = (_target(configuration, context),) if configuration else pools.get(pool, ())
    return Listener(
        str(about.get("protocol") or "").upper(),
        about.get("frontendPort") or about.get("frontendPortRangeStart") or None,
        _at(members, about.get("backendPort") or None),
    )


def _at(members: Iterable[Target], port: int | None) -> tuple[Target, ...]:
    found = {Target(one.vm, one.ip, port) for one in members if one.vm or one.ip}
    return tuple(sorted(found, key=lambda one: (one.vm, one.ip)))


def gateway(raw: Raw, context: Context) -> LoadBalancer:
    """Maps <https://learn.microsoft.com/rest/api/application-gateway/application-gateways/list-all>.

    A backend that is given by name has no address here.
    """
    about = properties(raw)
    parts = {refer(one): properties(one) for field in PARTS for one in about.get(field) or ()}
    pools = {
        refer(one): tuple(_backends(properties(one), context)) for one in about.get("backendAddressPools") or ()
    }  # fmt: skip
    sent: dict[str, set[Target]] = {}
    for field in ("requestRoutingRules", "routingRules"):
        for rule in map(properties, about.get(field) or ()):
            heard = refer(rule.get("httpListener") or rule.get("listener"))
            sent.setdefault(heard, set()).update(_routed(rule, parts, pools))
    listeners = [
        Listener(
            str(properties(one).get("protocol") or "").upper(),
            parts.get(refer(properties(one).get("frontendPort")), {}).get("port"),
            tuple(sorted(sent.get(refer(one), ()), key=lambda target: (target.vm, target.ip, target.port or 0))),
        )
        for field in ("httpListeners", "listeners")
        for one in about.get(field) or ()
    ]
    inside = [refer(properties(one).get("subnet")) for one in about.get("gatewayIPConfigurations") or ()]
    return _balancer(raw, context, listeners, inside)


PARTS: Final = (
    "backendHttpSettingsCollection",
    "backendSettingsCollection",
    "frontendPorts",
    "urlPathMaps",
)
"""The fields of an application gateway whose items others refer to."""


def _backends(pool: Raw, context: Context) -> Iterator[Target]:
    for one in pool.get("backendAddresses") or ():
        address = one if isinstance(one, str) else one.get("ipAddress")
        yield from (Target(ip=found) for found in addresses(address))
    for found in refer_all(pool.get("backendIPConfigurations")):
        yield _target(found, context)


def _routed(
    rule: Raw, parts: Mapping[str, Raw], pools: Mapping[str, Iterable[Target]]
) -> Iterator[Target]:  # fmt: skip
    """What a rule sends to: by itself, or by the paths of its map."""
    paths = parts.get(refer(rule.get("urlPathMap")), {})
    ways = [
        (rule.get("backendAddressPool"), rule.get("backendHttpSettings") or rule.get("backendSettings")),
        (paths.get("defaultBackendAddressPool"), paths.get("defaultBackendHttpSettings")),
        *(
            (one.get("backendAddressPool"), one.get("backendHttpSettings"))
            for one in map(properties, paths.get("pathRules") or ())
        ),
    ]
    for pool, settings in ways:
        yield from _at(pools.get(refer(pool), ()), parts.get(refer(settings), {}).get("port"))


LISTINGS: Final = (
    Listing(
        "load_balancer", "Microsoft.Network/loadBalancers/read", "value", balancer, PAGES, "global",
        api="load-balancers", joins=(INTERFACES, PUBLIC_IPS, PUBLIC_PREFIXES, SCALE_SETS),
    ),
    Listing(
        "load_balancer", "Microsoft.Network/applicationGateways/read", "value", gateway, PAGES, "global",
        api="application-gateways", joins=(INTERFACES, PUBLIC_IPS),
    ),
)  # fmt: skip
"""What is listed of load balancers."""
