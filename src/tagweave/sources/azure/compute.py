"""Machines: regions, zones, machines with every interface, AKS clusters."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tagweave.model import VM, AvailabilityZone, Cluster, Region
from tagweave.sources.azure.ids import (
    location,
    name_of,
    native,
    properties,
    refer,
    referring,
    tags,
    time,
    vpc_of,
    within,
)
from tagweave.sources.azure.interfaces import configurations, interface
from tagweave.sources.azure.joins import (
    EACH_UNIFORM,
    EVERY_LOCATION,
    INTERFACES,
    NETWORKS,
    PAGES,
    PUBLIC_IPS,
    SCALE_SETS,
    SET_PUBLIC_IPS,
    SUBNETS,
    ZONES,
    physical_zone,
)
from tagweave.sources.azure.session import LOCATIONS
from tagweave.sources.clouds import Context, Join, Listing
from tagweave.sources.clouds.listing import Each, Raw, Request
from tagweave.sources.clouds.paging import at


def is_region(raw: Raw) -> bool:
    """Whether a location is a region: there are edge zones and names for several regions, such as `europe`, too."""
    return bool(at(raw, "type") != EDGE_ZONE and at(raw, "metadata.regionType") != "Logical")


EDGE_ZONE: Final = "EdgeZone"


def region(raw: Raw, _context: Context) -> Region | None:
    """Maps <https://learn.microsoft.com/rest/api/resources/subscriptions/list-locations#location>."""
    return Region(id=raw["name"], name=raw["name"]) if is_region(raw) else None


def zone(raw: Raw, _context: Context) -> AvailabilityZone:
    """Maps <https://learn.microsoft.com/rest/api/resources/subscriptions/list-locations#availabilityzonemappings>.

    A physical zone is named after its region: `westus-az1`.
    """
    name = raw["physicalZone"]
    return AvailabilityZone(id=name, name=name, region=name.rpartition("-")[0])


def edge_zone(raw: Raw, _context: Context) -> AvailabilityZone | None:
    """Maps <https://learn.microsoft.com/rest/api/resources/subscriptions/list-locations#location>.

    An edge zone extends the region that its id is in.
    """
    if raw.get("type") != EDGE_ZONE:
        return None
    home = within(native(raw), "locations").rpartition("/")[2]
    return AvailabilityZone(id=raw["name"], name=raw["name"], region=home)


def vm(raw: Raw, context: Context) -> VM:
    """Maps <https://learn.microsoft.com/rest/api/compute/virtual-machines/list-all#virtualmachine>."""
    about = properties(raw)
    named = (about.get("networkProfile") or {}).get("networkInterfaces") or ()
    ordered = sorted(named, key=lambda one: not properties(one).get("primary"))
    own = [context.one("interfaces", refer(one)) or one for one in ordered]
    state = context.one("states", native(raw))
    return _machine(raw, own, _power(properties(state)), (about.get("hardwareProfile") or {}).get("vmSize"), context)


def scale_set_vm(raw: Raw, context: Context) -> VM:
    """Maps <https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-set-vms/list#virtualmachinescalesetvm>.

    Those of flexible sets are listed as machines.
    """
    own = sorted(context.get("interfaces", native(raw)), key=lambda one: not properties(one).get("primary"))
    return _machine(raw, own, _power(properties(raw)), (raw.get("sku") or {}).get("name"), context)


def _machine(raw: Raw, own: Sequence[Raw], state: str, size: str | None, context: Context) -> VM:
    interfaces = tuple(interface(one, context) for one in own)
    here = location(raw)
    return VM(
        id=native(raw),
        name=name_of(raw),
        labels=tags(raw),
        created_at=time(properties(raw).get("timeCreated")),
        region=here,
        az=_edge(raw) or physical_zone(raw.get("zones"), here, context),
        vpc=next(filter(None, (vpc_of((one.subnet,)) for one in interfaces)), ""),
        host=refer(properties(raw).get("host")),
        state=state,
        instance_type=size or "",
        interfaces=interfaces,
    )


