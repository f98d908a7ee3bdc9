"""Machines: regions, zones, instances with every interface, other interfaces, elastic addresses, EKS clusters."""

from collections.abc import Iterator
from datetime import datetime
from ipaddress import IPv4Network
from typing import Final

from tagweave.model import VM, AvailabilityZone, Cluster, Interface, NetworkInterface, PublicIp, Region
from tagweave.sources.aws import paging
from tagweave.sources.aws.tags import arn, named, tags
from tagweave.sources.clouds import Context, Join, Listing, each
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.values import addresses, is_global, sorted_addresses, texts, utc


def region(raw: Raw, _context: Context) -> Region:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Region.html>."""
    return Region(id=raw["RegionName"], name=raw["RegionName"])


def zone(raw: Raw, _context: Context) -> AvailabilityZone:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AvailabilityZone.html>.

    Local and Wavelength Zones are zones too, and so are those that are impaired or not opted in to.
    """
    return AvailabilityZone(id=raw["ZoneName"], name=raw["ZoneName"], region=raw.get("RegionName", ""))


def vm(raw: Raw, context: Context) -> VM | None:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html>.

    One that was terminated is gone; it is listed for about an hour more.
    """
    native = raw["InstanceId"]
    if raw.get("State", {}).get("Name") == "terminated":
        return None
    labels = tags(raw.get("Tags"))
    placement = raw.get("Placement", {})
    own = sorted(raw.get("NetworkInterfaces", ()), key=_place_on_the_machine)
    return VM(
        id=native,
        name=named(labels, native),
        labels=labels,
        created_at=_created(raw),
        region=context.place.region,
        az=placement.get("AvailabilityZone", ""),
        vpc=raw.get("VpcId", ""),
        host=placement.get("HostId", ""),
        state=raw.get("State", {}).get("Name", ""),
        instance_type=raw.get("InstanceType", ""),
        interfaces=tuple(_interface(one) for one in own),
    )


def _place_on_the_machine(raw: Raw) -> tuple[int, int, str]:
    attachment = raw.get("Attachment", {})
    return attachment.get("NetworkCardIndex", 0), attachment.get("DeviceIndex", 0), raw["NetworkInterfaceId"]


def _created(raw: Raw) -> datetime | None:
    """When an instance was made: LaunchTime is when it last started, its first interface is as old as itself."""
    times = [raw.get("LaunchTime")]
    for one in raw.get("NetworkInterfaces", ()):
        attachment = one.get("Attachment", {})
        if attachment.get("DeviceIndex") == 0:
            times.append(attachment.get("AttachTime"))
    return min((made for time in times if (made := utc(time)) is not None), default=None)


def _interface(raw: Raw) -> Interface:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceNetworkInterface.html>."""
    return Interface(
        id=raw["NetworkInterfaceId"],
        mac=raw.get("MacAddress", "").lower(),
        subnet=raw.get("SubnetId", ""),
        private_ips=_private(raw),
        public_ips=_public(raw),
        security_groups=texts(sorted(group["GroupId"] for group in raw.get("Groups", ()))),
    )


def _private(raw: Raw) -> tuple[str, ...]:
    """Every address an interface has within its VPC, the primary one first. IPv6 addresses are among them."""
    first = [one["PrivateIpAddress"] for one in raw.get("PrivateIpAddresses", ()) if one.get("Primary")]
    rest = sorted_addresses(one["PrivateIpAddress"] for one in raw.get("PrivateIpAddresses", ()))
    return addresses(*first, raw.get("PrivateIpAddress"), *rest, *_delegated(raw), *_ipv6(raw))


def _delegated(raw: Raw) -> Iterator[str]:
    """The addresses of prefixes that an interface may give out: IPv4's are /28. IPv6's are too large to be written."""
    for one in raw.get("Ipv4Prefixes", ()):
        yield from map(str, IPv4Network(one["Ipv4Prefix"]))


def _public(raw: Raw) -> tuple[str, ...]:
    """Every address by which the internet reaches an interface: elastic ones, and IPv6 addresses that are routed."""
    associations = [raw, *sorted(raw.get("PrivateIpAddresses", ()), key=lambda one: not one.get("Primary"))]
    found = [
        one.get("Association", {}).get(kind)
        for one in associations
        for kind in ("PublicIp", "CarrierIp", "CustomerOwnedIp")
    ]
    return addresses(*found, *(address for address in _ipv6(raw) if is_global(address)))


def _ipv6(raw: Raw) -> tuple[str, ...]:
    return sorted_addresses(one["Ipv6Address"] for one in raw.get("Ipv6Addresses", ()))


