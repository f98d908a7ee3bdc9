"""The actions that the fake knows, by Tencent Cloud's API documents (<https://cloud.tencent.com/document/api>).

A parameter that is documented and not in this table is refused like one that is not: what the fake would not honour,
it does not accept.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

VERSIONS = {
    "alb": "2025-10-30",
    "cdb": "2017-03-20",
    "clb": "2018-03-17",
    "cvm": "2017-03-12",
    "cynosdb": "2019-01-07",
    "dcdb": "2018-04-11",
    "gwlb": "2024-09-06",
    "mariadb": "2017-03-12",
    "organization": "2021-03-31",
    "postgres": "2017-03-12",
    "redis": "2018-04-12",
    "region": "2022-06-27",
    "sqlserver": "2018-03-28",
    "sts": "2018-08-13",
    "tke": "2018-05-25",
    "vpc": "2017-03-12",
}
WITHOUT_REGION = frozenset({"organization", "region"})


class Paging(NamedTuple):
    """How a list is paged: `offset` counts items, `page` counts pages, `token` is given with each page.

    `text`: numbers travel as strings. `aligned`: an offset must be a multiple of the limit.
    """

    style: Literal["whole", "offset", "page", "token"] = "offset"
    default: int = 20
    most: int = 100
    text: bool = False
    aligned: bool = False
    least: int = 1


WHOLE = Paging("whole")
OFFSET = Paging()
TEXT = Paging(text=True)
TOKEN = Paging("token")


class Action(NamedTuple):
    """One action that lists.

    `items` names the list in the answer, `id` an item's id, `kind` what it is in the model, where an item is a
    resource of its own. `ids` are the parameters that pick by a list of values, `equal` those that pick by one value,
    `filters` the names that `Filters` may have; each with the path in an item. `of` is a required parameter that says
    whose items are asked for. `only` are parameters of which the fake knows one value. `needs` are those that must be
    there. `total` names the count, `echo` what is given back as it was asked, `one` is True where there is no list but
    one object.
    """

    items: str
    id: str = ""
    kind: str = ""
    paging: Paging = OFFSET
    ids: Mapping[str, str] = {}
    equal: Mapping[str, str] = {}
    filters: Mapping[str, str] = {}
    of: str = ""
    only: Mapping[str, object] = {}
    needs: tuple[str, ...] = ()
    total: str = "TotalCount"
    echo: tuple[str, ...] = ()
    one: bool = False


ACTIONS: dict[str, Action] = {
    # ---- accounts and places
    "organization:DescribeOrganizationMembers": Action(
        "Items", "MemberUin", paging=Paging(default=10, most=50, aligned=True), needs=("Offset", "Limit"), total="Total"
    ),
    "region:DescribeRegions": Action(
        "RegionSet", "Region", "region", WHOLE, only={"Product": "cvm"}, needs=("Product",)
    ),
    "cvm:DescribeZones": Action("ZoneSet", "Zone", "az", WHOLE),
    # ---- machines
    "cvm:DescribeInstances": Action(
        "InstanceSet", "InstanceId", "vm",
        ids={"InstanceIds": "InstanceId"},
        filters={"zone": "Placement.Zone", "vpc-id": "VirtualPrivateCloud.VpcId", "instance-state": "InstanceState"},
    ),
    "cvm:DescribeHosts": Action("HostSet", "HostId", "host", filters={"zone": "Placement.Zone"}),
    # ---- networks
    "vpc:DescribeVpcs": Action(
        "VpcSet", "VpcId", "vpc", TEXT,
        ids={"VpcIds": "VpcId"}, filters={"vpc-id": "VpcId", "vpc-name": "VpcName"},
    ),
    "vpc:DescribeSubnets": Action(
        "SubnetSet", "SubnetId", "subnet", TEXT,
        ids={"SubnetIds": "SubnetId"}, filters={"subnet-id": "SubnetId", "vpc-id": "VpcId", "zone": "Zone"},
    ),
    "vpc:DescribeRouteTables": Action(
        "RouteTableSet", "RouteTableId", "router", TEXT,
        ids={"RouteTableIds": "RouteTableId"}, filters={"route-table-id": "RouteTableId", "vpc-id": "VpcId"},
        only={"NeedRouterInfo": True},
    ),
    "vpc:DescribeRoutes": Action(
        "RouteSet", "RouteItemId", filters={"route-table-id": "RouteTableId", "gateway-id": "GatewayId"}
    ),
    "vpc:DescribeSecurityGroups": Action(
        "SecurityGroupSet", "SecurityGroupId", "security_group", TEXT,
        ids={"SecurityGroupIds": "SecurityGroupId"},
        filters={"security-group-id": "SecurityGroupId", "security-group-name": "SecurityGroupName"},
    ),
    "vpc:DescribeSecurityGroupPolicies": Action(
        "SecurityGroupPolicySet", paging=WHOLE, of="SecurityGroupId", total="", one=True
    ),
    "vpc:DescribeServiceTemplates": Action(
        "ServiceTemplateSet", "ServiceTemplateId", paging=TEXT, filters={"service-template-id": "ServiceTemplateId"}
    ),
    "vpc:DescribeServiceTemplateGroups": Action(
        "ServiceTemplateGroupSet", "ServiceTemplateGroupId", paging=TEXT,
        filters={"service-template-group-id": "ServiceTemplateGroupId"},
    ),
    "vpc:DescribeNetworkInterfaces": Action(
        "NetworkInterfaceSet", "NetworkInterfaceId", "network_interface",
        ids={"NetworkInterfaceIds": "NetworkInterfaceId"},
        filters={"vpc-id": "VpcId", "subnet-id": "SubnetId", "attachment.instance-id": "Attachment.InstanceId"},
    ),
    "vpc:DescribeHaVips": Action(
        "HaVipSet", "HaVipId", "network_interface",
        ids={"HaVipIds": "HaVipId"}, filters={"vpc-id": "VpcId", "subnet-id": "SubnetId"},
    ),
    "vpc:DescribeAddresses": Action(
        "AddressSet", "AddressId", "public_ip",
        ids={"AddressIds": "AddressId"},
        filters={"address-id": "AddressId", "address-status": "AddressStatus", "instance-id": "InstanceId"},
    ),
    "vpc:DescribeIPv6Addresses": Action(
        "AddressSet", "AddressId", "public_ip",
        ids={"IPv6AddressIds": "AddressId"},
        filters={"address-id": "AddressId", "address-status": "AddressStatus", "instance-id": "InstanceId"},
    ),
    "vpc:DescribeNatGateways": Action(
        "NatGatewaySet", "NatGatewayId", "nat_gateway",
        ids={"NatGatewayIds": "NatGatewayId"}, filters={"nat-gateway-id": "NatGatewayId", "vpc-id": "VpcId"},
    ),
    "vpc:DescribeNatGatewaySourceIpTranslationNatRules": Action(
        "SourceIpTranslationNatRuleSet", "NatGatewaySnatId", of="NatGatewayId"
    ),
    "vpc:DescribeNatGatewayDestinationIpPortTranslationNatRules": Action(
        "NatGatewayDestinationIpPortTranslationNatRuleSet", "NatGatewayId",
        ids={"NatGatewayIds": "NatGatewayId"}, filters={"nat-gateway-id": "NatGatewayId", "vpc-id": "VpcId"},
    ),
    "vpc:DescribePrivateNatGateways": Action(
        "PrivateNatGatewaySet", "NatGatewayId", "nat_gateway",
        ids={"NatGatewayIds": "NatGatewayId"}, filters={"NatGatewayId": "NatGatewayId", "VpcId": "VpcId"},
    ),
    "vpc:DescribePrivateNatGatewayTranslationNatRules": Action("TranslationNatRuleSet", of="NatGatewayId"),
    "vpc:DescribePrivateNatGatewayDestinationIpPortTranslationNatRules": Action(
        "LocalDestinationIpPortTranslationNatRuleSet", of="NatGatewayId"
    ),
    "vpc:DescribeVpcPeeringConnections": Action(
        "PeerConnectionSet", "PeeringConnectionId", "peering_connection",
        ids={"PeeringConnectionIds": "PeeringConnectionId"}, filters={"state": "State"},
    ),
    "vpc:DescribeCcns": Action(
        "CcnSet", "CcnId", "cen", ids={"CcnIds": "CcnId"}, filters={"ccn-id": "CcnId", "state": "State"}
    ),
    "vpc:DescribeCcnAttachedInstances": Action(
        "InstanceSet", "InstanceId", equal={"CcnId": "CcnId"},
        filters={"ccn-id": "CcnId", "instance-type": "InstanceType", "instance-region": "InstanceRegion"},
    ),
    # ---- load balancers
    "clb:DescribeLoadBalancers": Action(
        "LoadBalancerSet", "LoadBalancerId", "load_balancer",
        ids={"LoadBalancerIds": "LoadBalancerId"},
        equal={"Forward": "Forward", "LoadBalancerType": "LoadBalancerType", "VpcId": "VpcId"},
    ),
    "clb:DescribeListeners": Action("Listeners", "ListenerId", paging=WHOLE, of="LoadBalancerId"),
    "clb:DescribeTargets": Action("Listeners", "ListenerId", paging=WHOLE, of="LoadBalancerId", total=""),
    "clb:DescribeClassicalLBListeners": Action("Listeners", "ListenerId", paging=WHOLE, of="LoadBalancerId", total=""),
    "clb:DescribeClassicalLBTargets": Action("Targets", "InstanceId", paging=WHOLE, of="LoadBalancerId", total=""),
    "clb:DescribeTargetGroups": Action(
        "TargetGroupSet", "TargetGroupId",
        ids={"TargetGroupIds": "TargetGroupId"}, filters={"TargetGroupVpcId": "VpcId"},
    ),
    "clb:DescribeTargetGroupInstances": Action(
        "TargetGroupInstanceSet", "InstanceId", filters={"TargetGroupId": "TargetGroupId"}, needs=("Filters",)
    ),
    "alb:DescribeLoadBalancers": Action(
        "LoadBalancers", "LoadBalancerId", "load_balancer", TOKEN,
        filters={"LoadBalancerId": "LoadBalancerId", "VpcId": "VpcId"}, echo=("MaxResults",),
    ),
    "alb:DescribeLoadBalancerDetail": Action(
        "LoadBalancerDetail", paging=WHOLE, of="LoadBalancerId", total="", one=True
    ),
    "alb:DescribeListeners": Action(
        "Listeners", "ListenerId", paging=TOKEN, of="LoadBalancerId", echo=("LoadBalancerId", "MaxResults")
    ),
    "alb:DescribeRules": Action("Rules", "RuleId", paging=TOKEN, of="ListenerId", needs=("LoadBalancerId",)),
    "alb:DescribeTargetGroups": Action(
        "TargetGroups", "TargetGroupId", paging=TOKEN,
        ids={"TargetGroupIds": "TargetGroupId"}, filters={"VpcId": "VpcId"},
    ),
    "alb:DescribeTargetGroupTargets": Action("Targets", "TargetIp", paging=TOKEN, of="TargetGroupId"),
    "gwlb:DescribeGatewayLoadBalancers": Action(
        "LoadBalancerSet", "LoadBalancerId", "load_balancer", ids={"LoadBalancerIds": "LoadBalancerId"}
    ),
    "gwlb:DescribeTargetGroups": Action(
        "TargetGroupSet", "TargetGroupId", paging=Paging(most=1000), ids={"TargetGroupIds": "TargetGroupId"}
    ),
    "gwlb:DescribeTargetGroupInstances": Action(
        "TargetGroupInstanceSet", "InstanceId", filters={"TargetGroupId": "TargetGroupId"}, needs=("Filters",)
    ),
    # ---- databases
    "cdb:DescribeDBInstances": Action(
        "Items", "InstanceId", "rds", Paging(most=2000),
        ids={"InstanceIds": "InstanceId", "InstanceTypes": "InstanceType"},
        only={"WithDr": 1, "WithRo": 1, "WithMaster": 1},
    ),
    "cynosdb:DescribeClusters": Action("ClusterSet", "ClusterId", "rds", equal={"DbType": "DbType"}),
    "cynosdb:DescribeInstances": Action(
        "InstanceSet", "InstanceId", "rds", ids={"InstanceIds": "InstanceId"}, equal={"DbType": "DbType"}
    ),
    "postgres:DescribeDBInstances": Action(
        "DBInstanceSet", "DBInstanceId", "rds", Paging(default=10, least=0),
        filters={"db-instance-id": "DBInstanceId"},
    ),
    "sqlserver:DescribeDBInstances": Action(
        "DBInstances", "InstanceId", "rds", Paging("page", default=100),
        ids={"InstanceIdSet": "InstanceId"}, only={"PaginationType": "pageNumber"},
    ),
    "mariadb:DescribeDBInstances": Action("Instances", "InstanceId", "rds", ids={"InstanceIds": "InstanceId"}),
    "dcdb:DescribeDCDBInstances": Action(
        "Instances", "InstanceId", "rds", Paging(default=10), ids={"InstanceIds": "InstanceId"}
    ),
    "redis:DescribeInstances": Action(
        "InstanceSet", "InstanceId", "redis", Paging(most=1000, aligned=True), ids={"InstanceIds": "InstanceId"}
    ),
    # ---- managed clusters
    "tke:DescribeClusters": Action(
        "Clusters", "ClusterId", "cluster",
        ids={"ClusterIds": "ClusterId"}, equal={"ClusterType": "ClusterType"},
        filters={"vpc-id": "ClusterNetworkSettings.VpcId"},
    ),
    "tke:DescribeEKSClusters": Action("Clusters", "ClusterId", "cluster", ids={"ClusterIds": "ClusterId"}),
}  # fmt: skip