def _edge(raw: Raw) -> str:
    found = raw.get("extendedLocation") or {}
    return str(found.get("name") or "") if found.get("type") == EDGE_ZONE else ""


POWER: Final = "PowerState/"


def _power(about: Raw) -> str:
    """Maps <https://learn.microsoft.com/azure/virtual-machines/states-billing>, such as `running` or `deallocated`."""
    statuses = (about.get("instanceView") or {}).get("statuses") or ()
    codes = [str(one.get("code") or "") for one in statuses]
    return next((code.removeprefix(POWER).lower() for code in codes if code.startswith(POWER)), "")


def cluster(raw: Raw, context: Context) -> Cluster:
    """Maps <https://learn.microsoft.com/rest/api/aks/managed-clusters/list#managedcluster>.

    Its name has the region before it: the cluster's own source, which reads its API server, is often named alike,
    and a network that two clusters are named by is neither. One that was given no subnet has a VNet of its own in
    the resource group of its nodes.
    """
    about = properties(raw)
    here = location(raw)
    given = [str(pool.get("vnetSubnetID") or "").lower() for pool in about.get("agentPoolProfiles") or ()]
    group = str(about.get("nodeResourceGroup") or "").lower()
    own = [one for one in context.joined.get("networks", {}) if f"/resourcegroups/{group}/" in one]
    return Cluster(
        id=native(raw),
        name=f"{here}/{raw['name']}",
        labels=tags(raw),
        created_at=time((raw.get("systemData") or {}).get("createdAt")),
        version=about.get("currentKubernetesVersion") or about.get("kubernetesVersion") or "",
        cloud_source=context.place.source,
        vpc=vpc_of(given) or (own[0] if group and len(own) == 1 else ""),
        region=here,
    )


def _with_public_ips(interfaces: Iterable[Raw]) -> Iterator[Request]:
    """The scale sets whose machines have public addresses, by what their interfaces say."""
    found = {
        raw["id"][: len(within(native(raw), "virtualmachinescalesets"))]
        for raw in interfaces
        if at(raw, "id") and any(one.get("publicIPAddress") for one in configurations(raw))
    }
    return (Request(one, {"parent": one}) for one in sorted(found))


REGIONS: Final = Listing(
    "region", LOCATIONS, "value", region, scope="global", params=EVERY_LOCATION, shared=True
)  # fmt: skip

LISTINGS: Final = (
    Listing(
        "az", LOCATIONS, "value.availabilityZoneMappings", zone, scope="global", params=EVERY_LOCATION, shared=True,
        api="zones",
    ),
    Listing(
        "az", LOCATIONS, "value", edge_zone, scope="global", params=EVERY_LOCATION, shared=True, api="edge-zones"
    ),
    Listing(
        "vm", "Microsoft.Compute/virtualMachines/read", "value", vm, PAGES, "global", api="machines",
        joins=(
            Join(
                "states", "Microsoft.Compute/virtualMachines/read", "value", PAGES, by=native,
                params={"statusOnly": "true"},
            ),
            INTERFACES, PUBLIC_IPS, SUBNETS, ZONES,
        ),
    ),
    Listing(
        "vm", SCALE_SETS.action, "value", scale_set_vm, PAGES, "global", api="scale-sets", of="instances",
        joins=(
            Join(
                "instances", "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read", "value", PAGES,
                each=EACH_UNIFORM, params={"$expand": "instanceView"},
            ),
            Join(
                "interfaces", "Microsoft.Compute/virtualMachineScaleSets/networkInterfaces/read", "value", PAGES,
                each=EACH_UNIFORM, by=referring("virtualMachine"),
            ),
            Join("public_ips", SET_PUBLIC_IPS, "value", PAGES, each=Each("interfaces", _with_public_ips), by=native),
            SUBNETS, ZONES,
        ),
    ),
    Listing(
        "cluster", "Microsoft.ContainerService/managedClusters/read", "value", cluster, PAGES, "global",
        joins=(NETWORKS,),
    ),
)  # fmt: skip
"""What is listed of machines, in this order."""
