"""Load balancers and databases: an item of each answer, whole, from what sets it apart.

Field names, types and nesting are those of the actions' reference and of the models of Aliyun's SDKs.
"""

from collections.abc import Sequence
from typing import Final

from clouds.aliyun.wire import GROUP, MILLISECONDS, NONE, SECONDS, Row, Tags, flat_tags, tag_keys, tags

Zones = Sequence[tuple[str, str, Row]]
"""Zone, vSwitch and the addresses there, as each generation has them."""


# ---- classic load balancers


def classic(
    lb: str, region: str, address: str, vpc_id: str = "", vsw: str = "", scheme: str = "intranet",
    version: str = "ipv4", given: Tags = NONE,
) -> Row:  # fmt: skip
    return {
        "LoadBalancerId": lb, "LoadBalancerName": lb.removeprefix("lb-"), "LoadBalancerStatus": "active",
        "LoadBalancerSpec": "slb.s1.small", "RegionId": region, "RegionIdAlias": region, "MasterZoneId": "",
        "SlaveZoneId": "", "Address": address, "AddressType": scheme, "AddressIPVersion": version,
        "NetworkType": "vpc" if vpc_id else "classic", "VpcId": vpc_id, "VSwitchId": vsw, "Bandwidth": 5120,
        "CreateTime": "2024-03-05T06:07Z", "CreateTimeStamp": MILLISECONDS, "PayType": "PayOnDemand",
        "InstanceChargeType": "PayBySpec", "InternetChargeType": "paybytraffic", "InternetChargeTypeAlias":
        "paybytraffic", "DeleteProtection": "off", "ModificationProtectionStatus": "NonProtection",
        "ModificationProtectionReason": "", "ResourceGroupId": GROUP, "Tags": tag_keys(given),
    }  # fmt: skip


def classic_detail(row: Row, ports: Sequence[tuple[str, int]], servers: Sequence[Row] = ()) -> Row:
    """Of a balancer as `classic` has it: its listeners, and the servers of those that have no group of their own."""
    named = [{"ListenerPort": port, "ListenerProtocol": name, "Description": ""} for name, port in ports]
    return {
        **{name: value for name, value in row.items() if name != "InternetChargeTypeAlias"},
        "ListenerPorts": {"ListenerPort": [port for _, port in ports]},
        "ListenerPortsAndProtocol": {"ListenerPortAndProtocol": named},
        "ListenerPortsAndProtocal": {"ListenerPortAndProtocal": [
            {"ListenerPort": port, "ListenerProtocal": name} for name, port in ports
        ]},
        "BackendServers": {"BackendServer": list(servers)}, "EndTime": "2999-09-08T16:00:00Z",
        "EndTimeStamp": 32493801600000, "AutoReleaseTime": 0, "RenewalStatus": "", "RenewalCycUnit": "",
        "RenewalDuration": 0,
    }  # fmt: skip


def classic_listener(lb: str, protocol: str, port: int, backend: int = 0, vgroup: str = "", pair: str = "") -> Row:
    """`backend` is the port of the default servers; a listener with a group has none."""
    config: Row = {"HealthCheck": "on", "HealthCheckConnectPort": port, "HealthyThreshold": 3, "UnhealthyThreshold": 3}
    if protocol in {"tcp", "udp"}:
        config["MasterSlaveServerGroupId"] = pair
    row: Row = {
        "LoadBalancerId": lb, "ListenerProtocol": protocol, "ListenerPort": port, "Status": "running",
        "Description": "", "Scheduler": "wrr", "Bandwidth": -1, "AclStatus": "off",
        "AclType": "", "AclId": "", "AclIds": [], f"{protocol.upper()}ListenerConfig": config, "Tags": [],
    }  # fmt: skip
    return {**row, "BackendServerPort": backend} if backend else {**row, "VServerGroupId": vgroup}


