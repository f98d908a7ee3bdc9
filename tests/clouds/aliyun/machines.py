"""Regions, machines and clusters: an item of each answer, whole, from what sets it apart.

Field names, types and nesting are those of the actions' reference and of the models of Aliyun's SDKs.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from clouds.aliyun.wire import ACCOUNT, GROUP, MINUTES, NONE, SECONDS, Row, Tags, flat_tags, number_of, tag_keys


def region(region_id: str, name: str, status: str = "available") -> Row:
    endpoint = f"ecs.{region_id}.aliyuncs.com"
    return {"RegionId": region_id, "LocalName": name, "RegionEndpoint": endpoint, "Status": status}


def zone(zone_id: str, name: str, *, sold_out: bool = False) -> Row:
    creatable = [] if sold_out else ["VSwitch", "IoOptimized", "Instance", "Disk", "DedicatedHost"]
    return {
        "ZoneId": zone_id, "LocalName": name, "ZoneType": "AvailabilityZone",
        "AvailableResourceCreation": {"ResourceTypes": creatable},
        "AvailableDiskCategories": {"DiskCategories": [] if sold_out else ["cloud_essd"]},
        "AvailableVolumeCategories": {"VolumeCategories": []},
        "AvailableInstanceTypes": {"InstanceTypes": [] if sold_out else ["ecs.g7.large"]},
        "AvailableDedicatedHostTypes": {"DedicatedHostType": []},
        "DedicatedHostGenerations": {"DedicatedHostGeneration": []}, "AvailableResources": {"ResourcesInfo": []},
    }  # fmt: skip


def interface(
    eni: str, place: tuple[str, str, str], ips: Sequence[str], ipv6: Sequence[str] = (), groups: Sequence[str] = (),
    instance: str = "", kind: str = "Secondary", public: Mapping[str, tuple[str, str]] | None = None,
    given: Tags = NONE, *, managed: bool = False,
) -> Row:  # fmt: skip
    """`place` is its zone, VPC and vSwitch; `public` has the allocation and the address by private address."""
    bound = {ip: {"AllocationId": one[0], "PublicIpAddress": one[1]} for ip, one in (public or {}).items()}
    number = number_of(eni)
    return {
        "NetworkInterfaceId": eni, "NetworkInterfaceName": eni.removeprefix("eni-"), "Description": "", "Type": kind,
        "Status": "InUse" if instance or managed else "Available", "InstanceId": instance, "ZoneId": place[0],
        "VpcId": place[1], "VSwitchId": place[2], "PrivateIpAddress": ips[0],
        "PrivateIpSets": {"PrivateIpSet": [
            {"PrivateIpAddress": ip, "Primary": ip == ips[0], "AssociatedPublicIp": bound.get(ip, {})} for ip in ips
        ]},
        "AssociatedPublicIp": bound.get(ips[0], {}), "Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": ip} for ip in ipv6]},
        "Ipv4PrefixSets": {"Ipv4PrefixSet": []}, "Ipv6PrefixSets": {"Ipv6PrefixSet": []},
        "MacAddress": "00:16:3e:" + ":".join(f"{number >> shift & 255:02x}" for shift in (16, 8, 0)),
        "SecurityGroupIds": {"SecurityGroupId": list(groups)}, "OwnerId": str(ACCOUNT), "ServiceManaged": managed,
        "DeleteOnRelease": True, "QueueNumber": 2, "NetworkInterfaceTrafficMode": "Standard", "SourceDestCheck": False,
        "CreationTime": SECONDS, "ResourceGroupId": GROUP, "Tags": tag_keys(given),
    }  # fmt: skip


def instance(
    native: str, region_id: str, enis: Sequence[Row], bound: tuple[str, str] = ("", ""), public: Sequence[str] = (),
    status: str = "Running", kind: str = "ecs.g7.large", host: str = "", given: Tags = NONE,
) -> Row:  # fmt: skip
    """`enis` are as `interface` has them, the primary one first; `bound` is an EIP's allocation and address."""
    first = enis[0]
    return {
        "InstanceId": native, "InstanceName": native.removeprefix("i-"), "HostName": native.removeprefix("i-"),
        "Description": "", "RegionId": region_id, "ZoneId": first["ZoneId"], "Status": status, "InstanceType": kind,
        "InstanceTypeFamily": kind.rpartition(".")[0], "InstanceNetworkType": "vpc", "Cpu": 2, "Memory": 8192,
        "VpcAttributes": {
            "VpcId": first["VpcId"], "VSwitchId": first["VSwitchId"], "NatIpAddress": "",
            "PrivateIpAddress": {"IpAddress": [first["PrivateIpAddress"]]},
        },
        "NetworkInterfaces": {"NetworkInterface": [_of_instance(eni) for eni in enis]},
        "EipAddress": {
            "AllocationId": bound[0], "IpAddress": bound[1], "InternetChargeType": "PayByTraffic" if bound[1] else "",
            "IsSupportUnassociate": bool(bound[1]), "Bandwidth": 5 if bound[1] else 0,
        },
        "PublicIpAddress": {"IpAddress": list(public)}, "InnerIpAddress": {"IpAddress": []},
        "RdmaIpAddress": {"IpAddress": []}, "SecurityGroupIds": first["SecurityGroupIds"],
        "DedicatedHostAttribute": {"DedicatedHostId": host, "DedicatedHostName": "", "DedicatedHostClusterId": ""},
        **INSTANCE, "Tags": tag_keys(given),
    }  # fmt: skip


