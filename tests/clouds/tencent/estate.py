"""The standard estate: what each action answers, by region. Two of everything in the first region, so that it pages."""

from collections import defaultdict
from typing import Any

from clouds.tencent.actions import ACTIONS
from clouds.tencent.items import balancers, compute, database, network
from clouds.tencent.items.common import UIN, Item

GZ, SG = "ap-guangzhou", "ap-singapore"
REGIONS = (GZ, SG)
LACKING = (("gwlb", SG),)
"""Services that a region does not have."""
MEMBER, STRANGER = "100000000002", "100000000003"
"""Two more accounts of the organization: one has the role, one has not."""
ROLE = "tagweave-reader"
TAGS = {"team": "payments", "env": "prod"}

GZ3, GZ6, GZ1, SG1 = "ap-guangzhou-3", "ap-guangzhou-6", "ap-guangzhou-1", "ap-singapore-1"
MAIN, DATA, FAR = "vpc-gzmain01", "vpc-gzdata01", "vpc-sgmain01"
WEB, OLD, STORE, AWAY = "subnet-gzweb001", "subnet-gzold001", "subnet-gzdata01", "subnet-sgweb001"
SIX, FAR_SIX = "2402:4e00:1020:1200", "2402:4e00:2020:2200"
NAT_IP, SECOND_NAT_IP = "119.29.10.1", "119.29.10.2"

PLACES: dict[tuple[str, str], Any] = {
    ("region:DescribeRegions", ""): [
        compute.region(GZ, "South China(Guangzhou)"),
        compute.region(SG, "Southeast Asia(Singapore)"),
        compute.region("na-siliconvalley", "Western United States(Silicon Valley)"),
    ],
    ("cvm:DescribeZones", GZ): [
        compute.zone(GZ1, "100001", "Guangzhou Zone 1", "UNAVAILABLE"),
        compute.zone(GZ3, "100003", "Guangzhou Zone 3"),
        compute.zone(GZ6, "100006", "Guangzhou Zone 6"),
    ],
    ("cvm:DescribeZones", SG): [compute.zone(SG1, "900001", "Singapore Zone 1")],
    ("organization:DescribeOrganizationMembers", ""): [
        compute.member(MEMBER, "payments"), compute.member(STRANGER, "stranger")
    ],
}  # fmt: skip

