"""Machines: regions, zones, hosts, instances with every interface, other interfaces, public addresses, clusters."""

from collections.abc import Iterator
from typing import Final

import msgspec

from tagweave.model import VM, AvailabilityZone, Cluster, Host, Interface, NetworkInterface, PublicIp, Region
from tagweave.sources.clouds import Context, Join, Listing
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.values import addresses, is_global, labels, texts
from tagweave.sources.tencent import paging
from tagweave.sources.tencent.values import when


def region(raw: Raw, _context: Context) -> Region:
    """Maps <https://cloud.tencent.com/document/api/1596/77930>."""
    return Region(id=raw["Region"], name=raw.get("RegionName") or raw["Region"])


def zone(raw: Raw, context: Context) -> AvailabilityZone:
    """Maps <https://cloud.tencent.com/document/api/213/15707>. One that is sold out is UNAVAILABLE, and still there."""
    return AvailabilityZone(id=raw["Zone"], name=raw.get("ZoneName") or raw["Zone"], region=context.place.region)


def host(raw: Raw, context: Context) -> Host:
    """Maps <https://cloud.tencent.com/document/api/213/15753#HostItem>: a server that is one customer's alone.

    Its address is one of the provider's own network (`9.…`, which means something else in the internet): left out.
    """
    return Host(
        id=raw["HostId"],
        name=raw.get("HostName") or raw["HostId"],
        labels=labels(raw.get("Tags")),
        created_at=when(raw.get("CreatedTime")),
        region=context.place.region,
        az=(raw.get("Placement") or {}).get("Zone") or "",
    )


def vm(raw: Raw, context: Context) -> VM:
    """Maps <https://cloud.tencent.com/document/api/213/15753#Instance>."""
    placement = raw.get("Placement") or {}
    own = sorted(context.get("interfaces", raw["InstanceId"]), key=_place_on_the_machine)
    return VM(
        id=raw["InstanceId"],
        name=raw.get("InstanceName") or raw["InstanceId"],
        labels=labels(raw.get("Tags")),
        created_at=when(raw.get("CreatedTime")),
        region=context.place.region,
        az=placement.get("Zone") or "",
        vpc=(raw.get("VirtualPrivateCloud") or {}).get("VpcId") or "",
        host=placement.get("HostId") or "",
        state=(raw.get("InstanceState") or "").lower(),
        instance_type=raw.get("InstanceType") or "",
        interfaces=_completed([_interface(one) for one in own], raw),
    )


def _place_on_the_machine(raw: Raw) -> tuple[bool, int, str]:
    index = (raw.get("Attachment") or {}).get("DeviceIndex") or 0
    return not raw.get("Primary"), index, raw.get("NetworkInterfaceId") or ""


def _interface(raw: Raw) -> Interface:
    """Maps <https://cloud.tencent.com/document/api/215/15824#NetworkInterface>."""
    return Interface(
        id=raw.get("NetworkInterfaceId") or "",
        mac=(raw.get("MacAddress") or "").lower(),
        subnet=raw.get("SubnetId") or "",
        private_ips=_private(raw),
        public_ips=_public(raw),
        security_groups=texts(sorted(raw.get("GroupSet") or ())),
    )


def _completed(own: list[Interface], raw: Raw) -> tuple[Interface, ...]:
    """Its interfaces with what the instance alone tells.

    That is everything of an instance whose interface is not listed, as in the classic network.
    """
    ipv6 = addresses(*(raw.get("IPv6Addresses") or ()))
    private = addresses(*(raw.get("PrivateIpAddresses") or ()), *ipv6)
    given = (*(raw.get("PublicIpAddresses") or ()), *(raw.get("PublicIPv6Addresses") or ()))
    public = addresses(*given, *filter(is_global, ipv6))
    known_private = {address for one in own for address in one.private_ips}
    known_public = {address for one in own for address in one.public_ips}
    subnet = (raw.get("VirtualPrivateCloud") or {}).get("SubnetId") or ""
    first = own[0] if own else Interface(subnet=subnet)
    first = msgspec.structs.replace(
        first,
        private_ips=(*first.private_ips, *(one for one in private if one not in known_private)),
        public_ips=(*first.public_ips, *(one for one in public if one not in known_public)),
        security_groups=first.security_groups or texts(sorted(raw.get("SecurityGroupIds") or ())),
    )
    return () if first == Interface() else (first, *own[1:])


