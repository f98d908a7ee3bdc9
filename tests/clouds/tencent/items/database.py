"""TencentDB: <https://cloud.tencent.com/document/api/236> (MySQL), 1003 (TDSQL-C), 409, 238, 237, 557,
239 (Redis)."""

from collections.abc import Mapping, Sequence

from clouds.tencent.items.common import APP, MADE, NONE, UIN, Item, tag_list


def mysql(
    native: str, name: str, region: str, zone: str, vpc: str, subnet: str, ip: str, *, role: int = 1,
    read_only: Sequence[Item] = (), master: str = "", tags: Mapping[str, str] = NONE,
) -> Item:  # fmt: skip
    """`role` 1 is a main instance, 2 for disaster recovery, 3 read-only (of `master`)."""
    return {
        "InstanceId": native, "InstanceName": name, "InstanceType": role, "Region": region, "Zone": zone,
        "ZoneName": zone, "ZoneId": 100003, "EngineType": "InnoDB", "EngineVersion": "8.0", "Status": 1,
        "TaskStatus": 0, "UniqVpcId": vpc, "UniqSubnetId": subnet, "VpcId": 511512, "SubnetId": 115839, "Vip": ip,
        "Vport": 3306, "WanStatus": 0, "WanDomain": "", "WanPort": 0, "Memory": 1000, "Volume": 50, "Cpu": 1,
        "Qps": 1,
        "RoGroups": list(read_only), "RoVipInfo": None, "DrInfo": [], "SlaveInfo": {"First": None, "Second": None},
        "MasterInfo": {"InstanceId": master, "Region": region, "Zone": zone} if master else None,
        "TagList": tag_list(tags), "CreateTime": MADE, "DeadlineTime": "0000-00-00 00:00:00", "InstanceNodes": 2,
        "PayType": 1, "AutoRenew": 0, "ProtectMode": 0, "CdbError": 0, "DeviceClass": "", "DeviceType": "UNIVERSAL",
        "DeployGroupId": "", "DeployMode": 0, "InitFlag": 1, "MaxDelayTime": 0, "PhysicalId": "", "ProjectId": 0,
        "DiskType": "",
    }  # fmt: skip


def read_only_group(
    native: str, region: str, zone: str, vpc: str, subnet: str, ip: str, members: Sequence[Item]
) -> Item:
    return {
        "RoGroupId": native, "RoGroupName": native, "RoGroupMode": "alone", "RoGroupRegion": region,
        "RoGroupZone": zone,
        "UniqVpcId": vpc, "UniqSubnetId": subnet, "Vip": ip, "Vport": 3306, "RoOfflineDelay": 0, "RoMaxDelayTime": 1,
        "MinRoInGroup": 1, "WeightMode": "system", "Weight": 100, "DelayReplicationTime": 0,
        "RoInstances": list(members),
    }  # fmt: skip


def read_only_member(native: str, master: str, region: str, zone: str, ip: str) -> Item:
    return {
        "InstanceId": native, "InstanceName": native, "MasterInstanceId": master, "Region": region, "Zone": zone,
        "Vip": ip,
        "Vport": 3306, "InstanceType": 3, "RoStatus": "online", "Status": 1, "TaskStatus": 0, "EngineVersion": "8.0",
        "DeviceType": "UNIVERSAL", "VpcId": 511512, "SubnetId": 115839,
    }  # fmt: skip


def cynos_cluster(
    native: str, name: str, region: str, zone: str, vpc: str, subnet: str, *, writer: str, reader: str = "",
    engine: str = "MYSQL", tags: Mapping[str, str] = NONE,
) -> Item:  # fmt: skip
    """TDSQL-C, with its address for writing and one for reading."""

    def net(kind: str, ip: str) -> Item:
        return {
            "NetType": kind, "Vip": ip, "Vport": 3306 if engine == "MYSQL" else 5432, "UniqVpcId": vpc,
            "UniqSubnetId": subnet, "InstanceGroupId": f"{native}-{kind}", "Description": "", "WanDomain": "",
            "WanIP": "", "WanPort": 0, "WanStatus": "closed",
        }  # fmt: skip

    return {
        "ClusterId": native, "ClusterName": name, "Region": region, "Zone": zone, "PhysicalZone": zone,
        "MasterZone": zone,
        "SlaveZones": [], "HasSlaveZone": "no", "Status": "running", "StatusDesc": "Running", "DbType": engine,
        "DbVersion": "8.0" if engine == "MYSQL" else "14", "DbMode": "NORMAL", "CynosVersion": "3.1.10",
        "InstanceNum": 2, "VpcId": vpc, "SubnetId": subnet, "Vip": writer,
        "Vport": 3306 if engine == "MYSQL" else 5432,
        "NetAddrs": [net("ha", writer)] + ([net("ro", reader)] if reader else []), "ResourceTags": tag_list(tags),
        "CreateTime": MADE, "UpdateTime": MADE, "Uin": UIN, "AppId": APP, "ProjectID": 0, "PayMode": 0,
        "PeriodEndTime": "0000-00-00 00:00:00", "RenewFlag": 0, "ServerlessStatus": "", "IsFreeze": "no",
        "StorageId": "", "Storage": 0, "StorageLimit": 1000, "StoragePayMode": 0, "Tasks": [], "ResourcePackages": [],
    }  # fmt: skip


