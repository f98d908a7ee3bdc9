"""VPC: <https://cloud.tencent.com/document/api/215>."""

from collections.abc import Mapping, Sequence
from typing import Any

from clouds.tencent.items.common import APP, MADE, MADE_UTC, NONE, UIN, Item, tag_set


def vpc(
    native: str, name: str, cidr: str, *, more: Sequence[str] = (), six: str = "", tags: Mapping[str, str] = NONE
) -> Item:
    return {
        "VpcId": native, "VpcName": name, "CidrBlock": cidr, "IsDefault": False, "EnableMulticast": False,
        "CreatedTime": MADE, "DnsServerSet": ["183.60.83.19", "183.60.82.98"], "DomainName": "", "DhcpOptionsId": "",
        "EnableDhcp": True, "Ipv6CidrBlock": six, "TagSet": tag_set(tags), "EnableRouteVpcPublish": False,
        "AssistantCidrSet": [
            {"VpcId": native, "CidrBlock": one, "AssistantType": number, "SubnetSet": []}
            for number, one in enumerate(more)
        ],
        "Ipv6CidrBlockSet": [{"IPv6CidrBlock": six, "ISPType": "BGP", "AddressType": "GUA"}] if six else [],
    }  # fmt: skip


def subnet(
    native: str, name: str, vpc: str, zone: str, cidr: str, table: str, *, six: str = "", tags: Mapping[str, str] = NONE
) -> Item:
    return {
        "VpcId": vpc, "SubnetId": native, "SubnetName": name, "CidrBlock": cidr, "IsDefault": False,
        "EnableBroadcast": False, "Zone": zone, "RouteTableId": table, "CreatedTime": MADE,
        "AvailableIpAddressCount": 200, "Ipv6CidrBlock": six, "NetworkAclId": "", "IsRemoteVpcSnat": False,
        "TotalIpAddressCount": 253, "TagSet": tag_set(tags), "CdcId": "", "IsCdcSubnet": 0,
    }  # fmt: skip


def route(table: str, number: int, destination: str, kind: str, gateway: str) -> Item:
    """IPv6 routes have the number 0 and their own field."""
    six = ":" in destination
    return {
        "RouteTableId": table, "RouteId": 0 if six else number, "RouteItemId": f"rti-{table[4:]}{number}",
        "DestinationCidrBlock": "" if six else destination, "DestinationIpv6CidrBlock": destination if six else "",
        "GatewayType": kind, "GatewayId": gateway, "RouteDescription": "", "Enabled": True,
        "RouteType": "CCN" if kind == "CCN" else "USER", "PublishedToVbc": False, "CreatedTime": MADE, "CdcId": "",
    }  # fmt: skip


def route_table(
    native: str, name: str, vpc: str, routes: Sequence[Item], subnets: Sequence[str], tags: Mapping[str, str] = NONE
) -> Item:
    return {
        "VpcId": vpc, "RouteTableId": native, "RouteTableName": name, "RouteSet": list(routes), "Main": False,
        "AssociationSet": [{"SubnetId": one, "RouteTableId": native} for one in subnets], "CreatedTime": MADE,
        "TagSet": tag_set(tags), "LocalCidrForCcn": [],
    }  # fmt: skip


def security_group(native: str, name: str, tags: Mapping[str, str] = NONE) -> Item:
    return {
        "SecurityGroupId": native, "SecurityGroupName": name, "SecurityGroupDesc": name, "ProjectId": "0",
        "IsDefault": False, "CreatedTime": MADE, "TagSet": tag_set(tags), "UpdateTime": MADE,
    }  # fmt: skip


def policy(protocol: str, port: str, action: str = "ACCEPT", **peer: Any) -> Item:
    """`peer` is one of CidrBlock, Ipv6CidrBlock, SecurityGroupId, AddressTemplate; ServiceTemplate is for ports."""
    return {
        "Protocol": protocol, "Port": port, "ServiceTemplate": {"ServiceId": "", "ServiceGroupId": ""},
        "CidrBlock": "", "Ipv6CidrBlock": "", "SecurityGroupId": "",
        "AddressTemplate": {"AddressId": "", "AddressGroupId": ""}, "Action": action, "PolicyDescription": "",
        "ModifyTime": MADE,
    } | peer  # fmt: skip


def policies(ingress: Sequence[Item], egress: Sequence[Item]) -> Item:
    def ranked(rules: Sequence[Item]) -> list[Item]:
        return [{"PolicyIndex": number, **one} for number, one in enumerate(rules)]

    return {
        "Version": "3", "Ingress": ranked(ingress), "Egress": ranked(egress),
        "PolicyStatistics": {
            "IngressIPv4TotalCount": len(ingress), "IngressIPv6TotalCount": 0,
            "EgressIPv4TotalCount": len(egress), "EgressIPv6TotalCount": 0,
        },
    }  # fmt: skip