def network_interface(raw: Raw, context: Context) -> NetworkInterface | None:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterface.html>.

    Those of instances are part of their VM.
    """
    native = raw["NetworkInterfaceId"]
    attachment = raw.get("Attachment", {})
    if attachment.get("InstanceId") or context.elsewhere(raw.get("OwnerId", ""), context.place.region):
        return None
    labels = tags(raw.get("TagSet"))
    kind, attached = _served(raw, context)
    return NetworkInterface(
        id=native,
        name=named(labels, raw.get("Description") or native),
        labels=labels,
        region=context.place.region,
        az=raw.get("AvailabilityZone", ""),
        vpc=raw.get("VpcId", ""),
        subnet=raw.get("SubnetId", ""),
        mac=raw.get("MacAddress", "").lower(),
        private_ips=_private(raw),
        public_ips=_public(raw),
        security_groups=texts(sorted(group["GroupId"] for group in raw.get("Groups", ()))),
        attached_kind=kind,
        attached=attached,
    )


NAT_INTERFACE: Final = "Interface for NAT Gateway "
BALANCER_INTERFACE: Final = "ELB "


def _served(raw: Raw, context: Context) -> tuple[str, str]:
    """What an interface serves, as its description says for what AWS makes itself."""
    said = raw.get("Description", "")
    if said.startswith(NAT_INTERFACE):
        return "nat_gateway", said.removeprefix(NAT_INTERFACE)
    if said.startswith(BALANCER_INTERFACE):
        name = said.removeprefix(BALANCER_INTERFACE)
        return "load_balancer", arn(context.place, "elasticloadbalancing", f"loadbalancer/{name}")
    kind = raw.get("InterfaceType", "")
    return ("", "") if kind == "interface" else (kind, "")


def public_ip(raw: Raw, context: Context) -> PublicIp:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Address.html>."""
    labels = tags(raw.get("Tags"))
    bound = {"vm": raw.get("InstanceId"), "network_interface": raw.get("NetworkInterfaceId")}
    kind = next((kind for kind, found in bound.items() if found), "")
    return PublicIp(
        id=raw.get("AllocationId") or raw["PublicIp"],
        name=named(labels, raw["PublicIp"]),
        labels=labels,
        region=context.place.region,
        ip=addresses(raw["PublicIp"])[0],
        attached_kind=kind,
        attached=bound.get(kind) or "",
    )


def cluster(raw: Raw, context: Context) -> Cluster | None:
    """Maps <https://docs.aws.amazon.com/eks/latest/APIReference/API_Cluster.html>.

    Its name has the region before it: the cluster's own source, which reads its API server, is often named alike,
    and a network that two clusters are named by is neither.
    """
    if not isinstance(raw, str) or not raw:
        raise ValueError("a cluster has no name")
    found = context.one("details", raw)
    if not found:
        return None  # deleted since it was listed
    return Cluster(
        id=found["arn"],
        name=f"{context.place.region}/{found['name']}",
        labels=dict(found.get("tags") or {}),
        created_at=utc(found.get("createdAt")),
        version=found.get("version", ""),
        cloud_source=context.place.source,
        vpc=found.get("resourcesVpcConfig", {}).get("vpcId", ""),
        region=context.place.region,
    )


INTERFACES: Final = Join(
    "interfaces", "ec2:DescribeNetworkInterfaces", "NetworkInterfaces", paging.EC2, by="Description"
)
"""Every interface by its description, which tells what AWS made it for. One list serves all who join it."""

REGIONS: Final = Listing(
    "region", "ec2:DescribeRegions", "Regions", region, scope="global", params={"AllRegions": True}, shared=True
)

LISTINGS: Final = (
    Listing(
        "az", "ec2:DescribeAvailabilityZones", "AvailabilityZones", zone,
        params={"AllAvailabilityZones": True}, shared=True,
    ),
    Listing("vm", "ec2:DescribeInstances", "Reservations.Instances", vm, paging.EC2),
    Listing("network_interface", "ec2:DescribeNetworkInterfaces", "NetworkInterfaces", network_interface, paging.EC2),
    Listing("public_ip", "ec2:DescribeAddresses", "Addresses", public_ip),
    Listing(
        "cluster", "eks:ListClusters", "clusters", cluster, paging.EKS,
        joins=(Join("details", "eks:DescribeCluster", "cluster", each=each("", "", "name")),),
    ),
)  # fmt: skip
"""What is listed of machines, in this order."""