def cynos_instance(native: str, cluster: Item, role: str = "rw") -> Item:
    return {
        "InstanceId": native, "InstanceName": native, "InstanceType": role,
        "InstanceRole": "master" if role == "rw" else "slave", "Cpu": 2, "Memory": 4, "NetType": 1,
        "InstanceNetInfo": [], "WanDomain": "", "WanIP": "", "WanPort": 0, "WanStatus": "closed",
    } | {
        field: cluster[field] for field in (
            "ClusterId", "ClusterName", "Region", "Zone", "Status", "StatusDesc", "DbType", "DbVersion", "DbMode",
            "VpcId", "SubnetId", "Vip", "Vport", "CreateTime", "UpdateTime", "Uin", "AppId", "PayMode",
            "ResourceTags", "MasterZone", "SlaveZones", "PhysicalZone", "CynosVersion", "ServerlessStatus",
        )
    }  # fmt: skip


def postgres(
    native: str, name: str, region: str, zone: str, vpc: str, subnet: str, ip: str, *, six: str = "",
    tags: Mapping[str, str] = NONE,
) -> Item:  # fmt: skip
    """A dual-stack instance has one more private net with the IPv6 address."""

    def net(kind: str, address: str, port: int, status: str) -> Item:
        own = kind == "private"
        return {
            "Address": "", "Ip": address, "Port": port, "NetType": kind, "Status": status,
            "VpcId": vpc if own else "", "SubnetId": subnet if own else "",
            "ProtocolType": "postgresql" if own else "",
        }  # fmt: skip

    nets = [net("private", ip, 5432, "opened")] + ([net("private", six, 5432, "opened")] if six else [])
    return {
        "Region": region, "Zone": zone, "VpcId": vpc, "SubnetId": subnet, "DBInstanceId": native,
        "DBInstanceName": name,
        "DBInstanceStatus": "running", "DBInstanceMemory": 4, "DBInstanceStorage": 100, "DBInstanceCpu": 2,
        "DBInstanceClass": "pg.it.small2", "DBInstanceType": "primary", "DBInstanceVersion": "standard",
        "DBCharset": "UTF8", "DBVersion": "16.2", "DBMajorVersion": "16", "DBKernelVersion": "v16.2_r1.5",
        "CreateTime": MADE, "UpdateTime": MADE, "ExpireTime": "0000-00-00 00:00:00",
        "IsolatedTime": "0000-00-00 00:00:00", "OfflineTime": "0001-01-04 00:00:00", "PayType": "postpaid",
        "AutoRenew": 0, "DBInstanceNetInfo": [*nets, net("public", "", 0, "initing")], "Type": "", "AppId": APP,
        "Uid": 421842, "ProjectId": 0, "TagList": tag_list(tags), "MasterDBInstanceId": "", "ReadOnlyInstanceNum": 0,
        "StatusInReadonlyGroup": "", "DBEngine": "postgresql", "DBEngineConfig": "", "NetworkAccessList": None,
        "SupportIpv6": 1 if six else 0, "IsSupportTDE": 0,
        "DBNodeSet": [{"Role": "Primary", "Zone": zone, "DedicatedClusterId": ""}],
    }  # fmt: skip


def sql_server(
    native: str, name: str, region: str, zone: str, vpc: str, subnet: str, ip: str, tags: Mapping[str, str] = NONE
) -> Item:
    return {
        "InstanceId": native, "Name": name, "ProjectId": 0, "RegionId": 1, "ZoneId": 100003, "VpcId": 81006,
        "SubnetId": 2920039, "Status": 2, "Vip": ip, "Vport": 1433, "CreateTime": MADE, "UpdateTime": MADE,
        "StartTime": MADE, "EndTime": "0000-00-00 00:00:00", "IsolateTime": "0000-00-00 00:00:00", "Memory": 4,
        "UsedStorage": 0, "Storage": 20, "VersionName": "SQL Server 2019 Enterprise", "RenewFlag": 0, "Model": 2,
        "Region": region, "Zone": zone, "BackupTime": "00:15:15", "PayMode": 0, "Uid": "", "Cpu": 2,
        "Version": "2019", "Type": "CLOUD_BSSD", "Pid": 1038028, "UniqVpcId": vpc, "UniqSubnetId": subnet,
        "IsolateOperator": "", "SubFlag": "", "ROFlag": "", "HAFlag": "MIRROR",
        "ResourceTags": tag_list(tags) or None,
        "BackupModel": "master_no_pkg", "InstanceNote": "", "BackupCycle": [1], "BackupCycleType": "daily",
        "BackupSaveDays": 7, "InstanceType": "HA", "CrossRegions": [], "CrossBackupEnabled": "disable",
        "CrossBackupSaveDays": 0, "DnsPodDomain": "", "TgwWanVPort": 0, "Collation": "Chinese_PRC_CI_AS",
        "TimeZone": "China Standard Time", "IsDrZone": False, "SlaveZones": {"SlaveZone": "", "SlaveZoneName": ""},
        "Architecture": "SINGLE", "Style": "EXCLUSIVE", "MultiSlaveZones": [],
    }  # fmt: skip


