"""Aliyun's services: their versions, hosts and RAM codes, as tables.

Hosts and versions are those of the vendor's own SDKs (`alibabacloud_ecs20140526` and so on, PyPI); RAM codes are those
of <https://www.alibabacloud.com/help/en/ram/product-overview/services-that-work-with-ram>.
"""

from typing import Final, NamedTuple


class Service(NamedTuple):
    """One service. `host` is that of a service without regional hosts; `ram` is its code in policies if not its name.

    `region` is the parameter that names the region, empty for a service that knows none. `path` is set for an API
    that is called by GET and path (ROA) instead of by name (RPC).
    """

    version: str
    host: str = ""
    ram: str = ""
    region: str = "RegionId"
    path: str = ""


SERVICES: Final = {
    "alb": Service("2020-06-16"),
    "cbn": Service("2017-09-12", "cbn.aliyuncs.com", "cen", region=""),
    "cs": Service("2015-12-15", region="region_id", path="/api/v1/clusters"),
    "drds": Service("2019-01-23"),
    "ecs": Service("2014-05-26"),
    "gwlb": Service("2024-04-15"),
    "nlb": Service("2022-04-30"),
    "polardb": Service("2017-08-01"),
    "polardbx": Service("2020-02-02"),
    "r-kvstore": Service("2015-01-01", ram="kvstore"),
    "rds": Service("2014-08-15"),
    "resourcedirectory": Service("2022-04-19", "resourcedirectory.aliyuncs.com", "resourcemanager", region=""),
    "slb": Service("2014-05-15"),
    "sts": Service("2015-04-01", "sts.aliyuncs.com", region=""),
    "vpc": Service("2016-04-28"),
    "vpcpeer": Service("2022-01-01", "vpcpeer.aliyuncs.com", "vpc"),
}

IN_BODY: Final = frozenset(
    {
        "gwlb:DescribeRegions",
        "gwlb:ListListeners",
        "gwlb:ListLoadBalancers",
        "gwlb:ListServerGroupServers",
        "nlb:ListServerGroupServers",
        "vpcpeer:ListVpcPeerConnections",
    }
)
"""The calls whose parameters are a form in the body; those of all others are in the query."""

OMITTED: Final = {
    "alb:ListListeners": "Listeners",
    "alb:ListLoadBalancers": "LoadBalancers",
    "alb:ListRules": "Rules",
    "alb:ListServerGroupServers": "Servers",
    "cbn:ListTransitRouterEcrAttachments": "TransitRouterAttachments",
    "cbn:ListTransitRouterVbrAttachments": "TransitRouterAttachments",
    "cbn:ListTransitRouterVpcAttachments": "TransitRouterAttachments",
    "cbn:ListTransitRouterVpnAttachments": "TransitRouterAttachments",
    "cbn:ListTransitRouters": "TransitRouters",
    "gwlb:ListListeners": "Listeners",
    "gwlb:ListLoadBalancers": "LoadBalancers",
    "gwlb:ListServerGroupServers": "Servers",
    "nlb:ListListeners": "Listeners",
    "nlb:ListLoadBalancers": "LoadBalancers",
    "nlb:ListServerGroupServers": "Servers",
    "slb:DescribeLoadBalancerListeners": "Listeners",
    "vpc:ListFullNatEntries": "FullNatEntries",
    "vpc:ListNatIps": "NatIps",
    "vpcpeer:ListVpcPeerConnections": "VpcPeerConnects",
}
"""The lists that an answer may leave out where it says that their count is 0, as some of their pages tell."""

READ: Final = {
    "ecs:DescribeInstances": (
        "Instances.Instance",
        frozenset(
            {
                "CreationTime",
                "DedicatedHostAttribute",
                "EipAddress",
                "InnerIpAddress",
                "InstanceId",
                "InstanceName",
                "InstanceType",
                "NetworkInterfaces",
                "PublicIpAddress",
                "SecurityGroupIds",
                "Status",
                "Tags",
                "VpcAttributes",
                "ZoneId",
            }
        ),
    ),
}
"""The longest list, and what its map reads of an item: all of 20,000 machines would take 200 MB."""

_HANGZHOU: Final = ("cn-hangzhou", "cn-shanghai-finance-1", "cn-shenzhen-finance-1")
_OLD: Final = (
    "ap-southeast-1",
    "cn-beijing",
    "cn-hangzhou",
    "cn-hongkong",
    "cn-north-2-gov-1",
    "cn-qingdao",
    "cn-shanghai",
    "cn-shanghai-finance-1",
    "cn-shenzhen",
    "cn-shenzhen-finance-1",
    "us-east-1",
    "us-west-1",
)

_ELSEWHERE: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "drds": {
        "drds.aliyuncs.com": ("cn-beijing-finance-1", "cn-chengdu", "cn-hangzhou-finance"),
        "drds.ap-southeast-1.aliyuncs.com": (
            "ap-northeast-1",
            "ap-south-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-5",
            "eu-central-1",
            "eu-west-1",
            "me-east-1",
            "us-west-1",
        ),
    },
    "ecs": {
        "ecs-cn-hangzhou.aliyuncs.com": _HANGZHOU,
        "ecs.aliyuncs.com": ("cn-hangzhou-finance", "cn-north-2-gov-1"),
    },
    "polardb": {
        "polardb.aliyuncs.com": (
            "cn-beijing",
            "cn-beijing-finance-1",
            "cn-hangzhou",
            "cn-hangzhou-finance",
            "cn-heyuan",
            "cn-qingdao",
            "cn-shanghai",
            "cn-wulanchabu",
        ),
    },
    "polardbx": {
        "polardbx.aliyuncs.com": (
            "ap-northeast-1",
            "ap-south-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-5",
            "cn-beijing-finance-1",
            "cn-north-2-gov-1",
            "cn-qingdao",
            "cn-shanghai-finance-1",
            "cn-shenzhen-finance-1",
            "cn-wulanchabu",
            "eu-central-1",
            "eu-west-1",
            "me-east-1",
        ),
    },
    "r-kvstore": {"r-kvstore.aliyuncs.com": ("cn-hangzhou", "cn-hangzhou-finance")},
    "rds": {
        "rds-vpc.cn-hangzhou-finance.aliyuncs.com": ("cn-hangzhou-finance",),
        "rds.aliyuncs.com": (*_OLD, "cn-beijing-finance-1", "cn-heyuan"),
    },
    "slb": {"slb.aliyuncs.com": (*_OLD, "cn-hangzhou-finance")},
    "vpc": {"vpc.aliyuncs.com": (*_HANGZHOU, "cn-hangzhou-finance", "cn-north-2-gov-1")},
}
"""By service: the hosts of regions that have none of their own."""

_HOSTS: Final = {
    (service, region): found
    for service, hosts in _ELSEWHERE.items()
    for found, regions in hosts.items()
    for region in regions
}


def host(service: str, region: str) -> str:
    """The host of a service in a region."""
    return SERVICES[service].host or _HOSTS.get((service, region), f"{service}.{region}.aliyuncs.com")


_FURTHER: Final = {"cs:DescribeClustersV1": ("cs:GetClusters",)}
"""The calls that need another action than their own as well."""


def grants(action: str) -> tuple[str, ...]:
    """The RAM actions that allow a call: `r-kvstore:DescribeInstances` → `kvstore:DescribeInstances`."""
    service, _, operation = action.partition(":")
    return (f"{SERVICES[service].ram or service}:{operation}", *_FURTHER.get(action, ()))


def grant(action: str) -> str:
    """The same as messages say it."""
    return " and ".join(grants(action))