def service_template(native: str, services: Sequence[str]) -> Item:
    return {
        "ServiceTemplateId": native, "ServiceTemplateName": native, "ServiceSet": list(services), "CreatedTime": MADE,
        "UpdatedTime": MADE, "ServiceExtraSet": [{"Service": one, "Description": ""} for one in services],
        "TagSet": [],
    }  # fmt: skip


def service_template_group(native: str, templates: Sequence[Item]) -> Item:
    return {
        "ServiceTemplateGroupId": native, "ServiceTemplateGroupName": native,
        "ServiceTemplateIdSet": [one["ServiceTemplateId"] for one in templates], "CreatedTime": MADE,
        "UpdatedTime": MADE, "ServiceTemplateSet": list(templates), "TagSet": [],
    }  # fmt: skip


def interface(
    native: str, vpc: str, subnet: str, zone: str, mac: str, private: Sequence[str], *,
    public: Mapping[str, str] = NONE, six: Sequence[str] = (), groups: Sequence[str] = (), instance: str = "",
    primary: bool = True, business: str = "cvm", tags: Mapping[str, str] = NONE,
) -> Item:  # fmt: skip
    """`public` are public addresses by the private one they belong to. Without an instance it is not attached."""
    index = 0 if primary else 1
    attachment = {"InstanceId": instance, "DeviceIndex": index, "InstanceAccountId": UIN, "AttachTime": MADE}
    return {
        "NetworkInterfaceId": native, "NetworkInterfaceName": native, "NetworkInterfaceDescription": "",
        "SubnetId": subnet, "VpcId": vpc, "GroupSet": list(groups), "Primary": primary, "MacAddress": mac,
        "State": "AVAILABLE",
        "PrivateIpAddressSet": [
            {"PrivateIpAddress": one, "Primary": number == 0, "PublicIpAddress": public.get(one, ""), "AddressId": "",
             "Description": "", "IsWanIpBlocked": False, "State": "AVAILABLE", "QosLevel": "DEFAULT"}
            for number, one in enumerate(private)
        ],
        "Attachment": attachment if instance else None, "Zone": zone, "CreatedTime": MADE,
        "Ipv6AddressSet": [
            {"Address": one, "Primary": number == 0, "AddressId": "", "Description": "", "IsWanIpBlocked": False,
             "State": "AVAILABLE", "PublicIpAddress": "", "AddressType": "GUA"}
            for number, one in enumerate(six)
        ],
        "TagSet": tag_set(tags), "EniType": 1 if primary else 0, "Business": business, "CdcId": "", "AttachType": 0,
        "ResourceId": "", "QosLevel": "DEFAULT",
    }  # fmt: skip


def ha_vip(native: str, vpc: str, subnet: str, ip: str, public: str = "", tags: Mapping[str, str] = NONE) -> Item:
    return {
        "HaVipId": native, "HaVipName": native, "Vip": ip, "VpcId": vpc, "SubnetId": subnet, "NetworkInterfaceId": "",
        "InstanceId": "", "AddressIp": public, "State": "UNBIND", "CreatedTime": MADE, "Business": "",
        "HaVipAssociationSet": [], "CheckAssociate": False, "CdcId": "", "TagSet": tag_set(tags),
    }  # fmt: skip


def address(
    native: str, ip: str, *, kind: str = "EIP", status: str = "UNBIND", instance: str | None = None,
    instance_type: str | None = None, interface: str | None = None, private: str | None = None,
    tags: Mapping[str, str] = NONE,
) -> Item:  # fmt: skip
    return {
        "AddressId": native, "AddressName": native, "AddressStatus": status, "AddressIp": ip, "InstanceId": instance,
        "CreatedTime": MADE_UTC, "NetworkInterfaceId": interface, "PrivateAddressIp": private, "IsArrears": False,
        "IsBlocked": False, "IsEipDirectConnection": False, "AddressType": kind, "CascadeRelease": False,
        "EipAlgType": {"Ftp": True, "Sip": False}, "InternetServiceProvider": "BGP", "LocalBgp": False,
        "Bandwidth": 5,
        "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR", "TagSet": tag_set(tags), "DeadlineDate": None,
        "InstanceType": instance_type, "Egress": "center_egress1", "BandwidthPackageId": None,
    }  # fmt: skip


def nat_gateway(
    native: str, name: str, vpc: str, subnet: str, zone: str, public: Mapping[str, str], *, snat: Sequence[Item] = (),
    dnat: Sequence[Item] = (), version: int = 1, tags: Mapping[str, str] = NONE,
) -> Item:  # fmt: skip
    """`public` are addresses by the id of their EIP; version 1 is a classic gateway, 2 a standard one."""
    return {
        "NatGatewayId": native, "NatGatewayName": name, "CreatedTime": MADE, "State": "AVAILABLE",
        "InternetMaxBandwidthOut": 100, "MaxConcurrentConnection": 1000000,
        "PublicIpAddressSet": [
            {"AddressId": eip, "PublicIpAddress": ip, "IsBlocked": False, "BlockType": ""} for eip,
            ip in public.items()
        ],
        "NetworkState": "AVAILABLE", "VpcId": vpc, "Zone": zone, "DirectConnectGatewayIds": [], "SubnetId": subnet,
        "DestinationIpPortTranslationNatRuleSet": [
            {field: one[field] for field in (
                "IpProtocol", "PublicIpAddress", "PublicPort", "PrivateIpAddress", "PrivatePort", "Description"
            )}
            for one in dnat
        ],
        "TagSet": tag_set(tags), "SecurityGroupSet": [], "SourceIpTranslationNatRuleSet": list(snat),
        "IsExclusive": False, "ExclusiveGatewayBandwidth": 0, "RestrictState": "NORMAL", "NatProductVersion": version,
        "SmartScheduleMode": False, "DedicatedClusterId": "", "DeletionProtectionEnabled": False,
    }  # fmt: skip


