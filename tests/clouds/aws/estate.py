"""The standard estate, built by boto3. One more of each kind in the first region than its smallest page holds."""

from collections import defaultdict
from ipaddress import ip_network
from typing import Any

import boto3

from clouds.aws.api import KEY, SECRET, Api

REGIONS = ("eu-west-1", "us-east-1")
TAGS = {"team": "payments", "Name": "the-tagged-one"}
LIST = [{"Key": key, "Value": value} for key, value in TAGS.items()]


CLASSIC = {"Protocol": "tcp", "LoadBalancerPort": 80, "InstanceProtocol": "tcp", "InstancePort": 8080}
LISTENERS: dict[str, list[dict[str, Any]]] = {
    "application": [{"Protocol": "HTTP", "Port": 80}, {"Protocol": "HTTP", "Port": 8080}],
    "network": [{"Protocol": "TCP", "Port": 80}, {"Protocol": "TCP", "Port": 443}],
    "gateway": [{}],
}


def _spec(kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": LIST}]


class Estate:
    """What was built: native ids by kind, tagged ones, addresses."""

    def __init__(self, url: str, api: Api) -> None:
        self.url = url
        self.api = api
        self.expected: defaultdict[str, set[str]] = defaultdict(set)
        self.tagged: dict[str, tuple[str, dict[str, str]]] = {}
        self.addresses: dict[str, tuple[str, frozenset[str]]] = {}
        self.where: dict[str, str] = {}
        for region, many in zip(REGIONS, (True, False), strict=True):
            _Region(self, region, many).build()
        self._peer_and_join()
        self._everything_else()

    def client(self, service: str, region: str) -> Any:
        return boto3.Session(KEY, SECRET).client(service, region_name=region, endpoint_url=self.url)

    def add(self, kind: str, native: str, region: str = "", tagged: bool = False) -> str:
        self.expected[kind].add(native)
        self.where[native] = region
        if tagged:
            self.tagged.setdefault(kind, (native, TAGS))
        return native

    def _peer_and_join(self) -> None:
        """What reaches over regions: peerings, and Cloud WAN."""
        first, second = REGIONS
        ec2 = self.client("ec2", first)
        here = sorted(one for one in self.expected["vpc"] if self.where[one] == first)
        there = next(one for one in sorted(self.expected["vpc"]) if self.where[one] == second)
        for number, vpc in enumerate(here):
            made = ec2.create_vpc_peering_connection(
                VpcId=vpc, PeerVpcId=there, PeerRegion=second, TagSpecifications=_spec("vpc-peering-connection")
            )
            native = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
            self.add("peering_connection", native, first, tagged=number == 0)
        manager = self.client("networkmanager", "us-west-2")
        network = manager.create_global_network(Description="all of it")["GlobalNetwork"]["GlobalNetworkId"]
        for number in range(2):
            made = manager.create_core_network(GlobalNetworkId=network, Description=f"core-{number}", Tags=LIST)
            native = made["CoreNetwork"]["CoreNetworkId"]
            self.add("cen", native)
            self.api.attachments[native] += [
                {
                    "CoreNetworkId": native,
                    "AttachmentId": f"attachment-{number}{vpc[-4:]}",
                    "OwnerAccountId": self.api.account,
                    "AttachmentType": "VPC",
                    "State": "AVAILABLE",
                    "EdgeLocation": first,
                    "ResourceArn": f"arn:aws:ec2:{first}:{self.api.account}:vpc/{vpc}",
                }
                for vpc in here[:2]
            ]

    def _everything_else(self) -> None:
        """What AWS itself has, and makes of what was built: read by boto3's own paginators."""
        regions = self.client("ec2", REGIONS[0]).describe_regions(AllRegions=True)["Regions"]
        self.expected["region"] = {one["RegionName"] for one in regions}
        for region in REGIONS:
            ec2 = self.client("ec2", region)
            for zone in ec2.describe_availability_zones(AllAvailabilityZones=True)["AvailabilityZones"]:
                self.add("az", zone["ZoneName"], region)
            for page in ec2.get_paginator("describe_route_tables").paginate():
                for table in page["RouteTables"]:
                    self.add("router", table["RouteTableId"], region)
            for page in ec2.get_paginator("describe_security_groups").paginate():
                for group in page["SecurityGroups"]:
                    self.add("security_group", group["GroupId"], region)
            for page in ec2.get_paginator("describe_network_interfaces").paginate():
                for one in page["NetworkInterfaces"]:
                    if not one.get("Attachment", {}).get("InstanceId"):
                        self.add("network_interface", one["NetworkInterfaceId"], region)


class _Region:
    """One region of the estate."""

    def __init__(self, estate: Estate, region: str, many: bool) -> None:
        self.estate = estate
        self.region = region
        self.few = 6 if many else 1
        self.many = 21 if many else 1
        self.ec2 = estate.client("ec2", region)

    def add(self, kind: str, native: str, tagged: bool = False) -> str:
        return self.estate.add(kind, native, self.region, tagged)

    def build(self) -> None:
        self._remove_default()
        self._networks()
        self._machines()
        self._gateways()
        self._balancers()
        self._databases()
        self._caches()
        self._clusters()

    def _remove_default(self) -> None:
        for subnet in self.ec2.describe_subnets()["Subnets"]:
            self.ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        for vpc in self.ec2.describe_vpcs()["Vpcs"]:
            self.ec2.delete_vpc(VpcId=vpc["VpcId"])

    def _networks(self) -> None:
        ec2 = self.ec2
        self.vpcs = []
        for number in range(self.few):
            vpc = ec2.create_vpc(
                CidrBlock=f"10.{number}.0.0/16", AmazonProvidedIpv6CidrBlock=number == 0, TagSpecifications=_spec("vpc")
            )["Vpc"]
            self.vpcs.append(self.add("vpc", vpc["VpcId"], tagged=True))
        first = self.vpcs[0]
        ec2.associate_vpc_cidr_block(VpcId=first, CidrBlock="10.100.0.0/16")
        listed = ec2.describe_vpcs(VpcIds=[first])["Vpcs"][0]
        six = listed["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
        six = str(ip_network(six))
        self.six = str(next(ip_network(six).subnets(new_prefix=64)))
        self.estate.addresses.setdefault("vpc", (first, frozenset({"10.0.0.0/16", "10.100.0.0/16", six})))
        self.subnets = []
        for number in range(self.few):
            extra = {"Ipv6CidrBlock": self.six} if number == 0 else {}
            made = ec2.create_subnet(
                VpcId=first, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{self.region}{'ab'[number % 2]}",
                TagSpecifications=_spec("subnet"), **extra,
            )  # fmt: skip
            self.subnets.append(self.add("subnet", made["Subnet"]["SubnetId"], tagged=True))
        self.estate.addresses.setdefault("subnet", (self.subnets[0], frozenset({"10.0.0.0/24", self.six})))
        table = ec2.create_route_table(VpcId=first, TagSpecifications=_spec("route-table"))["RouteTable"]
        self.table = self.add("router", table["RouteTableId"], tagged=True)
        ec2.associate_route_table(RouteTableId=self.table, SubnetId=self.subnets[0])
        group = ec2.create_security_group(
            VpcId=first, GroupName="web", Description="web", TagSpecifications=_spec("security-group")
        )
        self.group = self.add("security_group", group["GroupId"], tagged=True)
        ec2.authorize_security_group_ingress(
            GroupId=self.group,
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": 443,
                    "ToPort": 443,
                    "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                    "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
                }
            ],
        )

    def _machines(self) -> None:
        ec2 = self.ec2
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        for number in range(self.few):
            made = ec2.run_instances(
                ImageId=image, MinCount=1, MaxCount=1, InstanceType="m5.large", TagSpecifications=_spec("instance"),
                NetworkInterfaces=[
                    {"DeviceIndex": 0, "SubnetId": self.subnets[0], "Groups": [self.group], "Ipv6AddressCount": 1}
                ],
            )["Instances"][0]  # fmt: skip
            native = self.add("vm", made["InstanceId"], tagged=True)
            if number == 0:
                self.vm = native
        own = ec2.describe_instances(InstanceIds=[self.vm])["Reservations"][0]["Instances"][0]["NetworkInterfaces"][0]
        ec2.assign_ipv6_addresses(NetworkInterfaceId=own["NetworkInterfaceId"], Ipv6AddressCount=1)
        ec2.assign_private_ip_addresses(NetworkInterfaceId=own["NetworkInterfaceId"], PrivateIpAddresses=["10.0.0.200"])
        elastic = self._elastic()
        ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=self.vm)
        self._elastic()
        listed = ec2.describe_network_interfaces(NetworkInterfaceIds=[own["NetworkInterfaceId"]])
        six = {one["Ipv6Address"] for one in listed["NetworkInterfaces"][0]["Ipv6Addresses"]}
        found = frozenset({"10.0.0.200", own["PrivateIpAddress"], elastic["PublicIp"], *six})
        self.estate.addresses.setdefault("vm", (self.vm, found))
        self.estate.addresses.setdefault("public_ip", (elastic["AllocationId"], frozenset({elastic["PublicIp"]})))
        for number in range(self.few):
            made = ec2.create_network_interface(
                SubnetId=self.subnets[0], PrivateIpAddress=f"10.0.0.{100 + number}", Ipv6AddressCount=1,
                Groups=[self.group], TagSpecifications=_spec("network-interface"),
            )["NetworkInterface"]  # fmt: skip
            native = self.add("network_interface", made["NetworkInterfaceId"], tagged=True)
            if number == 0:
                six = {one["Ipv6Address"] for one in made["Ipv6Addresses"]}
                addresses = frozenset({"10.0.0.100", *six})
                self.estate.addresses.setdefault("network_interface", (native, addresses))

    def _elastic(self) -> Any:
        made = self.ec2.allocate_address(Domain="vpc", TagSpecifications=_spec("elastic-ip"))
        self.add("public_ip", made["AllocationId"], tagged=True)
        return made

    def _gateways(self) -> None:
        ec2, vpc = self.ec2, self.vpcs[0]
        for number in range(self.few):
            elastic = self._elastic()
            made = ec2.create_nat_gateway(
                SubnetId=self.subnets[0], AllocationId=elastic["AllocationId"], TagSpecifications=_spec("natgateway")
            )["NatGateway"]
            self.nat = self.add("nat_gateway", made["NatGatewayId"], tagged=True)
            listed = ec2.describe_nat_gateways(NatGatewayIds=[self.nat])["NatGateways"][0]["NatGatewayAddresses"][0]
            found = frozenset({listed["PrivateIp"], elastic["PublicIp"]})
            self.estate.addresses.setdefault("nat_gateway", (self.nat, found))
            made = ec2.create_transit_gateway(
                Description=f"transit-{number}", TagSpecifications=_spec("transit-gateway")
            )["TransitGateway"]
            self.transit = self.add("cen", made["TransitGatewayId"], tagged=True)
            ec2.create_transit_gateway_vpc_attachment(
                TransitGatewayId=self.transit, VpcId=vpc, SubnetIds=[self.subnets[0]]
            )
        internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
        for destination, hop in (
            ("0.0.0.0/0", {"NatGatewayId": self.nat}),
            ("10.9.0.0/16", {"TransitGatewayId": self.transit}),
        ):
            ec2.create_route(RouteTableId=self.table, DestinationCidrBlock=destination, **hop)
        ec2.create_route(RouteTableId=self.table, DestinationIpv6CidrBlock="::/0", GatewayId=internet)
        routed = frozenset({"10.0.0.0/16", "0.0.0.0/0", "10.9.0.0/16", "::/0"})
        self.estate.addresses.setdefault("router", (self.table, routed))
        self.estate.addresses.setdefault("security_group", (self.group, frozenset({"0.0.0.0/0", "::/0"})))

    def _balancers(self) -> None:
        classic = self.estate.client("elb", self.region)
        for number in range(2):
            name = f"classic-{number}"
            classic.create_load_balancer(
                LoadBalancerName=name, Subnets=self.subnets[:1], Tags=LIST, Scheme="internal",
                Listeners=[CLASSIC],
            )  # fmt: skip
            classic.register_instances_with_load_balancer(LoadBalancerName=name, Instances=[{"InstanceId": self.vm}])
            self.add(
                "load_balancer",
                f"arn:aws:elasticloadbalancing:{self.region}:{self.estate.api.account}:loadbalancer/{name}",
            )
        elb = self.estate.client("elbv2", self.region)
        subnets = self.subnets[:2] if len(self.subnets) > 1 else [*self.subnets, self._second_subnet()]
        groups = [
            elb.create_target_group(Name=f"group-{n}", Protocol="TCP", Port=8080 + n, VpcId=self.vpcs[0])[
                "TargetGroups"
            ][0]["TargetGroupArn"]
            for n in range(2)
        ]
        for group in groups:
            elb.register_targets(TargetGroupArn=group, Targets=[{"Id": self.vm}])
        for kind in ("application", "network", "gateway"):
            made = elb.create_load_balancer(Name=f"{kind}-1", Subnets=subnets, Type=kind, Tags=LIST)["LoadBalancers"][0]
            native = self.add("load_balancer", made["LoadBalancerArn"], tagged=True)
            for listener, group in zip(LISTENERS[kind], groups, strict=False):
                forward = [{"Type": "forward", "TargetGroupArn": group}]
                elb.create_listener(LoadBalancerArn=native, DefaultActions=forward, **listener)
            made = self.ec2.create_network_interface(
                SubnetId=self.subnets[0], Description=f"ELB {native.partition(':loadbalancer/')[2]}", Ipv6AddressCount=1
            )["NetworkInterface"]
            six = {one["Ipv6Address"] for one in made["Ipv6Addresses"]}
            found = frozenset({made["PrivateIpAddress"], *six})
            self.estate.addresses.setdefault("load_balancer", (native, found))

    def _second_subnet(self) -> str:
        made = self.ec2.create_subnet(
            VpcId=self.vpcs[0], CidrBlock="10.0.9.0/24", AvailabilityZone=f"{self.region}b"
        )["Subnet"]  # fmt: skip
        return self.add("subnet", made["SubnetId"])

    def _databases(self) -> None:
        rds = self.estate.client("rds", self.region)
        rds.create_db_subnet_group(
            DBSubnetGroupName="databases", DBSubnetGroupDescription="databases", SubnetIds=self.subnets[:1]
        )
        for number in range(self.many):
            made = rds.create_db_instance(
                DBInstanceIdentifier=f"db-{number}", DBInstanceClass="db.t3.micro", Tags=LIST,
                Engine="postgres" if number else "mysql", AllocatedStorage=20, MasterUsername="admin",
                MasterUserPassword=SECRET, DBSubnetGroupName="databases", VpcSecurityGroupIds=[self.group],
            )["DBInstance"]  # fmt: skip
            self.add("rds", made["DBInstanceArn"], tagged=True)
            made = rds.create_db_cluster(
                DBClusterIdentifier=f"aurora-{number}", Engine="aurora-postgresql", MasterUsername="admin", Tags=LIST,
                MasterUserPassword=SECRET, DBSubnetGroupName="databases", VpcSecurityGroupIds=[self.group],
            )["DBCluster"]  # fmt: skip
            self.add("rds", made["DBClusterArn"])

    def _caches(self) -> None:
        cache = self.estate.client("elasticache", self.region)
        cache.create_cache_subnet_group(
            CacheSubnetGroupName="caches", CacheSubnetGroupDescription="caches", SubnetIds=self.subnets[:1]
        )
        for number in range(self.many):
            made = cache.create_cache_cluster(
                CacheClusterId=f"single-{number}", Engine="redis", NumCacheNodes=1, CacheNodeType="cache.t3.micro",
                CacheSubnetGroupName="caches", Tags=LIST,
            )["CacheCluster"]  # fmt: skip
            native = self.add("redis", made["ARN"], tagged=True)
            self.estate.api.tags[self.region].append({"ResourceARN": native, "Tags": LIST})
            made = cache.create_replication_group(
                ReplicationGroupId=f"group-{number}", ReplicationGroupDescription="-", Engine="redis", Tags=LIST,
                CacheNodeType="cache.t3.micro", NumNodeGroups=1, ReplicasPerNodeGroup=1,
            )["ReplicationGroup"]  # fmt: skip
            self.add("redis", made["ARN"])
            if number == 0:
                one = self.ec2.create_network_interface(
                    SubnetId=self.subnets[0], Description="ElastiCache single-0", Ipv6AddressCount=1
                )["NetworkInterface"]
                six = {address["Ipv6Address"] for address in one["Ipv6Addresses"]}
                self.estate.addresses.setdefault("redis", (native, frozenset({one["PrivateIpAddress"], *six})))
        cache.create_cache_cluster(
            CacheClusterId="no-redis", Engine="memcached", NumCacheNodes=1, CacheNodeType="cache.t3.micro"
        )
        for number in range(2):
            arn = f"arn:aws:elasticache:{self.region}:{self.estate.api.account}:serverlesscache:serverless-{number}"
            self.add("redis", arn)
            self.estate.api.serverless[self.region].append(
                {
                    "ServerlessCacheName": f"serverless-{number}",
                    "Status": "available",
                    "Engine": "valkey",
                    "MajorEngineVersion": "8",
                    "FullEngineVersion": "8.1",
                    "CreateTime": "2026-01-01T00:00:00Z",
                    "Endpoint": {"Address": f"serverless-{number}.cache.example", "Port": 6379},
                    "ARN": arn,
                    "SubnetIds": self.subnets[:1],
                }
            )

    def _clusters(self) -> None:
        eks = self.estate.client("eks", self.region)
        role = f"arn:aws:iam::{self.estate.api.account}:role/eks"
        for number in range(2):
            made = eks.create_cluster(
                name=f"shop-{number}", roleArn=role, tags=TAGS, version="1.33",
                resourcesVpcConfig={"subnetIds": self.subnets[:1]},
            )["cluster"]  # fmt: skip
            self.add("cluster", made["arn"], tagged=True)
