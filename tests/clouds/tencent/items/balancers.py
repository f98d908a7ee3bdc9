"""Load balancers: CLB <https://cloud.tencent.com/document/api/214>, ALB /document/api/1828,
GWLB /document/api/1782."""

from collections.abc import Mapping, Sequence

from clouds.tencent.items.common import MADE, NONE, Item, tag_list


def balancer(
    native: str, name: str, region: str, vpc: str, vips: Sequence[str], *, subnet: str = "", network: str = "OPEN",
    forward: int = 1, domain: str = "", six: str | None = None, groups: Sequence[str] = (),
    tags: Mapping[str, str] = NONE,
) -> Item:  # fmt: skip
    """A CLB; `forward` 0 is a classic one, which has a domain. An IPv6 one has its address in `six`."""
    return {
        "LoadBalancerId": native, "LoadBalancerName": name, "LoadBalancerType": network, "Forward": forward,
        "Domain": domain,
        "LoadBalancerVips": list(vips), "Status": 1, "CreateTime": MADE, "StatusTime": MADE, "ProjectId": 0,
        "VpcId": vpc, "OpenBgp": 0, "Snat": False, "Isolation": 0, "Log": "", "SubnetId": subnet,
        "Tags": tag_list(tags), "SecureGroups": list(groups),
        "TargetRegionInfo": {"Region": region, "VpcId": vpc, "NumericalVpcId": 1111113}, "AnycastZone": "",
        "AddressIPVersion": "ipv6" if six else "ipv4", "NumericalVpcId": 1111113, "VipIsp": "BGP", "MasterZone": None,
        "BackupZoneSet": None, "IsolatedTime": None, "ExpireTime": None, "ChargeType": "POSTPAID_BY_HOUR",
        "NetworkAttributes": None, "PrepaidAttributes": None, "LogSetId": "", "LogTopicId": "", "AddressIPv6": six,
        "ExtraInfo": None, "IsDDos": False, "ConfigId": "", "LoadBalancerPassToTarget": False,
        "ExclusiveCluster": None, "IPv6Mode": "IPv6FullChain" if six else None, "SnatPro": False, "SnatIps": [],
        "SlaType": "", "IsBlock": False, "IsBlockTime": "", "LocalBgp": False, "ClusterTag": None,
        "MixIpTarget": False, "Zones": None, "NfvInfo": "", "HealthLogSetId": "", "HealthLogTopicId": "",
        "ClusterIds": None, "AttributeFlags": [], "LoadBalancerDomain": "", "Egress": "",
    }  # fmt: skip


def listener(
    native: str, protocol: str, port: int, *, end: int = 0, rules: Sequence[Item] | None = None, group: str = ""
) -> Item:
    return {
        "ListenerId": native, "Protocol": protocol, "Port": port, "Certificate": None, "HealthCheck": None,
        "Scheduler": "WRR" if rules is None else None, "SessionExpireTime": 0, "SniSwitch": 0,
        "Rules": None if rules is None else list(rules), "ListenerName": native, "CreateTime": MADE, "EndPort": end,
        "TargetType": "TARGETGROUP" if group else "NODE",
        "TargetGroup": {"TargetGroupId": group, "TargetGroupName": group, "Weight": None} if group else None,
        "SessionType": "NORMAL", "KeepaliveEnable": None, "Toa": False, "DeregisterTargetRst": False, "AttrFlags": [],
        "TargetGroupList": None, "MaxConn": -1, "MaxCps": -1, "IdleConnectTimeout": None,
    }  # fmt: skip


def rule(native: str, listener: str, domain: str, url: str) -> Item:
    return {
        "LocationId": native, "Domain": domain, "Url": url, "SessionExpireTime": 0, "HealthCheck": None,
        "Certificate": None, "Scheduler": "WRR", "ListenerId": listener, "RewriteTarget": None, "HttpGzip": True,
        "BeAutoCreated": False, "DefaultServer": True, "Http2": False, "ForwardType": "HTTP", "CreateTime": MADE,
        "TargetType": "NODE", "TargetGroup": None, "WafDomainId": None, "Domains": [domain], "TargetGroupList": None,
    }  # fmt: skip


def backend(instance: str, ip: str, port: int, kind: str = "CVM", interface: str = "") -> Item:
    return {
        "Type": kind, "InstanceId": instance, "Port": port, "Weight": 10, "PublicIpAddresses": None,
        "PrivateIpAddresses": [ip], "InstanceName": instance, "RegisteredTime": MADE, "EniId": interface, "Tag": None,
    }  # fmt: skip


def listener_backends(
    native: str, protocol: str, port: int, targets: Sequence[Item] | None = None,
    rules: Mapping[str, Sequence[Item]] | None = None, end: int = 0,
) -> Item:  # fmt: skip
    """`rules` are the targets by location id: those of a layer 7 listener."""
    return {
        "ListenerId": native, "Protocol": protocol, "Port": port, "EndPort": end,
        "Targets": None if targets is None else list(targets),
        "Rules": None if rules is None else [
            {"LocationId": one, "Domain": "www.example.com", "Url": "/", "Targets": list(those),
            "FunctionTargets": []}
            for one, those in rules.items()
        ],
    }  # fmt: skip


def classic_listener(native: str, protocol: str, port: int, instance_port: int) -> Item:
    return {
        "ListenerId": native, "ListenerPort": port, "InstancePort": instance_port, "ListenerName": native,
        "Protocol": protocol, "SessionExpire": 0, "HealthSwitch": 1, "TimeOut": 2, "IntervalTime": 5, "HealthNum": 3,
        "UnhealthNum": 3, "HttpHash": "", "HttpCode": 31, "HttpCheckPath": "", "SSLMode": "", "CertId": "",
        "CertCaId": "", "Status": 1,
    }  # fmt: skip