def tdsql(
    native: str, name: str, region: str, zone: str, vpc: str, subnet: str, ip: str, *, six: str = "",
    engine: tuple[str, str] = ("MariaDB", "10.1.9"), tags: Mapping[str, str] = NONE,
) -> Item:  # fmt: skip
    """What mariadb and dcdb tell alike."""
    return {
        "InstanceId": native, "InstanceName": name, "AppId": APP, "ProjectId": 0, "Region": region, "Zone": zone,
        "VpcId": 74809, "SubnetId": 1479311, "UniqueVpcId": vpc, "UniqueSubnetId": subnet, "Status": 2,
        "StatusDesc": "Running", "Vip": ip, "Vport": 3306, "WanDomain": "", "WanVip": "", "WanPort": 0,
        "CreateTime": MADE, "UpdateTime": MADE, "AutoRenewFlag": 0, "PeriodEndTime": "0000-00-00 00:00:00",
        "Uin": UIN,
        "Memory": 4, "Storage": 20, "DbEngine": engine[0], "DbVersion": engine[1], "DbVersionId": engine[1],
        "Paymode": "postpaid", "Locker": 0, "WanStatus": 0, "IsAuditSupported": 1, "Vipv6": six, "WanVipv6": "",
        "WanPortIpv6": 0, "WanStatusIpv6": 0, "Ipv6Flag": 1 if six else 0, "IsTmp": 0, "ExclusterId": "",
        "Id": 2000091,
        "Pid": 1001670, "InstanceType": 2, "NodeCount": 2, "DcnFlag": 0, "DcnStatus": 0, "DcnDstNum": 0,
        "ResourceTags": tag_list(tags),
    }  # fmt: skip


def sharded(item: Item) -> Item:
    """What dcdb tells besides: its shards."""
    return item | {
        "ShardCount": 2,
        "ShardDetail": [
            {"ShardId": number, "ShardInstanceId": f"shard-{item['InstanceId'][-6:]}{number}", "Status": 2,
             "ShardSerialId": f"set_{number}", "Createtime": MADE, "Memory": 2, "Storage": 10, "NodeCount": 2,
             "Pid": 1001670, "Cpu": 1}
            for number in (1, 2)
        ],
    }  # fmt: skip


def redis(
    native: str, name: str, region: str, zone: int, vpc: str, subnet: str, ip: str, *, cluster: bool = False,
    six: str = "", tags: Mapping[str, str] = NONE,
) -> Item:  # fmt: skip
    """`WanIp` is the address within the VPC, whatever its name; `Type` 9 is Redis 5.0 as a cluster, 15 Redis 6.0."""
    shards = 3 if cluster else 1
    return {
        "InstanceName": name, "InstanceId": native, "Appid": APP, "ProjectId": 0, "RegionId": 1, "ZoneId": zone,
        "VpcId": 11133673, "SubnetId": 2282634, "Status": 2, "WanIp": ip, "Port": 6379, "Createtime": MADE,
        "Size": 4096.0, "SizeUsed": 0.0, "Type": 9 if cluster else 15, "AutoRenewFlag": 0,
        "DeadlineTime": "0000-00-00 00:00:00", "Engine": "Redis",
        "ProductType": "cluster" if cluster else "standalone", "UniqVpcId": vpc, "UniqSubnetId": subnet,
        "BillingMode": 0, "InstanceTitle": "Running", "OfflineTime": "", "SubStatus": 0, "Tags": [],
        "InstanceNode": [], "RedisShardSize": 4096, "RedisShardNum": shards, "RedisReplicasNum": 1,
        "PriceId": 1000848,
        "CloseTime": "0000-00-00 00:00:00", "SlaveReadWeight": 0, "InstanceTags": tag_list(tags),
        "ProjectName": "Default", "NoAuth": False, "ClientLimit": 10000, "DtsStatus": 0, "NetLimit": 24,
        "PasswordFree": 0, "Vip6": six, "IPv6": six, "ReadOnly": 0, "RemainBandwidthDuration": "", "DiskSize": 0,
        "MonitorVersion": "5s", "ClientLimitMin": 10000, "ClientLimitMax": 40000, "NodeSet": [], "Region": region,
        "WanAddress": "", "PolarisServer": "", "RedisClusterId": "", "DedicatedClusterId": "",
        "ProductVersion": "local", "CurrentProxyVersion": "5.8.0",
        "CurrentRedisVersion": "5.0.0" if cluster else "6.2.5", "UpgradeProxyVersion": "", "UpgradeRedisVersion": "",
    }  # fmt: skip