MACHINES: dict[tuple[str, str], Any] = {
    ("cvm:DescribeInstances", GZ): [
        compute.instance(
            "ins-gzweb001", "web-1", GZ3, MAIN, WEB, ["10.0.1.10", "10.0.1.11"], public=["119.29.20.1"],
            six=[f"{SIX}::10"], groups=["sg-gzweb001"], tags=TAGS,
        ),
        compute.instance("ins-gzold001", "old-1", GZ1, MAIN, OLD, ["10.0.2.10"], public=["119.29.20.9"]),
        compute.instance(
            "ins-gzdata01", "data-1", GZ6, DATA, STORE, ["10.1.1.10"], groups=["sg-gzdata01"], state="STOPPED",
            host="host-gz000001",
        ),
    ],
    ("cvm:DescribeInstances", SG): [
        compute.instance("ins-sgweb001", "web-2", SG1, FAR, AWAY, ["10.2.1.10"], six=[f"{FAR_SIX}::10"])
    ],
    ("cvm:DescribeHosts", GZ): [
        compute.host("host-gz000001", "dedicated-1", GZ6, "9.10.1.1", ["ins-gzdata01"], TAGS),
        compute.host("host-gz000002", "dedicated-2", GZ6, "9.10.1.2", []),
    ],
    ("cvm:DescribeHosts", SG): [compute.host("host-sg000001", "dedicated-3", SG1, "9.20.1.1", [])],
    ("vpc:DescribeNetworkInterfaces", GZ): [
        network.interface(
            "eni-gzweb001", MAIN, WEB, GZ3, "20:90:6F:00:00:01", ["10.0.1.10", "10.0.1.11"],
            public={"10.0.1.10": "119.29.20.1"}, six=[f"{SIX}::10", f"{SIX}::11"], groups=["sg-gzweb001"],
            instance="ins-gzweb001",
        ),
        network.interface(
            "eni-gzweb002", MAIN, OLD, GZ3, "20:90:6F:00:00:02", ["10.0.2.11"], instance="ins-gzweb001", primary=False
        ),
        network.interface(
            "eni-gzold001", MAIN, OLD, GZ1, "20:90:6F:00:00:03", ["10.0.2.10"], public={"10.0.2.10": "119.29.20.9"},
            instance="ins-gzold001",
        ),
        network.interface(
            "eni-gzdata01", DATA, STORE, GZ6, "20:90:6F:00:00:04", ["10.1.1.10"], groups=["sg-gzdata01"],
            instance="ins-gzdata01",
        ),
        network.interface(
            "eni-gzspare1", MAIN, WEB, GZ3, "20:90:6F:00:00:05", ["10.0.1.30", "10.0.1.31"],
            six=[f"{SIX}::30"], groups=["sg-gzweb001"], primary=False, tags=TAGS,
        ),
        network.interface("eni-gzspare2", MAIN, WEB, GZ3, "20:90:6F:00:00:06", ["10.0.1.32"], primary=False),
        network.interface(
            "eni-gzpod001", MAIN, WEB, GZ3, "20:90:6F:00:00:07", ["10.0.1.33"], instance="eks-gzpod001", business="eks"
        ),
    ],
    ("vpc:DescribeNetworkInterfaces", SG): [
        network.interface(
            "eni-sgweb001", FAR, AWAY, SG1, "20:90:6F:00:01:01", ["10.2.1.10"], six=[f"{FAR_SIX}::10"],
            instance="ins-sgweb001",
        ),
        network.interface("eni-sgspare1", FAR, AWAY, SG1, "20:90:6F:00:01:02", ["10.2.1.30"], primary=False),
    ],
    ("tke:DescribeClusters", GZ): [
        compute.cluster("cls-gzmain01", "main", MAIN, "172.20.0.0/16", "172.20.252.0/22", TAGS),
        compute.cluster("cls-gzdata01", "data", DATA, "172.21.0.0/16", "172.21.252.0/22"),
    ],
    ("tke:DescribeClusters", SG): [compute.cluster("cls-sgmain01", "far", FAR, "172.22.0.0/16", "172.22.252.0/22")],
    ("tke:DescribeEKSClusters", GZ): [
        compute.serverless_cluster("cls-gzless01", "serverless-1", MAIN, [WEB]),
        compute.serverless_cluster("cls-gzless02", "serverless-2", MAIN, [WEB]),
    ],
}  # fmt: skip

ROUTES = [
    network.route("rtb-gzmain01", 1, "0.0.0.0/0", "NAT", "nat-gzmain01"),
    network.route("rtb-gzmain01", 2, "10.1.0.0/16", "PEERCONNECTION", "pcx-gzgz0001"),
    network.route("rtb-gzmain01", 3, "10.2.0.0/16", "CCN", "ccn-main0001"),
    network.route("rtb-gzmain01", 4, "192.168.0.0/16", "VPN", "vpngw-gz000001"),
    network.route("rtb-gzmain01", 5, "172.31.0.0/16", "DIRECTCONNECT", "dcg-gz000001"),
    network.route("rtb-gzmain01", 6, "10.9.9.0/24", "NORMAL_CVM", "10.0.1.10"),
    network.route("rtb-gzmain01", 7, "10.8.0.0/16", "HAVIP", "havip-gz000001"),
    network.route("rtb-gzmain01", 8, f"{FAR_SIX}::/64", "CCN", "ccn-main0001"),
    network.route("rtb-gzmain01", 9, "10.7.0.0/16", "INTRANAT", "intranat-gz000001"),
    network.route("rtb-gzmain01", 10, "10.6.0.0/16", "GWLB_ENDPOINT", "vpce-gz000001"),
    network.route("rtb-gzmain01", 11, "10.5.0.0/16", "USER_CCN", "ccn-guest001"),
]
BACK = [
    network.route("rtb-gzdata01", 1, "10.0.0.0/16", "PEERCONNECTION", "pcx-gzgz0001"),
    network.route("rtb-gzdata01", 2, "0.0.0.0/0", "EIP", "0"),
]
FAR_ROUTES = [network.route("rtb-sgmain01", 1, "10.0.0.0/16", "CCN", "ccn-main0001")]
TEMPLATES = [
    network.service_template("ppm-gz000001", ["tcp:8080", "udp:99"]),
    network.service_template("ppm-gz000002", ["tcp:9000-9010"]),
]
OPEN = network.policy("ALL", "ALL", CidrBlock="0.0.0.0/0")
POLICIES = {
    "sg-gzweb001": network.policies(
        [
            network.policy("tcp", "443,8443", CidrBlock="0.0.0.0/0"),
            network.policy("tcp", "443", Ipv6CidrBlock="::/0"),
            network.policy("udp", "1000-2000", SecurityGroupId="sg-gzdata01"),
            network.policy(
                "",
                "",
                AddressTemplate={"AddressId": "ipm-gz000001", "AddressGroupId": ""},
                ServiceTemplate={"ServiceId": "ppm-gz000001", "ServiceGroupId": ""},
            ),
            network.policy(
                "", "", CidrBlock="10.0.0.0/8", ServiceTemplate={"ServiceId": "", "ServiceGroupId": "ppmg-gz000001"}
            ),
            network.policy("ALL", "ALL", "DROP", CidrBlock="0.0.0.0/0"),
        ],
        [OPEN],
    ),
    "sg-gzdata01": network.policies([network.policy("tcp", "3306", SecurityGroupId="sg-gzweb001")], [OPEN]),
}

