"""Interfaces, those of machines too, and public addresses."""

from collections.abc import Iterator
from typing import Final

from tagweave.model import Interface, NetworkInterface, PublicIp
from tagweave.sources.azure.ids import (
    expanded,
    location,
    name_of,
    native,
    properties,
    refer,
    tags,
    type_of,
    vpc_of,
    within,
)
from tagweave.sources.azure.joins import (
    EACH_UNIFORM,
    ENDPOINTS,
    INTERFACES,
    PAGES,
    PUBLIC_IPS,
    SCALE_SETS,
    SET_PUBLIC_IPS,
    SUBNETS,
    public_address,
)
from tagweave.sources.clouds import Context, Join, Listing
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.values import addresses, sorted_addresses, texts


def interface(raw: Raw, context: Context) -> Interface:
    """Maps <https://learn.microsoft.com/rest/api/virtualnetwork/network-interfaces/list-all#networkinterface>."""
    return Interface(
        id=native(raw),
        mac=_mac(raw),
        subnet=_subnet(raw),
        private_ips=_private(raw),
        public_ips=_public(raw, context),
        security_groups=_groups(raw, context),
    )


def _mac(raw: Raw) -> str:
    return str(properties(raw).get("macAddress") or "").replace("-", ":").lower()


def configurations(raw: Raw) -> list[Raw]:
    """The IP configurations of an interface, the primary one first."""
    found = properties(raw).get("ipConfigurations") or ()
    return sorted(map(properties, found), key=lambda one: not one.get("primary"))


def _subnet(raw: Raw) -> str:
    return next(filter(None, (refer(one.get("subnet")) for one in configurations(raw))), "")


def _private(raw: Raw) -> tuple[str, ...]:
    """Every private address, the primary one first. A configuration may hold a whole block."""
    blocks = [expanded(one.get("privateIPAddress")) for one in configurations(raw)]
    rest = sorted_addresses(address for block in blocks[1:] for address in block)
    return addresses(*(blocks[0] if blocks else ()), *rest)


def _public(raw: Raw, context: Context) -> tuple[str, ...]:
    found = [public_address(refer(one.get("publicIPAddress")), context) for one in configurations(raw)]
    return addresses(*(address for some in found for address in some))


def _groups(raw: Raw, context: Context) -> tuple[str, ...]:
    """The security groups that filter an interface: its own and that of its subnet."""
    of_subnet = properties(context.one("subnets", _subnet(raw))).get("networkSecurityGroup")
    return texts(sorted((refer(properties(raw).get("networkSecurityGroup")), refer(of_subnet))))


def network_interface(raw: Raw, context: Context) -> NetworkInterface | None:
    """Maps <https://learn.microsoft.com/rest/api/virtualnetwork/network-interfaces/list-all#networkinterface>.

    Those of machines are part of their VM.
    """
    here = interface(raw, context)
    about = properties(raw)
    if refer(about.get("virtualMachine")):
        return None
    kind, attached = _served(about, context)
    return NetworkInterface(
        id=here.id,
        name=name_of(raw),
        labels=tags(raw),
        region=location(raw),
        vpc=vpc_of((here.subnet,)),
        subnet=here.subnet,
        mac=here.mac,
        private_ips=here.private_ips,
        public_ips=here.public_ips,
        security_groups=here.security_groups,
        attached_kind=kind,
        attached=attached,
    )


SERVED: Final = {
    "microsoft.cache/redis": "redis",
    "microsoft.cache/redisenterprise": "redis",
    "microsoft.containerservice/managedclusters": "cluster",
    "microsoft.dbformariadb/servers": "rds",
    "microsoft.dbformysql/flexibleservers": "rds",
    "microsoft.dbformysql/servers": "rds",
    "microsoft.dbforpostgresql/flexibleservers": "rds",
    "microsoft.dbforpostgresql/servers": "rds",
    "microsoft.sql/managedinstances": "rds",
    "microsoft.sql/servers": "rds",
}
"""The kind of what a private endpoint leads to, by its type."""


