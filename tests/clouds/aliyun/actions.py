"""Aliyun's actions as a table: the service, its version, and of each action the list it gives, how, and of what.

From Aliyun's API metadata and reference: `https://api.aliyun.com/api/SERVICE/VERSION/ACTION`.
"""

from typing import Final, NamedTuple

VERSIONS: Final = {
    "2014-05-26": "ecs",
    "2016-04-28": "vpc",
    "2014-05-15": "slb",
    "2020-06-16": "alb",
    "2022-04-30": "nlb",
    "2024-04-15": "gwlb",
    "2022-01-01": "vpcpeer",
    "2017-09-12": "cbn",
    "2014-08-15": "rds",
    "2017-08-01": "polardb",
    "2020-02-02": "polardbx",
    "2019-01-23": "drds",
    "2015-01-01": "r-kvstore",
    "2015-12-15": "cs",
    "2015-04-01": "sts",
    "2022-04-19": "resourcedirectory",
}
RAM: Final = {"vpcpeer": "vpc", "cbn": "cen", "r-kvstore": "kvstore", "resourcedirectory": "resourcemanager"}
"""How RAM names a service where that is not the service's own name."""


class Numbered(NamedTuple):
    """Pages by number, and where an answer says the number, the size, and how many there are in all.

    `sizes` are the only ones that may be asked for, where there are only some; `least` and `most` otherwise.
    """

    most: int
    default: int = 10
    page: str = "PageNumber"
    size: str = "PageSize"
    total: str = "TotalCount"
    answers: tuple[str, str] = ("PageNumber", "PageSize")
    least: int = 1
    sizes: tuple[int, ...] = ()


class Tokened(NamedTuple):
    """Pages by token, and where an answer says the size again and how many there are in all.

    An empty `total` is one that Aliyun calls meaningless or leaves out; a `clamped` size is mended, not refused.
    """

    most: int
    default: int = 20
    size: str = "MaxResults"
    total: str = "TotalCount"
    answers: str = "MaxResults"
    least: int = 1
    clamped: bool = False
    token: str = "NextToken"


class Action(NamedTuple):
    """What an action gives.

    `items` is where its list is in an answer and `id` what names an item; without a list it gives one object.
    `pages` are the ways it pages: by token where a token or its size is given, else by number. `takes` are optional
    filters by the item's field, none where the parameter leaves nothing out; several values are joined by `.N` or are
    a JSON list. `of` are the parameters that say whose parts are asked for, and `missing` is the error where there is
    no such thing. A `central` action has no region.
    """

    items: str = ""
    id: str = ""
    pages: tuple[Numbered | Tokened, ...] = ()
    takes: tuple[tuple[str, str], ...] = ()
    of: tuple[str, ...] = ()
    missing: str = ""
    central: bool = False


ECS_TOKEN: Final = Tokened(100, 10, total="", answers="")
ECS_CLAMPED: Final = ECS_TOKEN._replace(least=10, clamped=True)
VPC_PAGES: Final = Numbered(50)
RDS_PAGES: Final = Numbered(100, 30, total="TotalRecordCount", answers=("PageNumber", "PageRecordCount"))
POLARDB_PAGES: Final = RDS_PAGES._replace(sizes=(30, 50, 100))
POLARDBX_PAGES: Final = Numbered(100, 30, total="TotalNumber", sizes=(30, 50, 100))
CS_PAGES: Final = Numbered(
    100, 10, "page_number", "page_size", "page_info.total_count", ("page_info.page_number", "page_info.page_size")
)
ATTACHED: Final = (("TransitRouterId", "TransitRouterId"), ("CenId", "CenId"))


def _regions(items: str) -> Action:
    return Action(items, "RegionId", central=True)


def _by(*names: str) -> tuple[tuple[str, str], ...]:
    """Filters that are called as the fields."""
    return tuple((name, name) for name in names)


def _attachments() -> Action:
    return Action("TransitRouterAttachments", "TransitRouterAttachmentId", (Tokened(100),), ATTACHED, central=True)


def _balancers(service: str) -> dict[str, Action]:
    most = 1000 if service == "gwlb" else 100
    pages = (Tokened(most),)
    servers = Tokened(1000 if service in {"alb", "gwlb"} else 100)
    return {
        f"{service}:DescribeRegions": _regions("Regions"),
        f"{service}:ListLoadBalancers": Action(
            "LoadBalancers", "LoadBalancerId", pages, (("LoadBalancerIds", "LoadBalancerId"), ("VpcIds", "VpcId"))
        ),
        f"{service}:ListListeners": Action(
            "Listeners", "ListenerId", pages, (("LoadBalancerIds", "LoadBalancerId"), ("ListenerIds", "ListenerId"))
        ),
        f"{service}:ListServerGroupServers": Action("Servers", "ServerId", (servers,), _by("ServerGroupId")),
    }