NETWORKS: dict[tuple[str, str], Any] = {
    ("vpc:DescribeVpcs", GZ): [
        network.vpc(
            MAIN, "main", "10.0.0.0/16", more=["10.10.0.0/16", "172.20.0.0/16"], six=f"{SIX}::/56", tags=TAGS
        ),
        network.vpc(DATA, "data", "10.1.0.0/16"),
    ],
    ("vpc:DescribeVpcs", SG): [network.vpc(FAR, "far", "10.2.0.0/16", six=f"{FAR_SIX}::/56")],
    ("vpc:DescribeSubnets", GZ): [
        network.subnet(WEB, "web", MAIN, GZ3, "10.0.1.0/24", "rtb-gzmain01", six=f"{SIX}::/64", tags=TAGS),
        network.subnet(OLD, "old", MAIN, GZ1, "10.0.2.0/24", "rtb-gzmain01"),
        network.subnet(STORE, "store", DATA, GZ6, "10.1.1.0/24", "rtb-gzdata01"),
    ],
    ("vpc:DescribeSubnets", SG): [
        network.subnet(AWAY, "web", FAR, SG1, "10.2.1.0/24", "rtb-sgmain01", six=f"{FAR_SIX}::/64")
    ],
    ("vpc:DescribeRouteTables", GZ): [
        network.route_table("rtb-gzmain01", "main", MAIN, ROUTES, [WEB, OLD], TAGS),
        network.route_table("rtb-gzdata01", "data", DATA, BACK, [STORE]),
    ],
    ("vpc:DescribeRouteTables", SG): [network.route_table("rtb-sgmain01", "far", FAR, FAR_ROUTES, [AWAY])],
    ("vpc:DescribeRoutes", GZ): [*ROUTES, *BACK],
    ("vpc:DescribeRoutes", SG): FAR_ROUTES,
    ("vpc:DescribeSecurityGroups", GZ): [
        network.security_group("sg-gzweb001", "web", TAGS),
        network.security_group("sg-gzdata01", "data"),
    ],
    ("vpc:DescribeSecurityGroups", SG): [network.security_group("sg-sgweb001", "web")],
    ("vpc:DescribeSecurityGroupPolicies", GZ): POLICIES,
    ("vpc:DescribeSecurityGroupPolicies", SG): {"sg-sgweb001": network.policies([], [OPEN])},
    ("vpc:DescribeServiceTemplates", GZ): TEMPLATES,
    ("vpc:DescribeServiceTemplateGroups", GZ): [
        network.service_template_group("ppmg-gz000001", TEMPLATES),
        network.service_template_group("ppmg-gz000002", TEMPLATES[1:]),
    ],
    ("vpc:DescribeHaVips", GZ): [
        network.ha_vip("havip-gz000001", MAIN, WEB, "10.0.1.50", "119.29.20.3", TAGS),
        network.ha_vip("havip-gz000002", MAIN, WEB, "10.0.1.51"),
    ],
    ("vpc:DescribeHaVips", SG): [network.ha_vip("havip-sg000001", FAR, AWAY, "10.2.1.50")],
    ("vpc:DescribeAddresses", GZ): [
        network.address(
            "eip-gzweb001", "119.29.20.1", status="BIND", instance="ins-gzweb001", instance_type="CVM",
            interface="eni-gzweb001", private="10.0.1.10", tags=TAGS,
        ),
        network.address(
            "eip-gzwan001", "119.29.20.9", kind="WanIP", status="BIND", instance="ins-gzold001", instance_type="CVM",
            interface="eni-gzold001", private="10.0.2.10",
        ),
        network.address("eip-gzvip001", "119.29.20.3", status="BIND", instance="havip-gz000001", instance_type="HAVIP"),
        network.address("eip-gznat001", NAT_IP, status="BIND", instance="nat-gzmain01", instance_type="NAT"),
        network.address("eip-gznat002", SECOND_NAT_IP, status="BIND", instance="nat-gzmain01", instance_type="NAT"),
        network.address("eip-gzfree01", "119.29.20.4"),
    ],
    ("vpc:DescribeAddresses", SG): [network.address("eip-sgfree01", "43.156.10.1")],
    ("vpc:DescribeIPv6Addresses", GZ): [
        network.address(
            "eipv6-gz000001", f"{SIX}::10", kind="EIPv6", status="BIND", instance="ins-gzweb001", instance_type="CVM",
            interface="eni-gzweb001", private=f"{SIX}::10",
        ),
        network.address("eipv6-gz000002", f"{SIX}::ffff", kind="EIPv6"),
    ],
}  # fmt: skip