def classic_rule(rule: str, domain: str, url: str, vgroup: str) -> Row:
    return {
        "RuleId": rule, "RuleName": rule, "Domain": domain, "Url": url, "VServerGroupId": vgroup, "ListenerSync": "on",
        "HealthCheck": "off", "StickySession": "off", "Scheduler": "wrr",
    }  # fmt: skip


def classic_server(native: str, port: int = 0, ip: str = "", kind: str = "ecs") -> Row:
    row: Row = {"ServerId": native, "ServerIp": ip, "Type": kind, "Weight": 100, "Description": ""}
    return {**row, "Port": port} if port else row


def classic_group(lb: str, vgroup: str, servers: Sequence[Row]) -> Row:
    return {
        "VServerGroupId": vgroup, "VServerGroupName": vgroup, "LoadBalancerId": lb, "CreateTime": SECONDS,
        "BackendServers": {"BackendServer": list(servers)}, "Tags": tag_keys(NONE),
    }  # fmt: skip


def classic_pair(lb: str, pair: str, master: Row, slave: Row) -> Row:
    servers = [{**master, "ServerType": "Master"}, {**slave, "ServerType": "Slave"}]
    for server in servers:
        del server["ServerIp"]
    return {
        "MasterSlaveServerGroupId": pair, "MasterSlaveServerGroupName": pair, "LoadBalancerId": lb,
        "CreateTime": SECONDS, "MasterSlaveBackendServers": {"MasterSlaveBackendServer": servers},
        "Tags": tag_keys(NONE),
    }  # fmt: skip


# ---- application, network and gateway load balancers


def application(alb: str, region: str, vpc_id: str, scheme: str, version: str = "IPv4", given: Tags = NONE) -> Row:
    return {
        "LoadBalancerId": alb, "LoadBalancerName": alb.removeprefix("alb-"), "LoadBalancerStatus": "Active",
        "LoadBalancerBussinessStatus": "Normal", "LoadBalancerEdition": "Standard", "VpcId": vpc_id,
        "AddressType": scheme, "AddressIpVersion": version, "AddressAllocatedMode": "Dynamic",
        "Ipv6AddressType": "Intranet" if version == "DualStack" else "", "BandwidthPackageId": "",
        "DNSName": f"{alb}.{region}.alb.aliyuncs.com", "SecurityGroupIds": [], "LoadBalancerOperationLocks": [],
        "AccessLogConfig": {}, "DeletionProtectionConfig": {"Enabled": False},
        "LoadBalancerBillingConfig": {"PayType": "PostPay"},
        "ModificationProtectionConfig": {"Status": "NonProtection"}, "CreateTime": SECONDS,
        "ResourceGroupId": GROUP, "Tags": flat_tags(given),
    }  # fmt: skip


def application_detail(row: Row, region: str, zones: Zones) -> Row:
    return {**row, "RegionId": region, "ZoneMappings": _zones(zones)}


def network(
    nlb: str, region: str, vpc_id: str, scheme: str, zones: Zones, version: str = "ipv4", given: Tags = NONE
) -> Row:
    return {
        "LoadBalancerId": nlb, "LoadBalancerName": nlb.removeprefix("nlb-"), "LoadBalancerStatus": "Active",
        "LoadBalancerBusinessStatus": "Normal", "LoadBalancerType": "Network", "RegionId": region, "VpcId": vpc_id,
        "AddressType": scheme, "AddressIpVersion": version, "Ipv6AddressType": "Intranet" if version != "ipv4" else "",
        "DNSName": f"{nlb}.{region}.nlb.aliyuncs.com", "ZoneMappings": _zones(zones), "CrossZoneEnabled": True,
        "SecurityGroupIds": [], "OperationLocks": [], "BandwidthPackageId": "",
        "DeletionProtectionConfig": {"Enabled": False}, "ModificationProtectionConfig": {"Status": "NonProtection"},
        "LoadBalancerBillingConfig": {"PayType": "PostPay"}, "CreateTime": SECONDS, "ResourceGroupId": GROUP,
        "Tags": flat_tags(given),
    }  # fmt: skip


