"""Between networks: VPC peerings, router interfaces, and cloud enterprise networks with their transit routers."""

from collections.abc import Iterator, Sequence
from typing import Final

from tagweave.model import Attachment, Cen, PeeringConnection, PeeringEnd
from tagweave.sources.aliyun import paging
from tagweave.sources.aliyun.tags import owner, tags, time
from tagweave.sources.clouds import Context, Join, Listing, Place, each
from tagweave.sources.clouds.listing import Each, Raw, Request
from tagweave.sources.clouds.paging import at

ACTIVE: Final = {"activated": "active"}
"""Aliyun's word for a peering through which traffic passes, and ours."""


def peering_connection(raw: Raw, context: Context) -> PeeringConnection | None:
    """Maps <https://api.alibabacloud.com/api/VpcPeer/2022-01-01/ListVpcPeerConnections>.

    Both ends list it: it is kept where the requester is, and at the accepter where the requester is not ours.
    """
    requester, accepter = owner(raw.get("OwnerId")), owner(raw.get("AcceptingOwnerUid"))
    region = raw["RegionId"]
    if context.elsewhere(requester or context.place.account, region):
        return None
    state = raw.get("Status", "").lower()
    return PeeringConnection(
        id=raw["InstanceId"],
        name=raw.get("Name") or raw["InstanceId"],
        labels=tags(raw),
        created_at=time(raw.get("GmtCreate")),
        vpcs=(
            PeeringEnd(_stranger(requester, context.place), region, raw["Vpc"]["VpcId"]),
            PeeringEnd(
                _stranger(accepter, context.place), raw.get("AcceptingRegionId", ""), raw["AcceptingVpc"]["VpcId"]
            ),
        ),
        state=ACTIVE.get(state, state),
    )


def _stranger(account: str, place: Place) -> str:
    """An account, if it is not ours."""
    return "" if account == place.account else account


def router_interface(raw: Raw, context: Context) -> PeeringConnection | None:
    """Maps <https://api.alibabacloud.com/api/Vpc/2016-04-28/DescribeRouterInterfaces>.

    Two interfaces of VPCs' routers are a peering; one to a border router is none. The initiating side is kept, and
    the accepting one where the initiator is not ours.
    """
    if raw["RouterType"] != "VRouter" or raw.get("OppositeRouterType") != "VRouter":
        return None
    account = owner(raw.get("OppositeInterfaceOwnerId")) or context.place.account
    region = raw["OppositeRegionId"]
    initiating = raw.get("Role") == "InitiatingSide"
    if not initiating and (account, region) in context.listed:
        return None
    here = PeeringEnd("", context.place.region, raw.get("VpcInstanceId", ""))
    there = PeeringEnd(_stranger(account, context.place), region, raw.get("OppositeVpcInstanceId", ""))
    return PeeringConnection(
        id=raw["RouterInterfaceId"],
        name=raw.get("Name") or raw["RouterInterfaceId"],
        labels=tags(raw),
        created_at=time(raw.get("CreationTime")),
        vpcs=(here, there) if initiating else (there, here),
        state=raw.get("Status", "").lower(),
    )


ATTACHED: Final = {"CCN": "ccn", "VBR": "vbr", "VPC": "vpc"}
"""Aliyun's words for what is attached to a network as a whole, as basic transit routers have it."""

ATTACHMENTS: Final = {
    "ListTransitRouterVpcAttachments": ("vpc", "VpcId", "VpcRegionId", "VpcOwnerId"),
    "ListTransitRouterVbrAttachments": ("vbr", "VbrId", "VbrRegionId", "VbrOwnerId"),
    "ListTransitRouterVpnAttachments": ("vpn", "VpnId", "VpnRegionId", "VpnOwnerId"),
    "ListTransitRouterEcrAttachments": (
        "express_connect_router", "EcrId", "TransitRouterRegionId", "EcrOwnerId",
    ),
}  # fmt: skip
"""The calls that list what is attached to a transit router: its kind, and the fields of its id, region and owner.

Those between two transit routers of one network are left out: both are listed as attached themselves.
"""

_LOOSE: Final = frozenset({"Detached", "Detaching", "Deleting", "Deleted"})


def cen(raw: Raw, context: Context) -> Cen:
    """Maps <https://api.alibabacloud.com/api/Cbn/2017-09-12/DescribeCens>."""
    native = raw["CenId"]
    return Cen(
        id=native,
        name=raw.get("Name") or native,
        labels=tags(raw),
        created_at=time(raw.get("CreationTime")),
        attachments=tuple(sorted(set(_attached(native, context)), key=lambda one: (one.kind, one.id))),
    )


def _attached(native: str, context: Context) -> Iterator[Attachment]:
    place = context.place
    for one in context.get("children", native):
        if one.get("Status") not in _LOOSE:
            kind = one["ChildInstanceType"]
            account = _stranger(owner(one.get("ChildInstanceOwnerId")), place)
            yield Attachment(
                ATTACHED.get(kind, kind.lower()), one["ChildInstanceId"], one.get("ChildInstanceRegionId", ""), account
            )
    for router_ in context.get("routers", native):
        account = _stranger(owner(router_.get("AliUid")), place)
        yield Attachment("transit_router", router_["TransitRouterId"], router_.get("RegionId", ""), account)
        for call, (kind, *fields) in ATTACHMENTS.items():
            for one in context.get(call, router_["TransitRouterId"]):
                if one.get("Status") not in _LOOSE:
                    id_, region, account = (one.get(field) for field in fields)
                    yield Attachment(kind, str(id_), region or "", _stranger(owner(account), place))


def _enterprise(routers: Sequence[Raw]) -> Iterator[Request]:
    """Only transit routers of the Enterprise Edition have attachments of their own."""
    for one in routers:
        native = at(one, "TransitRouterId")
        if native and at(one, "Type") != "Basic":
            yield Request(native, {"TransitRouterId": native})


LISTINGS: Final = (
    Listing(
        "peering_connection", "vpcpeer:ListVpcPeerConnections", "VpcPeerConnects", peering_connection, paging.TOKENS,
        api="vpc-peer",
    ),
    Listing(
        "peering_connection", "vpc:DescribeRouterInterfaces", "RouterInterfaceSet.RouterInterfaceType",
        router_interface, paging.PAGES, api="router-interfaces",
    ),
    Listing(
        "cen", "cbn:DescribeCens", "Cens.Cen", cen, paging.PAGES, scope="global",
        joins=(
            Join(
                "children", "cbn:DescribeCenAttachedChildInstances", "ChildInstances.ChildInstance", paging.PAGES,
                each=each("", "CenId", "CenId"),
            ),
            Join(
                "routers", "cbn:ListTransitRouters", "TransitRouters", paging.PAGES, each=each("", "CenId", "CenId"),
            ),
            *(
                Join(
                    call, f"cbn:{call}", "TransitRouterAttachments", paging.TOKENS,
                    each=Each("routers", _enterprise),
                )
                for call in ATTACHMENTS
            ),
        ),
    ),
)  # fmt: skip
"""What is listed between networks."""