def classic_target(instance: str, ip: str) -> Item:
    return {
        "Type": "CVM", "InstanceId": instance, "Weight": 10, "PublicIpAddresses": [], "PrivateIpAddresses": [ip],
        "InstanceName": instance, "RunFlag": 2,
    }  # fmt: skip


def target_group(native: str, vpc: str, protocol: str | None, port: int) -> Item:
    return {
        "TargetGroupId": native, "VpcId": vpc, "TargetGroupName": native, "Port": port, "CreatedTime": MADE,
        "UpdatedTime": MADE, "AssociatedRule": [], "Protocol": protocol,
        "AssociatedRuleCount": 1, "RegisteredInstancesCount": 1, "Tag": [],
    }  # fmt: skip


def group_member(group: str, instance: str, ip: str, port: int, interface: str = "") -> Item:
    return {
        "TargetGroupId": group, "Type": "CVM", "InstanceId": instance, "Port": port, "Weight": 10,
        "PublicIpAddresses": [], "PrivateIpAddresses": [ip], "InstanceName": instance, "RegisteredTime": MADE,
        "EniId": interface, "ZoneId": 100003,
    }  # fmt: skip


def gateway_balancer(
    native: str, name: str, vpc: str, subnet: str, vip: str, group: str, tags: Mapping[str, str] = NONE
) -> Item:
    return {
        "LoadBalancerId": native, "LoadBalancerName": name, "VpcId": vpc, "SubnetId": subnet, "Vips": [vip],
        "Status": 1,
        "TargetGroupId": group, "DeleteProtect": False, "Tags": tag_list(tags), "CreateTime": MADE,
        "ChargeType": "POSTPAID_BY_HOUR", "Isolation": 0, "IsolatedTime": "", "OperateProtect": False,
    }  # fmt: skip


def application_balancer(
    native: str, name: str, vpc: str, mappings: Sequence[tuple[str, str, str, str]], *, network: str = "Intranet",
    tags: Mapping[str, str] = NONE,
) -> Item:  # fmt: skip
    """The detail of an ALB; `mappings` are (zone, subnet, IPv4, IPv6 or empty)."""
    return {
        "AccessLogConfig": {"LogSetId": "", "LogTopicId": ""}, "AddressIpVersion": "IPv4", "AddressType": network,
        "CreateTime": "2026-01-15T08:30:00+08:00",
        "DeletionProtection": {"DeletionProtectionEnabled": False, "Reason": ""},
        "Domain": f"{native}-c0rpri8t217fy3ii.gz-tencentalb.com",
        "LoadBalancerBillingConfig": {"ChargeType": "POSTPAID_BY_HOUR", "BandwidthPackageId": ""},
        "LoadBalancerId": native, "LoadBalancerName": name, "LoadBalancerOperationLocks": [],
        "LoadBalancerStatus": "Active",
        "ModificationProtection": {"ModificationProtectionEnabled": False, "OperatorUin": "", "Reason": ""},
        "SecurityGroupIds": [], "Tags": tag_list(tags), "VpcId": vpc,
        "ZoneMappings": [
            {
                "ZoneId": zone, "SubnetId": subnet, "Status": "Active",
                "LoadBalancerAddress": {
                    "IPv4Address": [{"Address": four, "AddressId": ""}],
                    "IPv6Address": [{"Address": six, "AddressId": ""}] if six else [],
                },
            }
            for zone, subnet, four, six in mappings
        ],
    }  # fmt: skip


def listed_application_balancer(detail: Item) -> Item:
    """What the list tells of an ALB: its addresses are in the detail alone."""
    return {
        name: value
        for name, value in detail.items()
        if name not in {"AccessLogConfig", "SecurityGroupIds", "ZoneMappings"}
    }


def application_listener(native: str, protocol: str, port: int) -> Item:
    return {
        "ListenerId": native, "ListenerName": native, "ListenerProtocol": protocol, "ListenerPort": port,
        "ListenerStatus": "Active", "GzipEnabled": False, "Http2Enable": False, "CaEnable": False,
        "RequestTimeout": 60, "IdleTimeout": 15, "TlsSecurityPolicyId": "", "XForwardedForConfig": None, "Tags": [],
        "CreateTime": "2026-01-15T08:30:00+08:00",
    }  # fmt: skip


def application_rule(native: str, host: str, groups: Sequence[str]) -> Item:
    return {
        "RuleId": native, "Priority": 1, "RuleName": native, "Direction": "Request",
        "Conditions": [{"Type": "Host", "HostConfig": [host]}],
        "Actions": [
            {
                "Type": "TargetGroup", "Order": 1,
                "TargetGroupConfig": {"TargetGroups": [{"TargetGroupId": one, "Weight": 10} for one in groups]},
            }
        ],
        "Status": "Active", "Tags": [],
    }  # fmt: skip


def application_group(native: str, vpc: str) -> Item:
    return {
        "TargetGroupId": native, "TargetGroupName": native, "TargetType": "Instance", "Protocol": "HTTP",
        "VpcId": vpc,
        "SchedulerAlgorithm": "wrr", "CreateTime": "2026-01-15T08:30:00+08:00", "KeepaliveEnabled": False, "Tags": [],
        "RelatedLoadBalancersCount": 1, "TargetGroupStatus": "Active", "HealthCheckConfig": None,
        "StickySessionConfig": {"StickySessionEnabled": False},
    }  # fmt: skip


def application_target(instance: str, ip: str, port: int, interface: str) -> Item:
    return {
        "TargetIp": ip, "Port": port, "Weight": 10, "TargetStatus": "Active", "TargetType": "CVM",
        "TargetId": instance, "TargetName": "", "EniId": interface,
    }  # fmt: skip