def _private(raw: Raw) -> tuple[str, ...]:
    """Every address an interface has within its VPC, the primary one first. IPv6 addresses are among them."""
    return addresses(*(one.get("PrivateIpAddress") for one in _primary_first(raw)), *_ipv6(raw))


def _public(raw: Raw) -> tuple[str, ...]:
    """Every address by which the internet reaches an interface: bound ones, and IPv6 addresses that are routed."""
    bound = [one.get("PublicIpAddress") for one in (*_primary_first(raw), *(raw.get("Ipv6AddressSet") or ()))]
    return addresses(*bound, *filter(is_global, _ipv6(raw)))


def _primary_first(raw: Raw) -> list[Raw]:
    return sorted(raw.get("PrivateIpAddressSet") or (), key=lambda one: not one.get("Primary"))


def _ipv6(raw: Raw) -> tuple[str, ...]:
    return addresses(*(one.get("Address") for one in raw.get("Ipv6AddressSet") or ()))


MACHINE: Final = "ins-"
"""How the ids of instances begin. An interface may also serve a serverless pod (`eks-`) and other things."""


def network_interface(raw: Raw, context: Context) -> NetworkInterface | None:
    """Maps <https://cloud.tencent.com/document/api/215/15824#NetworkInterface>.

    Those of instances are part of their VM.
    """
    attached = (raw.get("Attachment") or {}).get("InstanceId") or ""
    if attached.startswith(MACHINE):
        return None
    return NetworkInterface(
        id=raw["NetworkInterfaceId"],
        name=raw.get("NetworkInterfaceName") or raw["NetworkInterfaceId"],
        labels=labels(raw.get("TagSet")),
        created_at=when(raw.get("CreatedTime")),
        region=context.place.region,
        az=raw.get("Zone") or "",
        vpc=raw.get("VpcId") or "",
        subnet=raw.get("SubnetId") or "",
        mac=(raw.get("MacAddress") or "").lower(),
        private_ips=_private(raw),
        public_ips=_public(raw),
        security_groups=texts(sorted(raw.get("GroupSet") or ())),
        attached_kind=(raw.get("Business") or "") if attached else "",
        attached=attached,
    )


def havip(raw: Raw, context: Context) -> NetworkInterface:
    """Maps <https://cloud.tencent.com/document/api/215/15824#HaVip>: an address that moves between machines."""
    machine = raw.get("InstanceId") or ""
    interface = raw.get("NetworkInterfaceId") or ""
    return NetworkInterface(
        id=raw["HaVipId"],
        name=raw.get("HaVipName") or raw["HaVipId"],
        labels=labels(raw.get("TagSet")),
        created_at=when(raw.get("CreatedTime")),
        region=context.place.region,
        vpc=raw.get("VpcId") or "",
        subnet=raw.get("SubnetId") or "",
        private_ips=addresses(raw.get("Vip")),
        public_ips=addresses(raw.get("AddressIp")),
        attached_kind="vm" if machine else "network_interface" if interface else "",
        attached=machine or interface,
    )


BOUND_TO: Final = {
    "CVM": "vm",
    "NAT": "nat_gateway",
    "HAVIP": "network_interface",
    "ENI": "network_interface",
    "CLB": "load_balancer",
}
"""Tencent Cloud's words for what an address is bound to."""

