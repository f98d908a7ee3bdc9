"""Regions, zones, CVMs, dedicated hosts, container clusters,
members of an organization: <https://cloud.tencent.com/document/api/213>."""

from collections.abc import Mapping, Sequence

from clouds.tencent.items.common import MADE, MADE_UTC, NONE, Item, tag_set


def region(code: str, name: str, state: str = "AVAILABLE") -> Item:
    return {
        "Region": code, "RegionName": name, "RegionState": state,
        "RegionTypeMC": None, "LocationMC": None, "RegionNameMC": None, "RegionIdMC": None,
    }  # fmt: skip


def zone(code: str, number: str, name: str, state: str = "AVAILABLE") -> Item:
    return {"Zone": code, "ZoneId": number, "ZoneName": name, "ZoneState": state}


def instance(
    native: str, name: str, zone: str, vpc: str, subnet: str, private: Sequence[str], *, public: Sequence[str] = (),
    six: Sequence[str] = (), groups: Sequence[str] = (), state: str = "RUNNING", host: str = "",
    tags: Mapping[str, str] = NONE,
) -> Item:  # fmt: skip
    placement = {"Zone": zone, "ProjectId": 0} | ({"HostId": host, "HostIds": []} if host else {})
    return {
        "Placement": placement, "InstanceId": native, "InstanceType": "S5.MEDIUM4", "CPU": 2, "Memory": 4,
        "RestrictState": "NORMAL", "InstanceName": name, "InstanceChargeType": "POSTPAID_BY_HOUR",
        "SystemDisk": {"DiskType": "CLOUD_BSSD", "DiskId": f"disk-{native[4:]}", "DiskSize": 50}, "DataDisks": [],
        "PrivateIpAddresses": list(private), "PublicIpAddresses": list(public) or None,
        "InternetAccessible": {"InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR", "InternetMaxBandwidthOut": 5},
        "VirtualPrivateCloud": {
            "VpcId": vpc, "SubnetId": subnet, "AsVpcGateway": False, "Ipv6AddressCount": len(six),
        },
        "ImageId": "img-eb30mz89", "RenewFlag": None, "CreatedTime": MADE_UTC, "ExpiredTime": None,
        "OsName": "TencentOS Server 3.1", "SecurityGroupIds": list(groups), "LoginSettings": {"KeyIds": []},
        "InstanceState": state, "Tags": tag_set(tags), "StopChargingMode": "NOT_APPLICABLE",
        "Uuid": f"9f2c7a3e-0000-4000-8000-{native[4:]:0>12}", "LatestOperation": "RunInstances",
        "LatestOperationState": "SUCCESS", "LatestOperationRequestId": None, "DisasterRecoverGroupId": "",
        "IPv6Addresses": list(six) or None, "CamRoleName": "", "HpcClusterId": "", "RdmaIpAddresses": [],
        "DedicatedClusterId": "", "IsolatedSource": "NOTISOLATED", "LicenseType": "TencentCloud",
        "DisableApiTermination": False, "DefaultLoginUser": "root", "DefaultLoginPort": 22,
        "LatestOperationErrorMsg": "",
    }  # fmt: skip


def host(native: str, name: str, zone: str, ip: str, instances: Sequence[str], tags: Mapping[str, str] = NONE) -> Item:
    return {
        "Placement": {"Zone": zone, "ProjectId": 0}, "HostId": native, "HostType": "HS20", "HostName": name,
        "HostChargeType": "PREPAID", "RenewFlag": "NOTIFY_AND_AUTO_RENEW", "CreatedTime": MADE_UTC,
        "ExpiredTime": "2027-01-15T00:30:00Z", "InstanceIds": list(instances), "HostState": "RUNNING", "HostIp": ip,
        "CageId": "", "Tags": tag_set(tags),
        "HostResource": {
            "CpuTotal": 168, "CpuAvailable": 160, "MemTotal": 700.0, "MemAvailable": 690.0, "DiskTotal": 0,
            "DiskAvailable": 0, "DiskType": "", "GpuTotal": 0, "GpuAvailable": 0,
        },
    }  # fmt: skip


def cluster(native: str, name: str, vpc: str, cidr: str, services: str, tags: Mapping[str, str] = NONE) -> Item:
    return {
        "ClusterId": native, "ClusterName": name, "ClusterDescription": "", "ClusterVersion": "1.30.0",
        "ClusterOs": "tlinux3.1x86_64", "ClusterType": "MANAGED_CLUSTER",
        "ClusterNetworkSettings": {
            "ClusterCIDR": cidr, "IgnoreClusterCIDRConflict": False, "MaxNodePodNum": 64,
            "MaxClusterServiceNum": 1024,
            "Ipvs": True, "VpcId": vpc, "Cni": True, "KubeProxyMode": "", "ServiceCIDR": services, "Subnets": None,
            "IgnoreServiceCIDRConflict": False, "IsDualStack": False, "Ipv6ServiceCIDR": "", "CiliumMode": "",
        },
        "ClusterNodeNum": 2, "ProjectId": 0,
        "TagSpecification": [{"ResourceType": "cluster", "Tags": tag_set(tags)}] if tags else None,
        "ClusterStatus": "Running", "Property": '{"NodeNameType":"lan-ip","NetworkType":"GR"}',
        "ClusterMaterNodeNum": 0, "ImageId": "img-eb30mz89", "OsCustomizeType": "GENERAL",
        "ContainerRuntime": "containerd", "CreatedTime": MADE_UTC, "DeletionProtection": False,
        "EnableExternalNode": False, "ClusterLevel": "L5", "AutoUpgradeClusterLevel": True, "QGPUShareEnable": False,
        "RuntimeVersion": "1.6.9", "ClusterEtcdNodeNum": 0,
    }  # fmt: skip


def serverless_cluster(
    native: str, name: str, vpc: str, subnets: Sequence[str], tags: Mapping[str, str] = NONE
) -> Item:
    return {
        "ClusterId": native, "ClusterName": name, "VpcId": vpc, "SubnetIds": list(subnets), "K8SVersion": "1.30.0",
        "Status": "running", "ClusterDesc": "", "CreatedTime": MADE_UTC, "ServiceSubnetId": "", "DnsServers": [],
        "NeedDeleteCbs": False, "EnableVpcCoreDNS": True,
        "TagSpecification": [{"ResourceType": "cluster", "Tags": tag_set(tags)}] if tags else None,
    }  # fmt: skip


def member(uin: str, name: str) -> Item:
    return {
        "MemberUin": int(uin), "Name": name, "MemberType": "Create", "OrgPolicyType": "Financial",
        "OrgPolicyName": "Financial Management", "OrgPermission": [{"Id": 1, "Name": "View bills"}], "NodeId": 101,
        "NodeName": "Root", "Remark": "", "CreateTime": MADE, "UpdateTime": MADE, "IsAllowQuit": "Denied",
        "PayUin": "", "PayName": "", "OrgIdentity": [], "BindStatus": "Unbound", "PermissionStatus": "Confirmed",
        "Tags": [], "NickName": name,
    }  # fmt: skip
