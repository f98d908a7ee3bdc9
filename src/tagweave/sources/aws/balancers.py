"""Load balancers: classic ones, and those of the second API (application, network, gateway).

AWS tells their addresses nowhere but on the network interfaces that it makes for them.
"""

from collections.abc import Iterator
from typing import Final

from tagweave.model import Listener, LoadBalancer, Target
from tagweave.sources.aws import paging
from tagweave.sources.aws.compute import BALANCER_INTERFACE, INTERFACES
from tagweave.sources.aws.tags import arn, tags
from tagweave.sources.clouds import Context, Join, Listing, chunks, each
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.values import addresses, sorted_addresses, utc

SCHEMES: Final = {"internet-facing": "internet", "internal": "internal"}


def classic(raw: Raw, context: Context) -> LoadBalancer:
    """Maps <https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_LoadBalancerDescription.html>.

    Its name is unique in a region of an account only, so its ARN is the id.
    """
    name = raw["LoadBalancerName"]
    members = sorted(one["InstanceId"] for one in raw.get("Instances", ()))
    described = [one["Listener"] for one in raw.get("ListenerDescriptions", ())]
    listeners = [
        Listener(
            one.get("Protocol", "").upper(),
            one.get("LoadBalancerPort"),
            tuple(Target(vm=vm, port=one.get("InstancePort")) for vm in members),
        )
        for one in described
    ]
    return LoadBalancer(
        id=arn(context.place, "elasticloadbalancing", f"loadbalancer/{name}"),
        name=name,
        labels=tags(context.one("tags", name).get("Tags")),
        created_at=utc(raw.get("CreatedTime")),
        region=context.place.region,
        vpc=raw.get("VPCId", ""),
        subnets=tuple(sorted(raw.get("Subnets", ()))),
        scheme=SCHEMES.get(raw.get("Scheme", ""), ""),
        ips=sorted_addresses(_of_interfaces(context, name)),
        dns_name=raw.get("DNSName", ""),
        listeners=_sorted(listeners),
    )


def balancer(raw: Raw, context: Context) -> LoadBalancer:
    """Maps <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancer.html>."""
    native = raw["LoadBalancerArn"]
    zones = raw.get("AvailabilityZones", ())
    listeners = [_listener(one, context) for one in context.get("listeners", native)]
    stated = [
        address.get(field)
        for zone in zones
        for address in zone.get("LoadBalancerAddresses", ())
        for field in ("IpAddress", "PrivateIPv4Address", "IPv6Address")
    ]
    return LoadBalancer(
        id=native,
        name=raw.get("LoadBalancerName", ""),
        labels=tags(context.one("tags", native).get("Tags")),
        created_at=utc(raw.get("CreatedTime")),
        region=context.place.region,
        vpc=raw.get("VpcId", ""),
        subnets=tuple(sorted(zone["SubnetId"] for zone in zones if zone.get("SubnetId"))),
        scheme=SCHEMES.get(raw.get("Scheme", ""), ""),
        ips=sorted_addresses((*stated, *_of_interfaces(context, native.partition(":loadbalancer/")[2]))),
        dns_name=raw.get("DNSName", ""),
        listeners=_sorted(listeners),
    )


def _sorted(listeners: list[Listener]) -> tuple[Listener, ...]:
    return tuple(sorted(listeners, key=lambda one: (one.port or 0, one.protocol)))


def _of_interfaces(context: Context, name: str) -> Iterator[str | None]:
    for one in context.get("interfaces", BALANCER_INTERFACE + name):
        for address in one.get("PrivateIpAddresses", ()):
            yield address.get("PrivateIpAddress")
            yield address.get("Association", {}).get("PublicIp")
        yield one.get("PrivateIpAddress")
        yield one.get("Association", {}).get("PublicIp")
        for address in one.get("Ipv6Addresses", ()):
            yield address.get("Ipv6Address")


def _listener(raw: Raw, context: Context) -> Listener:
    """Maps <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html>.

    Its targets are those of its default action and of all its rules, however they are weighted.
    """
    actions = [*raw.get("DefaultActions", ())]
    for rule in context.get("rules", raw.get("ListenerArn", "")):
        actions += rule.get("Actions", ())
    groups = dict.fromkeys(group for action in actions for group in _groups(action))
    targets = {target for group in groups for target in _targets(group, context)}
    return Listener(
        raw.get("Protocol", "").upper(),
        raw.get("Port"),
        tuple(sorted(targets, key=lambda one: (one.vm, one.ip, one.port or 0))),
    )


def _groups(action: Raw) -> Iterator[str]:
    """Maps <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html>."""
    if action.get("TargetGroupArn"):
        yield action["TargetGroupArn"]
    for one in action.get("ForwardConfig", {}).get("TargetGroups", ()):
        yield one["TargetGroupArn"]


def _targets(group: str, context: Context) -> Iterator[Target]:
    """Maps <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetDescription.html>.

    A function, or another balancer, is no machine and has no address.
    """
    kind = context.one("groups", group).get("TargetType", "instance")
    for one in context.get("targets", group):
        target = one.get("Target", {})
        if kind == "instance":
            yield Target(vm=target.get("Id", ""), port=target.get("Port"))
        elif kind == "ip":
            yield from (Target(ip=ip, port=target.get("Port")) for ip in addresses(target.get("Id")))


LISTINGS: Final = (
    Listing(
        "load_balancer", "elb:DescribeLoadBalancers", "LoadBalancerDescriptions", classic, paging.BALANCERS,
        api="classic",
        joins=(
            Join(
                "tags", "elb:DescribeTags", "TagDescriptions", by="LoadBalancerName",
                each=chunks("", "LoadBalancerName", "LoadBalancerNames", 20),
            ),
            INTERFACES,
        ),
    ),
    Listing(
        "load_balancer", "elbv2:DescribeLoadBalancers", "LoadBalancers", balancer, paging.BALANCERS, api="v2",
        joins=(
            Join(
                "tags", "elbv2:DescribeTags", "TagDescriptions", by="ResourceArn",
                each=chunks("", "LoadBalancerArn", "ResourceArns", 20),
            ),
            Join(
                "listeners", "elbv2:DescribeListeners", "Listeners", paging.BALANCERS,
                each=each("", "LoadBalancerArn", "LoadBalancerArn"),
            ),
            Join(
                "rules", "elbv2:DescribeRules", "Rules", paging.BALANCERS,
                each=each("listeners", "ListenerArn", "ListenerArn"),
            ),
            Join("groups", "elbv2:DescribeTargetGroups", "TargetGroups", paging.BALANCERS, by="TargetGroupArn"),
            Join(
                "targets", "elbv2:DescribeTargetHealth", "TargetHealthDescriptions",
                each=each("groups", "TargetGroupArn", "TargetGroupArn"),
            ),
            INTERFACES,
        ),
    ),
)  # fmt: skip
"""What is listed of load balancers."""