SNAT = [
    network.snat("snat-gz000001", "nat-gzmain01", MAIN, WEB, "10.0.1.0/24", [NAT_IP]),
    network.snat("snat-gz000002", "nat-gzmain01", MAIN, "eni-gzold001", "10.0.2.10", [NAT_IP, SECOND_NAT_IP]),
]
DNAT = [
    network.dnat("nat-gzmain01", MAIN, "TCP", NAT_IP, 8443, "10.0.1.10", 443),
    network.dnat("nat-gzmain01", MAIN, "UDP", NAT_IP, 5353, "10.0.1.10", 53),
]

GATEWAYS: dict[tuple[str, str], Any] = {
    ("vpc:DescribeNatGateways", GZ): [
        network.nat_gateway(
            "nat-gzmain01", "main", MAIN, WEB, GZ3, {"eip-gznat001": NAT_IP, "eip-gznat002": SECOND_NAT_IP},
            snat=SNAT, dnat=DNAT, tags=TAGS,
        ),
        network.nat_gateway("nat-gzdata01", "data", DATA, "", GZ6, {}, version=2),
    ],
    ("vpc:DescribeNatGateways", SG): [network.nat_gateway("nat-sgmain01", "far", FAR, "", SG1, {})],
    ("vpc:DescribeNatGatewaySourceIpTranslationNatRules", GZ): {"nat-gzmain01": SNAT, "nat-gzdata01": []},
    ("vpc:DescribeNatGatewaySourceIpTranslationNatRules", SG): {"nat-sgmain01": []},
    ("vpc:DescribeNatGatewayDestinationIpPortTranslationNatRules", GZ): DNAT,
    ("vpc:DescribePrivateNatGateways", GZ): [
        network.private_nat_gateway("intranat-gz000001", "private-1", MAIN),
        network.private_nat_gateway("intranat-gz000002", "private-2", DATA),
    ],
    ("vpc:DescribePrivateNatGatewayTranslationNatRules", GZ): {
        "intranat-gz000001": [
            network.translation("10.0.1.10", "192.168.100.10"), network.translation("10.0.1.11", "192.168.100.11")
        ],
        "intranat-gz000002": [],
    },
    ("vpc:DescribePrivateNatGatewayDestinationIpPortTranslationNatRules", GZ): {
        "intranat-gz000001": [
            network.port_translation("10.0.1.10", 8080, "192.168.100.20", 80),
            network.port_translation("10.0.1.10", 8081, "192.168.100.20", 81),
        ],
        "intranat-gz000002": [],
    },
    ("vpc:DescribeVpcPeeringConnections", GZ): [
        network.peering("pcx-gzgz0001", "main-data", ("gz", MAIN), ("gz", DATA), tags=TAGS),
        network.peering("pcx-gzsg0001", "main-far", (GZ, MAIN), (SG, FAR)),
        network.peering("pcx-gzold001", "gone", (GZ, DATA), (SG, FAR), "EXPIRED"),
    ],
    ("vpc:DescribeVpcPeeringConnections", SG): [
        network.peering("pcx-gzsg0001", "main-far", (GZ, MAIN), (SG, FAR)),
        network.peering("pcx-gzold001", "gone", (GZ, DATA), (SG, FAR), "EXPIRED"),
    ],
    ("vpc:DescribeCcns", ""): [
        network.ccn("ccn-main0001", "backbone", 3, TAGS),
        network.ccn("ccn-guest001", "guests", 1),
        network.ccn("ccn-empty001", "empty", 0),
    ],
    ("vpc:DescribeCcnAttachedInstances", ""): [
        network.ccn_attachment("ccn-main0001", "VPC", MAIN, GZ, ["10.0.0.0/16"]),
        network.ccn_attachment("ccn-main0001", "VPC", FAR, SG, ["10.2.0.0/16"]),
        network.ccn_attachment("ccn-main0001", "DIRECTCONNECT", "dcg-gz000001", GZ, ["172.31.0.0/16"]),
        network.ccn_attachment("ccn-guest001", "VPC", "vpc-guest001", GZ, ["10.200.0.0/16"], uin=MEMBER),
    ],
}  # fmt: skip