def classic(native: str, region_id: str, zone_id: str, ip: str, public: str) -> Row:
    """A machine of the time before VPCs: it has addresses, and no interfaces."""
    outside = interface("", (zone_id, "", ""), ("",))
    return {
        **instance(native, region_id, (outside,), public=(public,)), "InstanceNetworkType": "classic",
        "InnerIpAddress": {"IpAddress": [ip]}, "NetworkInterfaces": {"NetworkInterface": []},
        "VpcAttributes": {"VpcId": "", "VSwitchId": "", "NatIpAddress": "", "PrivateIpAddress": {"IpAddress": []}},
    }  # fmt: skip


INSTANCE: Final[Row] = {
    "InstanceChargeType": "PostPaid", "InternetChargeType": "PayByTraffic", "InternetMaxBandwidthIn": 100,
    "InternetMaxBandwidthOut": 5, "ImageId": "aliyun_3_x64_20G_alibase_20240528.vhd", "OSType": "linux",
    "OSName": "Alibaba Cloud Linux 3", "OSNameEn": "Alibaba Cloud Linux 3", "SerialNumber": "", "VlanId": "",
    "ClusterId": "", "KeyPairName": "", "HpcClusterId": "", "ISP": "", "DeploymentSetId": "", "GPUAmount": 0,
    "GPUSpec": "", "LocalStorageAmount": 0, "LocalStorageCapacity": 0, "SaleCycle": "", "SpotStrategy": "NoSpot",
    "SpotDuration": 0, "SpotPriceLimit": 0.0, "StoppedMode": "Not-applicable", "CreditSpecification": "",
    "DeletionProtection": False, "DeviceAvailable": True, "IoOptimized": True, "Recyclable": False,
    "OperationLocks": {"LockReason": []}, "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2, "Numa": "ON"},
    "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "optional", "HttpPutResponseHopLimit": 0},
    "HibernationOptions": {"Configured": False},
    "DedicatedInstanceAttribute": {"Tenancy": "default", "Affinity": "default"},
    "EcsCapacityReservationAttr": {"CapacityReservationId": "", "CapacityReservationPreference": ""},
    "CreationTime": MINUTES, "StartTime": MINUTES, "ExpiredTime": "2099-12-31T15:59Z", "AutoReleaseTime": "",
    "ResourceGroupId": GROUP,
}  # fmt: skip


def _of_instance(eni: Row) -> Row:
    ips = [{"PrivateIpAddress": one["PrivateIpAddress"], "Primary": one["Primary"]}
           for one in eni["PrivateIpSets"]["PrivateIpSet"]]  # fmt: skip
    return {
        "NetworkInterfaceId": eni["NetworkInterfaceId"], "Type": eni["Type"], "MacAddress": eni["MacAddress"],
        "PrimaryIpAddress": eni["PrivateIpAddress"], "PrivateIpSets": {"PrivateIpSet": ips},
        "Ipv6Sets": eni["Ipv6Sets"], "Ipv4PrefixSets": {"Ipv4PrefixSet": []}, "Ipv6PrefixSets": {"Ipv6PrefixSet": []},
    }  # fmt: skip


def cluster(native: str, name: str, region_id: str, vpc_id: str, vsw: str, kind: str, given: Tags = NONE) -> Row:
    tail = native[:6]
    return {
        "cluster_id": native, "name": name, "region_id": region_id, "zone_id": "", "cluster_type": kind,
        "cluster_spec": "ack.pro.small", "profile": "Default", "state": "running", "size": 3, "vpc_id": vpc_id,
        "vswitch_id": vsw, "vswitch_ids": [vsw], "security_group_id": f"sg-{tail}", "init_version": "1.30.1-aliyun.1",
        "current_version": "1.30.1-aliyun.1", "next_version": "", "docker_version": "", "ip_stack": "dual",
        "container_cidr": "172.20.0.0/16", "subnet_cidr": "172.20.0.0/16", "service_cidr": "192.168.0.0/16,fc00::/112",
        "network_mode": "vpc", "proxy_mode": "ipvs", "cluster_domain": "cluster.local", "private_zone": False,
        "master_url": '{"intranet_api_server_endpoint":"https://10.0.1.9:6443","api_server_endpoint":""}',
        "external_loadbalancer_id": "", "deletion_protection": True, "resource_group_id": GROUP, "timezone": "",
        "worker_ram_role_name": f"KubernetesWorkerRole-{native}", "meta_data": "{}",
        "created": "2024-03-05T14:07:08+08:00", "updated": "2024-03-06T14:07:08+08:00",
        "tags": flat_tags(given, "key", "value"),
    }  # fmt: skip