def gateway(gwlb: str, vpc_id: str, zones: Zones, given: Tags = NONE) -> Row:
    return {
        "LoadBalancerId": gwlb, "LoadBalancerName": gwlb.removeprefix("gwlb-"), "LoadBalancerStatus": "Active",
        "LoadBalancerBusinessStatus": "Normal", "VpcId": vpc_id, "AddressIpVersion": "Ipv4",
        "ZoneMappings": _zones(zones), "CreateTime": SECONDS, "ResourceGroupId": GROUP, "Tags": flat_tags(given),
    }  # fmt: skip


def _zones(zones: Zones) -> list[Row]:
    return [{"ZoneId": zone, "VSwitchId": vsw, "LoadBalancerAddresses": [address]} for zone, vsw, address in zones]


def application_listener(alb: str, lsn: str, protocol: str, port: int, group: str) -> Row:
    forward = {"Type": "ForwardGroup", "ForwardGroupConfig": {"ServerGroupTuples": [{"ServerGroupId": group}]}}
    return {
        "LoadBalancerId": alb, "ListenerId": lsn, "ListenerProtocol": protocol, "ListenerPort": port,
        "ListenerStatus": "Running", "ListenerDescription": "", "DefaultActions": [forward], "GzipEnabled": True,
        "Http2Enabled": protocol == "HTTPS", "IdleTimeout": 15, "RequestTimeout": 60, "SecurityPolicyId": "",
        "LogConfig": {}, "QuicConfig": {}, "XForwardedForConfig": {}, "Tags": [],
    }  # fmt: skip


def application_rule(alb: str, lsn: str, rule: str, host: str, group: str) -> Row:
    tuples = [{"ServerGroupId": group, "Weight": 100}]
    return {
        "RuleId": rule, "RuleName": rule, "RuleStatus": "Available", "LoadBalancerId": alb, "ListenerId": lsn,
        "Priority": 1, "Direction": "Request", "Tags": [],
        "RuleConditions": [{"Type": "Host", "HostConfig": {"Values": [host]}}],
        "RuleActions": [{"Type": "ForwardGroup", "Order": 1, "ForwardGroupConfig": {"ServerGroupTuples": tuples}}],
    }  # fmt: skip


def network_listener(
    nlb: str, lsn: str, region: str, protocol: str, port: int, group: str, ports: tuple[str, str] = ("", "")
) -> Row:
    """`ports` are the first and the last where it listens on all of them: its own port is then 0."""
    return {
        "LoadBalancerId": nlb, "ListenerId": lsn, "RegionId": region, "ListenerProtocol": protocol,
        "ListenerPort": port, "StartPort": ports[0], "EndPort": ports[1], "ServerGroupId": group,
        "ListenerStatus": "Running", "ListenerDescription": "", "IdleTimeout": 900, "Cps": 0, "Mss": 0,
        "AlpnEnabled": False, "AlpnPolicy": "", "CaEnabled": False, "CaCertificateIds": [], "CertificateIds": [],
        "ProxyProtocolEnabled": False, "SecSensorEnabled": False, "SecurityPolicyId": "", "Tags": [],
    }  # fmt: skip


def gateway_listener(gwlb: str, lsn: str, group: str) -> Row:
    return {
        "LoadBalancerId": gwlb, "ListenerId": lsn, "ServerGroupId": group, "ListenerStatus": "Running",
        "ListenerDescription": "", "TcpIdleTimeout": 350, "Tags": [],
    }  # fmt: skip


def server(group: str, native: str, ip: str, port: int, kind: str = "Ecs") -> Row:
    """As gateway load balancers have it; the others add a weight."""
    return {
        "ServerGroupId": group, "ServerId": native, "ServerIp": ip, "ServerType": kind, "Port": port,
        "Status": "Available",
    }  # fmt: skip