ALB, SECOND_ALB, FAR_ALB = (
    balancers.application_balancer(
        "alb-gz000001", "shop", MAIN,
        [(GZ3, WEB, "10.0.1.60", f"{SIX}::60"), (GZ6, OLD, "10.0.2.60", "")], tags=TAGS,
    ),
    balancers.application_balancer("alb-gz000002", "blog", MAIN, [(GZ3, WEB, "119.29.30.2", "")], network="Internet"),
    balancers.application_balancer("alb-sg000001", "far", FAR, [(SG1, AWAY, "10.2.1.60", "")]),
)  # fmt: skip

BALANCERS: dict[tuple[str, str], Any] = {
    ("clb:DescribeLoadBalancers", GZ): [
        balancers.balancer("lb-gzopen01", "open", GZ, MAIN, ["119.29.30.1"], groups=["sg-gzweb001"], tags=TAGS),
        balancers.balancer("lb-gzinner1", "inner", GZ, MAIN, ["10.0.1.40"], subnet=WEB, network="INTERNAL"),
        balancers.balancer("lb-gzsix001", "six", GZ, MAIN, [], six=f"{SIX}::40"),
        balancers.balancer(
            "lb-gzold001", "classic", GZ, MAIN, ["119.29.30.9"], forward=0, domain="lb-gzold001.gz.tencentclb.com"
        ),
    ],
    ("clb:DescribeLoadBalancers", SG): [balancers.balancer("lb-sgopen01", "far", SG, FAR, ["43.156.30.1"])],
    ("clb:DescribeListeners", GZ): {
        "lb-gzopen01": [
            balancers.listener("lbl-gztcp001", "TCP", 443),
            balancers.listener(
                "lbl-gzhttp01", "HTTP", 80,
                rules=[balancers.rule("loc-gz000001", "lbl-gzhttp01", "www.example.com", "/")],
            ),
            balancers.listener("lbl-gzgroup1", "UDP", 53, group="lbtg-gzudp001"),
        ],
        "lb-gzinner1": [balancers.listener("lbl-gzinner1", "TCP", 8000, end=8010)],
        "lb-gzsix001": [],
        "lb-gzold001": [],
    },
    ("clb:DescribeListeners", SG): {"lb-sgopen01": []},
    ("clb:DescribeTargets", GZ): {
        "lb-gzopen01": [
            balancers.listener_backends(
                "lbl-gztcp001", "TCP", 443, [balancers.backend("ins-gzweb001", "10.0.1.10", 8443)]
            ),
            balancers.listener_backends(
                "lbl-gzhttp01", "HTTP", 80, rules={
                    "loc-gz000001": [
                        balancers.backend("ins-gzweb001", "10.0.1.10", 8080),
                        balancers.backend("", "10.0.1.30", 8080, "ENI", "eni-gzspare1"),
                    ]
                },
            ),
            balancers.listener_backends(
                "lbl-gzgroup1", "UDP", 53, [balancers.backend("ins-gzweb001", "10.0.1.10", 53)]
            ),
        ],
        "lb-gzinner1": [balancers.listener_backends("lbl-gzinner1", "TCP", 8000, [], end=8010)],
        "lb-gzsix001": [],
        "lb-gzold001": [],
    },
    ("clb:DescribeTargets", SG): {"lb-sgopen01": []},
    ("clb:DescribeClassicalLBListeners", GZ): {
        "lb-gzold001": [
            balancers.classic_listener("lbl-gzold001", "tcp", 80, 8080),
            balancers.classic_listener("lbl-gzold002", "http", 81, 8081),
        ]
    },
    ("clb:DescribeClassicalLBTargets", GZ): {"lb-gzold001": [balancers.classic_target("ins-gzold001", "10.0.2.10")]},
    ("clb:DescribeTargetGroups", GZ): [
        balancers.target_group("lbtg-gzudp001", MAIN, "UDP", 53),
        balancers.target_group("lbtg-gztcp001", MAIN, "TCP", 80),
    ],
    ("clb:DescribeTargetGroupInstances", GZ): [
        balancers.group_member("lbtg-gzudp001", "ins-gzweb001", "10.0.1.10", 53)
    ],
    ("alb:DescribeLoadBalancers", GZ): [
        balancers.listed_application_balancer(ALB), balancers.listed_application_balancer(SECOND_ALB)
    ],
    ("alb:DescribeLoadBalancers", SG): [balancers.listed_application_balancer(FAR_ALB)],
    ("alb:DescribeLoadBalancerDetail", GZ): {"alb-gz000001": ALB, "alb-gz000002": SECOND_ALB},
    ("alb:DescribeLoadBalancerDetail", SG): {"alb-sg000001": FAR_ALB},
    ("alb:DescribeListeners", GZ): {
        "alb-gz000001": [
            balancers.application_listener("lst-gz000001", "HTTP", 80),
            balancers.application_listener("lst-gz000002", "HTTPS", 443),
        ],
        "alb-gz000002": [],
    },
    ("alb:DescribeListeners", SG): {"alb-sg000001": []},
    ("alb:DescribeRules", GZ): {
        "lst-gz000001": [balancers.application_rule("rule-gz000001", "www.example.com", ["lbtg-gzalb001"])],
        "lst-gz000002": [
            balancers.application_rule("rule-gz000002", "www.example.com", ["lbtg-gzalb001", "lbtg-gzalb002"]),
            balancers.application_rule("rule-gz000003", "img.example.com", ["lbtg-gzalb002"]),
        ],
    },
    ("alb:DescribeTargetGroups", GZ): [
        balancers.application_group("lbtg-gzalb001", MAIN), balancers.application_group("lbtg-gzalb002", MAIN)
    ],
    ("alb:DescribeTargetGroupTargets", GZ): {
        "lbtg-gzalb001": [
            balancers.application_target("ins-gzweb001", "10.0.1.10", 8080, "eni-gzweb001"),
            balancers.application_target("ins-gzold001", "10.0.2.10", 8080, "eni-gzold001"),
        ],
        "lbtg-gzalb002": [],
    },
    ("gwlb:DescribeGatewayLoadBalancers", GZ): [
        balancers.gateway_balancer("gwlb-gz000001", "inspect-1", MAIN, WEB, "10.0.1.70", "lbtg-gzgw0001"),
        balancers.gateway_balancer("gwlb-gz000002", "inspect-2", MAIN, WEB, "10.0.1.71", ""),
    ],
    ("gwlb:DescribeTargetGroups", GZ): [balancers.target_group("lbtg-gzgw0001", MAIN, "tencent_geneve", 6081)],
    ("gwlb:DescribeTargetGroupInstances", GZ): [
        balancers.group_member("lbtg-gzgw0001", "ins-gzweb001", "10.0.1.10", 6081)
    ],
}  # fmt: skip