ACTIONS: Final[dict[str, Action]] = {
    "ecs:DescribeRegions": _regions("Regions.Region"),
    "ecs:DescribeZones": Action("Zones.Zone", "ZoneId", takes=(("Verbose", ""),)),
    "ecs:DescribeInstances": Action(
        "Instances.Instance",
        "InstanceId",
        (ECS_CLAMPED, Numbered(100)),
        (("InstanceIds", "InstanceId"), *_by("ZoneId")),
    ),
    "ecs:DescribeNetworkInterfaces": Action(
        "NetworkInterfaceSets.NetworkInterfaceSet",
        "NetworkInterfaceId",
        (ECS_CLAMPED._replace(most=500), Numbered(500)),
        _by("NetworkInterfaceId", "VpcId", "VSwitchId", "InstanceId", "Type", "Status"),
    ),
    "ecs:DescribeSecurityGroups": Action(
        "SecurityGroups.SecurityGroup", "SecurityGroupId", (ECS_TOKEN, Numbered(100)), _by("VpcId", "SecurityGroupId")
    ),
    "ecs:DescribeSecurityGroupAttribute": Action(
        "Permissions.Permission",
        "SecurityGroupRuleId",
        (Tokened(1000, 500, total="", answers="", least=10),),
        _by("Direction", "NicType"),
        ("SecurityGroupId",),
        "InvalidSecurityGroupId.NotFound",
    ),
    "vpc:DescribeVpcs": Action("Vpcs.Vpc", "VpcId", (VPC_PAGES,), _by("VpcId")),
    "vpc:DescribeVSwitches": Action(
        "VSwitches.VSwitch", "VSwitchId", (VPC_PAGES,), _by("VpcId", "VSwitchId", "ZoneId")
    ),
    "vpc:DescribeRouteTableList": Action(
        "RouterTableList.RouterTableListType", "RouteTableId", (VPC_PAGES,), _by("VpcId", "RouteTableId", "RouterType")
    ),
    "vpc:DescribeRouteEntryList": Action(
        "RouteEntrys.RouteEntry",
        "DestinationCidrBlock",
        (Tokened(500, 10, "MaxResult", answers=""),),
        (("RouteEntryType", "Type"), *_by("IpVersion")),
        ("RouteTableId",),
        "InvalidRouteTableId.NotFound",
    ),
    "vpc:DescribeNatGateways": Action(
        "NatGateways.NatGateway", "NatGatewayId", (VPC_PAGES,), _by("NatGatewayId", "VpcId", "NetworkType")
    ),
    "vpc:DescribeSnatTableEntries": Action(
        "SnatTableEntries.SnatTableEntry", "SnatEntryId", (VPC_PAGES,), _by("NatGatewayId", "SnatTableId")
    ),
    "vpc:DescribeForwardTableEntries": Action(
        "ForwardTableEntries.ForwardTableEntry", "ForwardEntryId", (VPC_PAGES,), _by("NatGatewayId", "ForwardTableId")
    ),
    "vpc:ListFullNatEntries": Action(
        "FullNatEntries", "FullNatEntryId", (Tokened(100),), of=("NatGatewayId",), missing="ResourceNotFound.NatGateway"
    ),
    "vpc:ListNatIps": Action(
        "NatIps", "NatIpId", (Tokened(100, answers=""),), of=("NatGatewayId",), missing="ResourceNotFound.NatGateway"
    ),
    "vpc:DescribeEipAddresses": Action(
        "EipAddresses.EipAddress", "AllocationId", (Numbered(100),), (*_by("AllocationId", "Status"),)
    ),
    "vpc:DescribeRouterInterfaces": Action("RouterInterfaceSet.RouterInterfaceType", "RouterInterfaceId", (VPC_PAGES,)),
    "slb:DescribeRegions": _regions("Regions.Region"),
    "slb:DescribeLoadBalancers": Action(
        "LoadBalancers.LoadBalancer",
        "LoadBalancerId",
        (Numbered(100, 50),),
        _by("LoadBalancerId", "VpcId", "AddressType"),
    ),
    "slb:DescribeLoadBalancerListeners": Action(
        "Listeners", "ListenerPort", (Tokened(100),), _by("LoadBalancerId", "ListenerProtocol")
    ),
    "slb:DescribeRules": Action(
        "Rules.Rule", "RuleId", of=("LoadBalancerId", "ListenerPort"), missing="InvalidListenerPort.NotFound",
        takes=(("ListenerProtocol", ""),),
    ),
    "slb:DescribeVServerGroupAttribute": Action(
        of=("VServerGroupId",), missing="The specified VServerGroupId does not exist."
    ),
    "slb:DescribeMasterSlaveServerGroupAttribute": Action(
        of=("MasterSlaveServerGroupId",), missing="MasterSlaveServerGroupNotExist"
    ),
    "slb:DescribeLoadBalancerAttribute": Action(of=("LoadBalancerId",), missing="InvalidLoadBalancerId.NotFound"),
    **_balancers("alb"),
    "alb:GetLoadBalancerAttribute": Action(of=("LoadBalancerId",), missing="ResourceNotFound.LoadBalancer"),
    "alb:ListRules": Action(
        "Rules", "RuleId", (Tokened(100),), (("ListenerIds", "ListenerId"), ("LoadBalancerIds", "LoadBalancerId"))
    ),
    **_balancers("nlb"),
    **_balancers("gwlb"),
    "vpcpeer:ListVpcPeerConnections": Action("VpcPeerConnects", "InstanceId", (Tokened(100),), _by("InstanceId")),
    "cbn:DescribeCens": Action("Cens.Cen", "CenId", (VPC_PAGES,), central=True),
    "cbn:ListTransitRouters": Action(
        "TransitRouters", "TransitRouterId", (VPC_PAGES,), _by("CenId", "TransitRouterId"), central=True
    ),
    "cbn:DescribeCenAttachedChildInstances": Action(
        "ChildInstances.ChildInstance", "ChildInstanceId", (VPC_PAGES,), of=("CenId",),
        missing="ParameterInstanceId.NotFound", central=True,
    ),
    "cbn:ListTransitRouterVpcAttachments": _attachments(),
    "cbn:ListTransitRouterVbrAttachments": _attachments(),
    "cbn:ListTransitRouterVpnAttachments": _attachments(),
    "cbn:ListTransitRouterEcrAttachments": _attachments(),
    "rds:DescribeRegions": _regions("Regions.RDSRegion"),
    "rds:DescribeDBInstances": Action(
        "Items.DBInstance",
        "DBInstanceId",
        (Tokened(100, 30, total="", answers=""), RDS_PAGES),
        _by("DBInstanceId", "Engine", "VpcId"),
    ),
    "rds:DescribeDBInstanceNetInfo": Action(
        "DBInstanceNetInfos.DBInstanceNetInfo", "ConnectionString", of=("DBInstanceId",),
        missing="InvalidDBInstanceName.NotFound",
    ),
    "rds:ListTagResources": Action(
        "TagResources.TagResource", "ResourceId", (Tokened(50, 50, "", "", ""),), _by("ResourceId", "ResourceType")
    ),
    "polardb:DescribeRegions": _regions("Regions.Region"),
    "polardb:DescribeDBClusters": Action("Items.DBCluster", "DBClusterId", (POLARDB_PAGES,), _by("DBType")),
    "polardb:DescribeDBClusterEndpoints": Action(
        "Items", "DBEndpointId", of=("DBClusterId",), missing="InvalidDBClusterId.NotFound"
    ),
    "polardbx:DescribeRegions": _regions("Regions.Region"),
    "polardbx:DescribeDBInstances": Action("DBInstances", "DBInstanceName", (POLARDBX_PAGES,), _by("Series")),
    "polardbx:DescribeDBInstanceAttribute": Action(of=("DBInstanceName",), missing="DBInstance.NotFound"),
    "drds:DescribeDrdsInstances": Action(
        "Instances.Instance", "DrdsInstanceId", (Numbered(100, 30, total="Total"),), _by("Type")
    ),
    "drds:ListTagResources": Action(
        "TagResources.TagResource", "ResourceId", (Tokened(50, 50, "", "", ""),), _by("ResourceId", "ResourceType")
    ),
    "r-kvstore:DescribeRegions": _regions("RegionIds.KVStoreRegion"),
    "r-kvstore:DescribeInstances": Action(
        "Instances.KVStoreInstance", "InstanceId", (Numbered(50, 30),), (("InstanceIds", "InstanceId"), *_by("VpcId"))
    ),
    "r-kvstore:DescribeDBInstanceNetInfo": Action(
        "NetInfoItems.InstanceNetInfo", "ConnectionString", of=("InstanceId",), missing="InvalidInstanceId.NotFound"
    ),
    "cs:DescribeClustersV1": Action(
        "clusters", "cluster_id", (CS_PAGES,), _by("region_id", "cluster_id"), central=True
    ),
}  # fmt: skip
"""STS and the resource directory are in `identity.py`: what they say depends on who asks."""