def weighed(row: Row) -> Row:
    return {**row, "Weight": 100, "Description": ""}


# ---- databases


def rds(
    native: str, region: str, zone: str, vpc_id: str, vsw: str, engine: str, version: str, kind: str = "Primary"
) -> Row:
    domain = {"MySQL": "mysql", "PostgreSQL": "pg", "SQLServer": "sqlserver", "MariaDB": "mariadb"}[engine]
    return {
        "DBInstanceId": native, "DBInstanceDescription": f"{native} of the shop", "DBInstanceStatus": "Running",
        "DBInstanceType": kind, "DBInstanceClass": "rds.mysql.s2.large", "Engine": engine, "EngineVersion": version,
        "RegionId": region, "ZoneId": zone, "VpcId": vpc_id, "VSwitchId": vsw, "VpcName": "", "VpcCloudInstanceId":
        native, "InstanceNetworkType": "VPC", "ConnectionMode": "Standard", "DBInstanceNetType": "Intranet",
        "ConnectionString": f"{native}.{domain}.rds.aliyuncs.com", "Category": "HighAvailability", "DBInstanceCPU":
        "2", "DBInstanceMemory": 4096, "DBInstanceStorageType": "cloud_essd", "PayType": "Postpaid",
        "MasterInstanceId": "", "GuardDBInstanceId": "", "TempDBInstanceId": "",
        "ReadOnlyDBInstanceIds": {"ReadOnlyDBInstanceId": []}, "MutriORsignle": True, "LockMode": "Unlock",
        "LockReason": "", "ExpireTime": "", "DestroyTime": "", "DeletionProtection": False, "TipsLevel": 0, "Tips": "",
        "CreateTime": SECONDS, "ResourceGroupId": GROUP,
    }  # fmt: skip


def rds_net(name: str, kind: str, ip: str, port: str, vpc_id: str = "", vsw: str = "") -> Row:
    """`kind` is Inner, Private or Public."""
    return {
        "ConnectionString": name, "ConnectionStringType": "Normal", "IPType": kind, "IPAddress": ip, "Port": port,
        "VPCId": vpc_id, "VSwitchId": vsw, "Upgradeable": "Disabled", "ExpiredTime": "", "MaxDelayTime": "",
        "DistributionType": "", "BabelfishPort": "", "PGBouncerPort": "",
        "DBInstanceWeights": {"DBInstanceWeight": []}, "SecurityIPGroups": {"securityIPGroup": []},
    }  # fmt: skip


def tag_resource(native: str, key: str, value: str, kind: str = "INSTANCE") -> Row:
    return {"ResourceId": native, "ResourceType": kind, "TagKey": key, "TagValue": value}


def polardb(
    native: str, region: str, zone: str, vpc_id: str, vsw: str, engine: str, version: str, given: Tags = NONE
) -> Row:
    node = {
        "DBNodeId": native.replace("pc-", "pi-"), "DBNodeRole": "Writer", "DBNodeClass": "polar.mysql.x4.medium",
        "RegionId": region, "ZoneId": zone, "Serverless": "", "ImciSwitch": "OFF", "HotReplicaMode": "OFF",
    }  # fmt: skip
    return {
        "DBClusterId": native, "DBClusterDescription": native.removeprefix("pc-"), "DBClusterStatus": "Running",
        "DBClusterNetworkType": "VPC", "DBType": engine, "DBVersion": version, "Engine": "POLARDB", "RegionId": region,
        "ZoneId": zone, "VpcId": vpc_id, "VswitchId": vsw, "DBNodes": {"DBNode": [node]}, "DBNodeNumber": 1,
        "DBNodeClass": "polar.mysql.x4.medium", "Category": "Normal", "SubCategory": "Exclusive", "PayType": "Postpaid",
        "CpuCores": "2", "MemorySize": "8192", "StorageUsed": 3012558848, "StorageSpace": 0,
        "StorageType": "HighPerformance", "StoragePayType": "Postpaid",
        "ServerlessType": "", "HotStandbyCluster": "ON", "StrictConsistency": "OFF",
        "DeletionLock": 0, "LockMode": "Unlock", "Expired": "false", "ExpireTime": "", "AiType": "",
        "CreateTime": SECONDS, "ResourceGroupId": GROUP, "Tags": tags(given),
    }  # fmt: skip


