"""Machines: regions, zones, instances with every interface, other interfaces, elastic addresses, ACK clusters."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from tagweave.model import VM, AvailabilityZone, Cluster, Interface, NetworkInterface, PublicIp, Region
from tagweave.sources.aliyun import paging
from tagweave.sources.aliyun.tags import items, tags, time
from tagweave.sources.clouds import Context, Join, Listing
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.values import addresses, is_global, sorted_addresses, texts


def region(raw: Raw, _context: Context) -> Region:
    """Maps <https://api.alibabacloud.com/api/Ecs/2014-05-26/DescribeRegions>."""
    return Region(id=raw["RegionId"], name=raw.get("LocalName") or raw["RegionId"])


def zone(raw: Raw, context: Context) -> AvailabilityZone:
    """Maps <https://api.alibabacloud.com/api/Ecs/2014-05-26/DescribeZones>.

    Zones in which nothing more can be bought are zones too.
    """
    return AvailabilityZone(
        id=raw["ZoneId"], name=raw.get("LocalName") or raw["ZoneId"], region=context.place.region
    )  # fmt: skip


def vm(raw: Raw, context: Context) -> VM:
    """Maps <https://api.alibabacloud.com/api/Ecs/2014-05-26/DescribeInstances>.

    Its interfaces are those of DescribeNetworkInterfaces, which tells more of them, and any that only it names.
    """
    native = raw["InstanceId"]
    network = raw.get("VpcAttributes") or {}
    known = {one["NetworkInterfaceId"]: one for one in context.get("interfaces", native)}
    for one in items(raw.get("NetworkInterfaces"), "NetworkInterface"):
        known.setdefault(one["NetworkInterfaceId"], _completed(one, raw))
    own = sorted(known.values(), key=_place_on_the_machine) or [_classic(raw)]
    return VM(
        id=native,
        name=raw.get("InstanceName") or native,
        labels=tags(raw),
        created_at=time(raw.get("CreationTime")),
        region=context.place.region,
        az=raw.get("ZoneId", ""),
        vpc=network.get("VpcId", ""),
        host=(raw.get("DedicatedHostAttribute") or {}).get("DedicatedHostId", ""),
        state=raw.get("Status", "").lower(),
        instance_type=raw.get("InstanceType", ""),
        interfaces=tuple(_interface(one, _of_the_machine(raw) if one is own[0] else ()) for one in own),
    )


def _place_on_the_machine(raw: Raw) -> tuple[bool, int, int, str]:
    attachment = raw.get("Attachment") or {}
    return (
        raw.get("Type") != "Primary",
        attachment.get("NetworkCardIndex") or 0,
        attachment.get("DeviceIndex") or 0,
        raw["NetworkInterfaceId"],
    )


def _completed(raw: Raw, machine: Raw) -> Raw:
    """An interface as DescribeInstances tells it: the primary one's subnet and groups are the machine's."""
    own = {"PrivateIpAddress": raw.get("PrimaryIpAddress"), **raw}
    if raw.get("Type") == "Primary":
        own["VSwitchId"] = (machine.get("VpcAttributes") or {}).get("VSwitchId", "")
        own["SecurityGroupIds"] = machine.get("SecurityGroupIds")
    return own


def _classic(raw: Raw) -> Raw:
    """What a machine without interfaces has: in the classic network it has an inner address and groups."""
    own = [*items(raw.get("InnerIpAddress"), "IpAddress")]
    own += items((raw.get("VpcAttributes") or {}).get("PrivateIpAddress"), "IpAddress")
    return {
        "NetworkInterfaceId": "",
        "VSwitchId": (raw.get("VpcAttributes") or {}).get("VSwitchId", ""),
        "PrivateIpSets": {"PrivateIpSet": [{"PrivateIpAddress": one} for one in own]},
        "SecurityGroupIds": raw.get("SecurityGroupIds"),
    }


def _of_the_machine(raw: Raw) -> tuple[str, ...]:
    """The public addresses that belong to a machine as a whole: its own one and its elastic one."""
    return (*items(raw.get("PublicIpAddress"), "IpAddress"), *items(raw.get("EipAddress"), "IpAddress"))


def _interface(raw: Raw, public: tuple[str, ...] = ()) -> Interface:
    """Maps an item of <https://api.alibabacloud.com/api/Ecs/2014-05-26/DescribeNetworkInterfaces>."""
    return Interface(
        id=raw["NetworkInterfaceId"],
        mac=raw.get("MacAddress", "").lower(),
        subnet=raw.get("VSwitchId", ""),
        private_ips=_private(raw),
        public_ips=addresses(*public, *_public(raw)),
        security_groups=_groups(raw),
    )


def _groups(raw: Raw) -> tuple[str, ...]:
    return texts(sorted(items(raw.get("SecurityGroupIds"), "SecurityGroupId")))


def _sets(raw: Raw) -> list[Raw]:
    return sorted(items(raw.get("PrivateIpSets"), "PrivateIpSet"), key=lambda one: not one.get("Primary"))


def _private(raw: Raw) -> tuple[str, ...]:
    """Every address an interface has within its VPC, the primary one first. IPv6 addresses are among them."""
    first = [one["PrivateIpAddress"] for one in _sets(raw) if one.get("Primary")]
    rest = sorted_addresses(one["PrivateIpAddress"] for one in _sets(raw))
    return addresses(*first, raw.get("PrivateIpAddress"), *rest, *_delegated(raw), *_ipv6(raw))