CYNOS, SECOND_CYNOS, FAR_CYNOS = (
    database.cynos_cluster(
        "cynosdbmysql-gz000001", "orders", GZ, GZ3, MAIN, WEB, writer="10.0.1.80", reader="10.0.1.81", tags=TAGS
    ),
    database.cynos_cluster(
        "cynosdbpg-gz000001", "carts", GZ, GZ3, MAIN, WEB, writer="10.0.1.82", engine="POSTGRESQL"
    ),
    database.cynos_cluster("cynosdbmysql-sg000001", "far", SG, SG1, FAR, AWAY, writer="10.2.1.80"),
)  # fmt: skip

DATABASES: dict[tuple[str, str], Any] = {
    ("cdb:DescribeDBInstances", GZ): [
        database.mysql(
            "cdb-gzmain01", "main", GZ, GZ3, MAIN, WEB, "10.0.1.90", tags=TAGS, read_only=[
                database.read_only_group(
                    "cdbrg-gz000001", GZ, GZ3, MAIN, WEB, "10.0.1.92",
                    [database.read_only_member("cdbro-gz000001", "cdb-gzmain01", GZ, GZ3, "10.0.1.91")],
                )
            ],
        ),
        database.mysql("cdbro-gz000001", "reader", GZ, GZ3, MAIN, WEB, "10.0.1.91", role=3, master="cdb-gzmain01"),
    ],
    ("cdb:DescribeDBInstances", SG): [database.mysql("cdb-sgmain01", "far", SG, SG1, FAR, AWAY, "10.2.1.90")],
    ("cynosdb:DescribeClusters", GZ): [CYNOS, SECOND_CYNOS],
    ("cynosdb:DescribeClusters", SG): [FAR_CYNOS],
    ("cynosdb:DescribeInstances", GZ): [
        database.cynos_instance("cynosdbmysql-ins-gz000001", CYNOS),
        database.cynos_instance("cynosdbmysql-ins-gz000002", CYNOS, "ro"),
        database.cynos_instance("cynosdbpg-ins-gz000001", SECOND_CYNOS),
    ],
    ("cynosdb:DescribeInstances", SG): [database.cynos_instance("cynosdbmysql-ins-sg000001", FAR_CYNOS)],
    ("postgres:DescribeDBInstances", GZ): [
        database.postgres("postgres-gz000001", "geo", GZ, GZ3, MAIN, WEB, "10.0.1.100", six=f"{SIX}::100", tags=TAGS),
        database.postgres("postgres-gz000002", "logs", GZ, GZ3, MAIN, WEB, "10.0.1.101"),
    ],
    ("postgres:DescribeDBInstances", SG): [
        database.postgres("postgres-sg000001", "far", SG, SG1, FAR, AWAY, "10.2.1.100")
    ],
    ("sqlserver:DescribeDBInstances", GZ): [
        database.sql_server("mssql-gz000001", "books", GZ, GZ3, MAIN, WEB, "10.0.1.110", TAGS),
        database.sql_server("mssql-gz000002", "desks", GZ, GZ3, MAIN, WEB, "10.0.1.111"),
    ],
    ("mariadb:DescribeDBInstances", GZ): [
        database.tdsql("tdsql-gz000001", "ledger", GZ, GZ3, MAIN, WEB, "10.0.1.120", six=f"{SIX}::120", tags=TAGS),
        database.tdsql("tdsql-gz000002", "audit", GZ, GZ3, MAIN, WEB, "10.0.1.121", engine=("Percona", "8.0")),
    ],
    ("dcdb:DescribeDCDBInstances", GZ): [
        database.sharded(
            database.tdsql("tdsqlshard-gz000001", "users", GZ, GZ3, MAIN, WEB, "10.0.1.130", tags=TAGS)
        ),
        database.sharded(database.tdsql("tdsqlshard-gz000002", "events", GZ, GZ3, MAIN, WEB, "10.0.1.131")),
    ],
    ("redis:DescribeInstances", GZ): [
        database.redis("crs-gzcache1", "cache", GZ, 100003, MAIN, WEB, "10.0.1.140", six=f"{SIX}::140", tags=TAGS),
        database.redis("crs-gzqueue1", "queue", GZ, 100003, MAIN, WEB, "10.0.1.141", cluster=True),
    ],
    ("redis:DescribeInstances", SG): [database.redis("crs-sgcache1", "far", SG, 900001, FAR, AWAY, "10.2.1.140")],
}  # fmt: skip