def polardb_endpoint(native: str, kind: str, port: str, *addresses: Row) -> Row:
    return {
        "DBEndpointId": f"pe-{native.removeprefix('pc-')}{kind.lower()}", "DBClusterId": native, "EndpointType": kind,
        "DBEndpointDescription": "", "AddressItems": list(addresses), "Nodes": native.replace("pc-", "pi-"),
        "ReadWriteMode": "ReadWrite" if kind == "Primary" else "ReadOnly", "AutoAddNewNodes": "Disable",
        "EndpointConfig": "", "NodeWithRoles": "", "Port": port,
    }  # fmt: skip


def polardb_address(name: str, ip: str, port: str, kind: str, vpc_id: str = "", vsw: str = "") -> Row:
    return {
        "ConnectionString": name, "IPAddress": ip, "Port": port, "NetType": kind, "VPCId": vpc_id, "VSwitchId": vsw,
        "VpcInstanceId": "", "PrivateZoneConnectionString": "", "DashboardUsed": False,
    }  # fmt: skip


def polardbx(native: str, region: str, zone: str, vpc_id: str, given: Tags = NONE) -> Row:
    return {
        "Id": native, "DBInstanceName": native, "Description": native.removeprefix("pxc-"), "Status": "Running",
        "Type": "ReadWrite", "DBType": "mysql", "DBVersion": "8.0", "Engine": "polarx", "EngineVersion": "",
        "MinorVersion": "", "Series": "enterprise", "TopologyType": "1azone", "RegionId": region, "ZoneId": zone,
        "PrimaryZone": zone, "SecondaryZone": "", "TertiaryZone": "", "VPCId": vpc_id, "Network": "VPC",
        "NodeClass": "polarx.x4.large.2e", "NodeCount": 1, "Nodes": [], "CnNodeCount": 1, "DnNodeCount": 1,
        "CnNodeClassCode": "", "DnNodeClassCode": "", "CpuType": "", "StorageType": "", "StorageUsed": 0,
        "CommodityCode": "drds_polarxpost_public_cn", "PayType": "POSTPAY", "LockMode": "Unlock", "LockReason": "",
        "Expired": False, "ExpireTime": "", "ReadDBInstances": [], "PrimaryInstanceId": "", "ContainBinlogX": False,
        "SupportBinlogX": True, "isInGdn": False, "gdnRole": "", "CreateTime": SECONDS, "ResourceGroupId": GROUP,
        "TagSet": flat_tags(given),
    }  # fmt: skip


def polardbx_detail(row: Row, vsw: str) -> Row:
    """Of an instance as `polardbx` has it. The id is under another name, and `Expired` is text."""
    name = f"{row['Id']}.polarx.rds.aliyuncs.com"
    address = {
        "ConnectionString": name, "Port": 3306, "Type": "Private", "VPCId": row["VPCId"], "VSwitchId": vsw,
        "VpcInstanceId": "",
    }  # fmt: skip
    same = (
        "Id", "Description", "Status", "Type", "DBType", "DBVersion", "Engine", "EngineVersion", "MinorVersion",
        "Series", "TopologyType", "RegionId", "ZoneId", "PrimaryZone", "SecondaryZone", "TertiaryZone", "VPCId",
        "Network", "CnNodeCount", "DnNodeCount", "PayType", "LockMode", "CreateTime", "ResourceGroupId", "TagSet",
    )  # fmt: skip
    more = {
        "VSwitchId": vsw, "ConnectionString": name, "Port": "3306", "ConnAddrs": [address], "DBNodes": [],
        "DBInstanceType": "ReadWrite", "DBNodeClass": row["NodeClass"], "DBNodeCount": 1, "Expired": "false",
        "ExpireDate": "",
    }  # fmt: skip
    return {"DBInstance": {**{field: row[field] for field in same}, **more}}