_BY_PREFIX: Final = {
    "ins": "vm",
    "nat": "nat_gateway",
    "havip": "network_interface",
    "eni": "network_interface",
    "lb": "load_balancer",
}
_LOOSE: Final = frozenset({"CREATING", "UNBIND", "OFFLINING"})


def public_ip(raw: Raw, context: Context) -> PublicIp:
    """Maps <https://cloud.tencent.com/document/api/215/15824#Address>.

    A loose address still names what it was bound to last.
    """
    kind, attached = ("", "") if raw.get("AddressStatus") in _LOOSE else _bound(raw)
    return PublicIp(
        id=raw["AddressId"],
        name=raw.get("AddressName") or raw["AddressId"],
        labels=labels(raw.get("TagSet")),
        created_at=when(raw.get("CreatedTime")),
        region=context.place.region,
        ip=next(iter(addresses(raw.get("AddressIp"))), ""),
        attached_kind=kind,
        attached=attached,
    )


def _bound(raw: Raw) -> tuple[str, str]:
    attached, interface = raw.get("InstanceId") or "", raw.get("NetworkInterfaceId") or ""
    word = raw.get("InstanceType") or ""
    if word == "ENI" or not attached:
        return ("network_interface", interface) if interface else ("", "")
    return BOUND_TO.get(word) or _BY_PREFIX.get(attached.partition("-")[0]) or word.lower(), attached


def cluster(raw: Raw, context: Context) -> Cluster:
    """Maps <https://cloud.tencent.com/document/api/457/31866#Cluster> and EksCluster, that of a serverless one.

    Its name has the region before it: the cluster's own source, which reads its API server, is often named alike,
    and a network that two clusters are named by is neither.
    """
    return Cluster(
        id=raw["ClusterId"],
        name=f"{context.place.region}/{raw.get('ClusterName') or raw['ClusterId']}",
        labels=labels(_specified(raw)),
        created_at=when(raw.get("CreatedTime")),
        version=raw.get("ClusterVersion") or raw.get("K8SVersion") or "",
        cloud_source=context.place.source,
        vpc=(raw.get("ClusterNetworkSettings") or raw).get("VpcId") or "",
        region=context.place.region,
    )


def _specified(raw: Raw) -> Iterator[Raw]:
    for specification in raw.get("TagSpecification") or ():
        yield from specification.get("Tags") or ()


REGIONS: Final = Listing(
    "region", "region:DescribeRegions", "RegionSet", region, total=paging.TOTAL, scope="global",
    params={"Product": "cvm"}, shared=True,
)  # fmt: skip

LISTINGS: Final = (
    Listing("az", "cvm:DescribeZones", "ZoneSet", zone, total=paging.TOTAL, shared=True),
    Listing("host", "cvm:DescribeHosts", "HostSet", host, paging.OFFSET),
    Listing(
        "vm", "cvm:DescribeInstances", "InstanceSet", vm, paging.OFFSET,
        joins=(
            Join(
                "interfaces", "vpc:DescribeNetworkInterfaces", "NetworkInterfaceSet", paging.OFFSET,
                by="Attachment.InstanceId",
            ),
        ),
    ),
    Listing(
        "network_interface", "vpc:DescribeNetworkInterfaces", "NetworkInterfaceSet", network_interface, paging.OFFSET,
        api="interfaces",
    ),
    Listing("network_interface", "vpc:DescribeHaVips", "HaVipSet", havip, paging.OFFSET, api="havips"),
    Listing("public_ip", "vpc:DescribeAddresses", "AddressSet", public_ip, paging.OFFSET, api="v4"),
    Listing("public_ip", "vpc:DescribeIPv6Addresses", "AddressSet", public_ip, paging.OFFSET, api="v6"),
    Listing("cluster", "tke:DescribeClusters", "Clusters", cluster, paging.OFFSET, api="tke"),
    Listing("cluster", "tke:DescribeEKSClusters", "Clusters", cluster, paging.SMALL, api="serverless"),
)  # fmt: skip
"""What is listed of machines, in this order."""