def _served(about: Raw, context: Context) -> tuple[str, str]:
    """What an interface without a machine serves."""
    endpoint = refer(about.get("privateEndpoint"))
    for found in services_of(context.one("endpoints", endpoint)):
        kind = SERVED.get(type_of(found))
        if kind:
            return kind, found
    if endpoint:
        return "private_endpoint", endpoint
    service = refer(about.get("privateLinkService"))
    return ("private_link_service", service) if service else ("", "")


def services_of(endpoint: Raw) -> Iterator[str]:
    """The ids of what a private endpoint leads to.

    Maps <https://learn.microsoft.com/rest/api/virtualnetwork/private-endpoints/list-by-subscription#privateendpoint>.
    """
    about = properties(endpoint)
    for field in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections"):
        for one in about.get(field) or ():
            found = str(properties(one).get("privateLinkServiceId") or "").lower()
            if found:
                yield found


def public_ip(raw: Raw, context: Context) -> PublicIp:
    """Maps <https://learn.microsoft.com/rest/api/virtualnetwork/public-ip-addresses/list-all#publicipaddress>.

    One that is given on use has no address until then. Those of scale sets name no region.
    """
    about = properties(raw)
    kind, attached = _holder(about, context)
    return PublicIp(
        id=native(raw),
        name=name_of(raw),
        labels=tags(raw),
        region=location(raw) or location(context.one("sets", within(native(raw), "virtualmachinescalesets"))),
        ip=next(iter(addresses(about.get("ipAddress"))), ""),
        attached_kind=kind,
        attached=attached,
    )


HOLDERS: Final = {
    "virtualmachines": "vm",
    "networkinterfaces": "network_interface",
    "loadbalancers": "load_balancer",
    "applicationgateways": "load_balancer",
    "natgateways": "nat_gateway",
    "virtualnetworkgateways": "vpn_gateway",
    "vpngateways": "vpn_gateway",
    "azurefirewalls": "firewall",
    "bastionhosts": "bastion_host",
}
"""The kind of what holds a public address, by the first of these that its IP configuration is part of."""


def _holder(about: Raw, context: Context) -> tuple[str, str]:
    gateway = refer(about.get("natGateway"))
    if gateway:
        return "nat_gateway", gateway
    configuration = refer(about.get("ipConfiguration"))
    for segment, kind in HOLDERS.items():
        found = within(configuration, segment)
        if found:
            machine = refer(properties(context.one("interfaces", found)).get("virtualMachine"))
            return ("vm", machine) if machine else (kind, found)
    return "", ""


def public_prefix(raw: Raw, _context: Context) -> PublicIp:
    """Maps <https://learn.microsoft.com/rest/api/virtualnetwork/public-ip-prefixes/list-all#publicipprefix>.

    Its addresses are public addresses of their own, or what uses the whole prefix has them.
    """
    about = properties(raw)
    gateway = refer(about.get("natGateway"))
    balancer = within(refer(about.get("loadBalancerFrontendIpConfiguration")), "loadbalancers")
    given = expanded(about.get("ipPrefix"))
    return PublicIp(
        id=native(raw),
        name=name_of(raw),
        labels=tags(raw),
        region=location(raw),
        ip=given[0] if len(given) == 1 else "",
        attached_kind="nat_gateway" if gateway else "load_balancer" if balancer else "",
        attached=gateway or balancer,
    )


LISTINGS: Final = (
    Listing(
        "network_interface", "Microsoft.Network/networkInterfaces/read", "value", network_interface, PAGES, "global",
        joins=(PUBLIC_IPS, SUBNETS, ENDPOINTS),
    ),
    Listing(
        "public_ip", "Microsoft.Network/publicIPAddresses/read", "value", public_ip, PAGES, "global", api="addresses",
        joins=(INTERFACES,),
    ),
    Listing(
        "public_ip", "Microsoft.Network/publicIPPrefixes/read", "value", public_prefix, PAGES, "global",
        api="prefixes",
    ),
    Listing(
        "public_ip", SCALE_SETS.action, "value", public_ip, PAGES, "global", api="scale-sets", of="addresses",
        joins=(
            Join("addresses", SET_PUBLIC_IPS, "value", PAGES, each=EACH_UNIFORM),
            SCALE_SETS,
        ),
    ),
)  # fmt: skip
"""What is listed of interfaces and public addresses, in this order."""