MEMBERS: dict[tuple[str, str], Any] = {
    ("region:DescribeRegions", ""): PLACES["region:DescribeRegions", ""],
    ("cvm:DescribeZones", GZ): PLACES["cvm:DescribeZones", GZ],
    ("cvm:DescribeZones", SG): PLACES["cvm:DescribeZones", SG],
    ("vpc:DescribeVpcs", GZ): [network.vpc("vpc-guest001", "guest", "10.200.0.0/16")],
    ("cvm:DescribeInstances", GZ): [
        compute.instance("ins-guest001", "guest", GZ3, "vpc-guest001", "subnet-guest001", ["10.200.1.10"])
    ],
}  # fmt: skip
"""What the member account has."""


def standard() -> dict[str, dict[tuple[str, str], Any]]:
    """What each account's actions answer; the lists are the caller's own."""
    main = {**PLACES, **MACHINES, **NETWORKS, **GATEWAYS, **BALANCERS, **DATABASES}
    return {UIN: _own(main), MEMBER: _own(MEMBERS)}


def _own(lists: dict[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    return {key: list(value) if isinstance(value, list) else dict(value) for key, value in lists.items()}


def expected(lists: dict[tuple[str, str], Any]) -> dict[str, set[str]]:
    """The native ids of an account by kind. An interface of a CVM is part of that."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for (name, _), items in lists.items():
        action = ACTIONS[name]
        if action.kind:
            found[action.kind] |= {item[action.id] for item in items if not _is_part(item)}
    return found


def _is_part(item: Item) -> bool:
    return bool((item.get("Attachment") or {}).get("InstanceId", "").startswith("ins-"))


TAGGED = {
    "vm": "ins-gzweb001", "vpc": MAIN, "subnet": WEB, "router": "rtb-gzmain01", "security_group": "sg-gzweb001",
    "network_interface": "eni-gzspare1", "public_ip": "eip-gzweb001", "nat_gateway": "nat-gzmain01",
    "load_balancer": "lb-gzopen01", "peering_connection": "pcx-gzgz0001", "cen": "ccn-main0001",
    "rds": "cdb-gzmain01", "redis": "crs-gzcache1", "host": "host-gz000001", "cluster": "cls-gzmain01",
}  # fmt: skip
"""By kind, what has TAGS."""
ADDRESSES = {
    "vpc": (MAIN, {"10.0.0.0/16", "10.10.0.0/16", "172.20.0.0/16", f"{SIX}::/56"}),
    "subnet": (WEB, {"10.0.1.0/24", f"{SIX}::/64"}),
    "vm": ("ins-gzweb001", {"10.0.1.10", "10.0.1.11", "10.0.2.11", "119.29.20.1", f"{SIX}::10", f"{SIX}::11"}),
    "network_interface": ("eni-gzspare1", {"10.0.1.30", "10.0.1.31", f"{SIX}::30"}),
    "public_ip": ("eipv6-gz000002", {f"{SIX}::ffff"}),
    "host": ("host-gz000001", {"9.10.1.1"}),
    "nat_gateway": ("nat-gzmain01", {NAT_IP, SECOND_NAT_IP}),
    "load_balancer": ("alb-gz000001", {"10.0.1.60", "10.0.2.60", f"{SIX}::60"}),
    "rds": ("postgres-gz000001", {"10.0.1.100", f"{SIX}::100"}),
    "redis": ("crs-gzcache1", {"10.0.1.140", f"{SIX}::140"}),
}
"""By kind, one that has these addresses."""