def drds(native: str, region: str, zone: str, vpc_id: str, vsw: str, ip: str) -> Row:
    vip = {
        "IP": ip, "Port": "3306", "Type": "intranet", "VpcId": vpc_id, "VswitchId": vsw,
        "dns": f"{native}.drds.aliyuncs.com",
    }  # fmt: skip
    return {
        "DrdsInstanceId": native, "Description": native, "Status": "RUN", "Type": "PRIVATE", "Version": 1709618828,
        "RegionId": region, "ZoneId": zone, "NetworkType": "VPC", "VpcId": vpc_id, "VpcCloudInstanceId": "",
        "Vips": {"Vip": [vip]}, "InstRole": "MASTER", "InstanceSeries": "drds.sn1.4c8g", "InstanceSpec":
        "drds.sn1.4c8g.8C16G", "Label": "HA", "MachineType": "ecs", "MasterInstanceId": "", "OrderInstanceId": native,
        "ProductVersion": "V1", "ReadOnlyDBInstanceIds": {"ReadOnlyDBInstanceId": []}, "VersionAction": "",
        "CommodityCode": "drds", "CreateTime": MILLISECONDS, "ExpireDate": MILLISECONDS, "ResourceGroupId": GROUP,
    }  # fmt: skip


REDIS: Final[Row] = {
    "ChargeType": "PostPaid", "CloudType": "", "ComputingType": "", "Config": "{}", "ConnectionMode": "Standard",
    "Connections": 10000, "Bandwidth": 96, "Capacity": 1024, "QPS": 100000, "DestroyTime": "", "EndTime": "",
    "GlobalInstanceId": "", "ReplacateId": "", "HasRenewChangeOrder": False, "IsRds": True, "PackageType": "standard",
    "SecondaryZoneId": "", "ShardClass": "", "UserName": "", "ResourceGroupId": GROUP, "CreateTime": SECONDS,
}  # fmt: skip


def redis(
    native: str, region: str, zone: str, vpc_id: str, vsw: str, ip: str, form: str = "standard", shards: int = 1,
    kind: str = "Redis", version: str = "7.0", given: Tags = NONE,
) -> Row:  # fmt: skip
    """`form` is standard, cluster or rwsplit."""
    return {
        **REDIS, "InstanceId": native, "InstanceName": native.removeprefix("r-"), "InstanceStatus": "Normal",
        "InstanceType": kind, "InstanceClass": "redis.shard.small.2.ce", "EditionType": "Community",
        "ArchitectureType": form, "ShardCount": shards, "NodeType": "double", "EngineVersion": version,
        "RegionId": region, "ZoneId": zone, "NetworkType": "VPC", "VpcId": vpc_id, "VSwitchId": vsw, "PrivateIp": ip,
        "ConnectionDomain": f"{native}.redis.rds.aliyuncs.com", "Port": 6379, "Tags": tags(given),
    }  # fmt: skip


def redis_net(name: str, kind: str, ip: str, vpc_id: str = "", vsw: str = "", *, direct: bool = False) -> Row:
    return {
        "ConnectionString": name, "DBInstanceNetType": "2" if kind == "Private" else "0", "IPType": kind,
        "IPAddress": ip, "Port": "6379", "VPCId": vpc_id, "VSwitchId": vsw, "VPCInstanceId": name.partition(".")[0],
        "DirectConnection": int(direct), "IsSlaveProxy": 0, "Upgradeable": "", "ExpiredTime": "",
    }  # fmt: skip