def snat(native: str, gateway: str, vpc: str, resource: str, private: str, public: Sequence[str]) -> Item:
    return {
        "ResourceId": resource, "ResourceType": "SUBNET" if resource.startswith("subnet") else "NETWORKINTERFACE",
        "PrivateIpAddress": private, "PublicIpAddresses": list(public), "Description": "", "NatGatewaySnatId": native,
        "NatGatewayId": gateway, "VpcId": vpc, "CreatedTime": MADE,
    }  # fmt: skip


def dnat(gateway: str, vpc: str, protocol: str, public: str, port: int, private: str, private_port: int) -> Item:
    return {
        "IpProtocol": protocol, "PublicIpAddress": public, "PublicPort": port, "PrivateIpAddress": private,
        "PrivatePort": private_port, "Description": "", "NatGatewayId": gateway, "VpcId": vpc, "CreatedTime": MADE,
    }  # fmt: skip


def private_nat_gateway(native: str, name: str, vpc: str, tags: Mapping[str, str] = NONE) -> Item:
    return {
        "NatGatewayId": native, "NatGatewayName": name, "VpcId": vpc, "Status": "AVAILABLE", "CrossDomain": False,
        "CreatedTime": MADE, "TagSet": tag_set(tags), "DirectConnectGatewayIds": [], "NatType": "VPC",
        "CrossDomainInfo": None, "VpcType": True, "CcnId": "", "DeletionProtectionEnabled": False,
    }  # fmt: skip


def translation(original: str, translated: str) -> Item:
    """The original address is the one within the VPC."""
    return {
        "TranslationDirection": "LOCAL", "TranslationType": "NETWORK_LAYER", "TranslationIp": translated,
        "Description": "", "OriginalIp": original, "CreateTime": MADE, "UpdateTime": MADE,
    }  # fmt: skip


def port_translation(original: str, port: int, translated: str, translated_port: int) -> Item:
    return {
        "Protocol": "TCP", "OriginalIp": original, "OriginalPort": port, "TranslationIp": translated,
        "TranslationPort": translated_port, "Description": "", "CreateTime": MADE, "UpdateTime": MADE,
    }  # fmt: skip


def peering(
    native: str, name: str, near: tuple[str, str], far: tuple[str, str], state: str = "ACTIVE",
    tags: Mapping[str, str] = NONE,
) -> Item:  # fmt: skip
    """The ends are (region, vpc)."""
    return {
        "SourceVpcId": near[1], "PeerVpcId": far[1], "DestinationVpcId": far[1], "PeeringConnectionId": native,
        "PeeringConnectionName": name, "State": state, "IsNgw": True, "Bandwidth": 100, "SourceRegion": near[0],
        "DestinationRegion": far[0], "CreateTime": MADE, "AppId": APP, "PeerAppId": APP,
        "ChargeType": "POSTPAID_BY_DAY_MAX", "SourceUin": int(UIN), "DestinationUin": int(UIN),
        "TagSet": tag_set(tags), "QosLevel": "AU", "Type": "VPC_PEER",
    }  # fmt: skip


def ccn(native: str, name: str, attached: int, tags: Mapping[str, str] = NONE) -> Item:
    return {
        "CcnId": native, "CcnName": name, "CcnDescription": name, "InstanceCount": attached, "CreateTime": MADE,
        "State": "AVAILABLE", "QosLevel": "AU", "InstanceChargeType": "POSTPAID",
        "BandwidthLimitType": "INTER_REGION_LIMIT", "TagSet": tag_set(tags), "RoutePriorityFlag": True,
        "RouteTableCount": 1, "RouteTableFlag": False, "IsSecurityLock": False, "RouteBroadcastPolicyFlag": False,
    }  # fmt: skip


def ccn_attachment(ccn: str, kind: str, native: str, region: str, cidrs: Sequence[str], uin: str = UIN) -> Item:
    return {
        "CcnId": ccn, "InstanceType": kind, "InstanceId": native, "InstanceName": native, "InstanceRegion": region,
        "InstanceUin": uin, "CidrBlock": list(cidrs), "State": "ACTIVE", "AttachedTime": MADE, "CcnUin": UIN,
        "InstanceArea": "CHINA_MAINLAND", "Description": "", "RouteTableId": "ccnrtb-default1", "RouteTableName": "",
    }  # fmt: skip