def _delegated(raw: Raw) -> Iterator[str]:
    """The addresses of prefixes that an interface may give out: IPv4's are /28. IPv6's are too large to be written."""
    for one in items(raw.get("Ipv4PrefixSets"), "Ipv4PrefixSet"):
        yield from map(str, IPv4Network(one["Ipv4Prefix"]))


def _public(raw: Raw) -> tuple[str, ...]:
    """Every address by which the internet reaches an interface: elastic ones, and IPv6 addresses that are routed."""
    bound = [(one.get("AssociatedPublicIp") or {}).get("PublicIpAddress") for one in (raw, *_sets(raw))]
    return addresses(*bound, *(address for address in _ipv6(raw) if is_global(address)))


def _ipv6(raw: Raw) -> tuple[str, ...]:
    return sorted_addresses(one["Ipv6Address"] for one in items(raw.get("Ipv6Sets"), "Ipv6Set"))


MACHINE: Final = "i-"
"""How the ids of ECS instances begin."""

SERVED: Final = {
    "alb": "load_balancer",
    "eci": "container_group",
    "gwlb": "load_balancer",
    "lb": "load_balancer",
    "ngw": "nat_gateway",
    "nlb": "load_balancer",
}
"""What an interface serves, by the prefix of the id that it is attached to."""


def _served(raw: Raw) -> str:
    return raw.get("InstanceId") or (raw.get("Attachment") or {}).get("InstanceId") or ""


def network_interface(raw: Raw, context: Context) -> NetworkInterface | None:
    """Maps <https://api.alibabacloud.com/api/Ecs/2014-05-26/DescribeNetworkInterfaces>.

    Those of instances are part of their VM.
    """
    served = _served(raw)
    if served.startswith(MACHINE):
        return None
    return NetworkInterface(
        id=raw["NetworkInterfaceId"],
        name=raw.get("NetworkInterfaceName") or raw.get("Description") or raw["NetworkInterfaceId"],
        labels=tags(raw),
        created_at=time(raw.get("CreationTime")),
        region=context.place.region,
        az=raw.get("ZoneId", ""),
        vpc=raw.get("VpcId", ""),
        subnet=raw.get("VSwitchId", ""),
        mac=raw.get("MacAddress", "").lower(),
        private_ips=_private(raw),
        public_ips=_public(raw),
        security_groups=_groups(raw),
        attached_kind=SERVED.get(served.partition("-")[0], "service" if raw.get("ServiceManaged") else ""),
        attached=served,
    )


BOUND: Final = {
    "EcsInstance": "vm",
    "HaVip": "havip",
    "Nat": "nat_gateway",
    "NetworkInterface": "network_interface",
    "SlbInstance": "load_balancer",
}
"""Aliyun's words for what an elastic address is bound to."""


def public_ip(raw: Raw, context: Context) -> PublicIp:
    """Maps <https://api.alibabacloud.com/api/Vpc/2016-04-28/DescribeEipAddresses>."""
    kind = raw.get("InstanceType") or ""
    return PublicIp(
        id=raw["AllocationId"],
        name=raw.get("Name") or raw["IpAddress"],
        labels=tags(raw),
        created_at=time(raw.get("AllocationTime")),
        region=context.place.region,
        ip=addresses(raw["IpAddress"])[0],
        attached_kind=BOUND.get(kind, kind.lower()),
        attached=raw.get("InstanceId") or "",
    )


def cluster(raw: Raw, context: Context) -> Cluster | None:
    """Maps <https://api.alibabacloud.com/api/CS/2015-12-15/DescribeClustersV1>.

    Its name has the region before it: the cluster's own source, which reads its API server, is often named alike,
    and a network that two clusters are named by is neither.
    """
    if raw.get("region_id", context.place.region) != context.place.region or raw.get("state") == "deleted":
        return None
    return Cluster(
        id=raw["cluster_id"],
        name=f"{context.place.region}/{raw['name']}",
        labels=tags(raw),
        created_at=time(raw.get("created")),
        version=raw.get("current_version") or "",
        cloud_source=context.place.source,
        vpc=raw.get("vpc_id") or "",
        region=context.place.region,
    )


_ENGLISH: Final = {"AcceptLanguage": "en-US"}

REGIONS: Final = Listing(
    "region", "ecs:DescribeRegions", "Regions.Region", region, scope="global", params=_ENGLISH, shared=True
)

LISTINGS: Final = (
    Listing("az", "ecs:DescribeZones", "Zones.Zone", zone, params={**_ENGLISH, "Verbose": False}, shared=True),
    Listing(
        "vm", "ecs:DescribeInstances", "Instances.Instance", vm, paging.INSTANCES,
        joins=(
            Join(
                "interfaces", "ecs:DescribeNetworkInterfaces", "NetworkInterfaceSets.NetworkInterfaceSet",
                paging.INTERFACES, by=_served,
            ),
        ),
    ),
    Listing(
        "network_interface", "ecs:DescribeNetworkInterfaces", "NetworkInterfaceSets.NetworkInterfaceSet",
        network_interface, paging.INTERFACES,
    ),
    Listing(
        "public_ip", "vpc:DescribeEipAddresses", "EipAddresses.EipAddress", public_ip, paging.LARGE_PAGES,
    ),
    Listing(
        "cluster", "cs:DescribeClustersV1", "clusters", cluster, paging.CLUSTERS
    ),
)  # fmt: skip
"""What is listed of machines, in this order."""
