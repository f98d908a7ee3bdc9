"""The standard estate's machines, scale sets and Kubernetes clusters."""

from typing import Any
from uuid import NAMESPACE_OID, uuid5

from clouds.azure.addresses import configurations
from clouds.azure.arm import GROUP, NORTH, TAGS, WEST, Item, arm_id, network, ref, resource, subnet
from clouds.azure.network import NODES

SETS = "Microsoft.Compute/virtualMachineScaleSets"
MACHINES = "Microsoft.Compute/virtualMachines"
CREATED = "2025-03-01T08:15:30.1234567+00:00"


EDGE = "edgeamsterdam1"


# ---- machines

VMS: tuple[tuple[str, str, str, str, str, tuple[str, ...], dict[str, Any]], ...] = (
    ("web-1", WEST, "1", "running", "Standard_D4s_v5", ("nic-web-1", "nic-web-1-data"), {
        "host": ref(arm_id("Microsoft.Compute/hostGroups/hosts", "hosts", "host-1")),
    }),
    ("web-2", WEST, "2", "deallocated", "Standard_D4s_v5", ("nic-web-2",), {}),
    ("scale-flex_1a2b3c4d", WEST, "", "running", "Standard_B2s", ("nic-flex",), {
        "virtualMachineScaleSet": ref(arm_id(SETS, "scale-flex")),
    }),
    ("edge-1", WEST, "", "running", "Standard_B2s", (), {}),
    ("north-1", NORTH, "3", "stopped", "Standard_E8s_v5", ("nic-north-1",), {}),
)  # fmt: skip
"""Name, location, logical zone, power state, size, interfaces, and what else is said of it."""


def virtual_machines() -> list[Item]:
    """Compute writes resource groups in upper case, whatever they were made as."""
    made = []
    for name, location, zone, _, size, nics, more in VMS:
        properties = {
            "vmId": str(uuid5(NAMESPACE_OID, name)),
            "hardwareProfile": {"vmSize": size},
            "osProfile": {"computerName": name, "adminUsername": "azureuser"},
            "networkProfile": {
                "networkInterfaces": [
                    {**ref(network("networkInterfaces", nic, location=location)),
                     "properties": {"primary": not number}}
                    for number, nic in enumerate(nics)
                ]
            },
            "timeCreated": CREATED,
            **more,
        }  # fmt: skip
        zones: dict[str, Any] = {"zones": [zone]} if zone else {}
        if name == "edge-1":
            zones = {"extendedLocation": {"type": "EdgeZone", "name": EDGE}}
        tags: Item = {"tags": TAGS} if name == "web-1" else {}
        group = GROUP[location].upper()
        made.append(resource(MACHINES, name, location, properties, group=group, **zones, **tags))
    return made


def statuses() -> list[Item]:
    """The same machines as `statusOnly=true` lists them."""
    return [
        {
            "id": arm_id(MACHINES, name, group=GROUP[location].upper()),
            "name": name,
            "type": MACHINES,
            "location": location,
            "properties": {"instanceView": view(state)},
        }
        for name, location, _, state, *_ in VMS
    ]


def view(state: str) -> Item:
    return {
        "statuses": [
            {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded"},
            {"code": f"PowerState/{state}", "level": "Info", "displayStatus": f"VM {state}"},
        ]
    }


# ---- scale sets

SCALE: tuple[tuple[str, str, str, str, str, str, tuple[tuple[str, str, str, str, tuple[str, ...]], ...]], ...] = (
    ("scale-web", WEST, "", "Uniform", "vnet-spoke", "apps", (
        ("0", "1", "running", "00-0D-3A-2C-00-00", ("10.1.1.20", "fd00:db8:1:1::20")),
        ("3", "2", "stopped", "00-0D-3A-2C-00-03", ("10.1.1.23", "fd00:db8:1:1::23")),
    )),
    ("aks-nodepool1-20517384-vmss", WEST, NODES, "Uniform", "aks-vnet-20517384", "aks-subnet", (
        ("0", "", "running", "00-0D-3A-2C-10-00", ("10.224.0.4",)),
    )),
    ("scale-flex", WEST, "", "Flexible", "vnet-spoke", "apps", ()),
    ("scale-north", NORTH, "", "Uniform", "vnet-north", "apps", (
        ("12", "", "running", "00-22-48-8A-20-12", ("10.2.1.30",)),
    )),
)  # fmt: skip
"""Name, location, resource group, orchestration mode, network, subnet; and of each instance: its id, logical zone,
power state, MAC address and private addresses. A flexible set's machines are listed as any others."""

PUBLIC = {("scale-web", "0"): "203.0.113.50", ("scale-web", "3"): "203.0.113.53"}
"""Public addresses of instances. They are listed under the scale set alone."""


def scale_sets() -> list[Item]:
    return [
        resource(
            SETS, name, location,
            {"orchestrationMode": mode, "singlePlacementGroup": False, "overprovision": False, "uniqueId": name},
            group=group, sku={"name": "Standard_D2s_v5", "tier": "Standard", "capacity": len(instances)},
            **({"tags": TAGS} if name == "scale-web" else {}),
        )
        for name, location, group, mode, _, _, instances in SCALE
    ]  # fmt: skip


def of_scale_sets() -> dict[str, list[Item]]:
    """What is listed under each uniform scale set, by its path."""
    made: dict[str, list[Item]] = {}
    for name, location, group, mode, vnet, within, instances in SCALE:
        if mode != "Uniform":
            continue
        native = arm_id(SETS, name, group=group or GROUP[location])
        where = subnet(vnet, within, location, group)
        made[f"{native}/virtualMachines"] = [
            _instance(native, name, location, number, zone, state) for number, zone, state, _, _ in instances
        ]
        made[f"{native}/networkInterfaces"] = [
            _interface(native, name, where, number, mac, addresses) for number, _, _, mac, addresses in instances
        ]
        made[f"{native}/publicIPAddresses"] = [
            _public(native, number, PUBLIC[name, number]) for number, *_ in instances if (name, number) in PUBLIC
        ]
    return made


def _instance(native: str, name: str, location: str, number: str, zone: str, state: str) -> Item:
    return {
        "name": f"{name}_{number}",
        "id": f"{native}/virtualMachines/{number}",
        "instanceId": number,
        "type": f"{SETS}/virtualMachines",
        "location": location,
        "tags": TAGS if name == "scale-web" else {},
        "sku": {"name": "Standard_D2s_v5", "tier": "Standard"},
        **({"zones": [zone]} if zone else {}),
        "properties": {
            "latestModelApplied": True,
            "vmId": f"{name}-{number}",
            "hardwareProfile": {},
            "osProfile": {"computerName": f"{name}{int(number):06d}"},
            "networkProfile": {
                "networkInterfaces": [ref(f"{native}/virtualMachines/{number}/networkInterfaces/nic")]
            },
            "instanceView": view(state),
            "timeCreated": CREATED,
            "provisioningState": "Succeeded",
        },
    }  # fmt: skip


def _interface(native: str, name: str, where: str, number: str, mac: str, addresses: tuple[str, ...]) -> Item:
    """Neither a location nor tags: the interfaces of a scale set have none."""
    nic = f"{native}/virtualMachines/{number}/networkInterfaces/nic"
    first, *more = configurations(nic, where, tuple((one, "") for one in addresses))
    if (name, number) in PUBLIC:
        first["properties"]["publicIPAddress"] = ref(f"{first['id']}/publicIPAddresses/pub")
    return {
        "name": "nic",
        "id": nic,
        "properties": {
            "provisioningState": "Succeeded",
            "ipConfigurations": [first, *more],
            "macAddress": mac,
            "primary": True,
            "networkSecurityGroup": ref(network("networkSecurityGroups", "nsg-apps")),
            "virtualMachine": ref(f"{native}/virtualMachines/{number}"),
        },
    }


def _public(native: str, number: str, address: str) -> Item:
    configuration = f"{native}/virtualMachines/{number}/networkInterfaces/nic/ipConfigurations/ipconfig1"
    return {
        "name": "pub",
        "id": f"{configuration}/publicIPAddresses/pub",
        "properties": {
            "provisioningState": "Succeeded",
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Dynamic",
            "ipAddress": address,
            "ipConfiguration": ref(configuration),
        },
    }


# ---- Kubernetes

CLUSTERS: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    ("aks-main", WEST, "1.31.2", subnet("vnet-spoke", "nodes"), {
        "networkPlugin": "azure", "networkPluginMode": "overlay", "ipFamilies": ["IPv4", "IPv6"],
        "podCidr": "10.244.0.0/16", "podCidrs": ["10.244.0.0/16", "fd00:db8:a::/64"],
        "serviceCidr": "10.250.0.0/16", "serviceCidrs": ["10.250.0.0/16", "fd00:db8:b::/108"],
    }),
    ("aks-plain", WEST, "1.30.7", "", {
        "networkPlugin": "kubenet", "podCidr": "10.245.0.0/16", "serviceCidr": "10.251.0.0/16",
    }),
    ("aks-north", NORTH, "1.31.2", subnet("vnet-north", "apps", NORTH), {
        "networkPlugin": "azure", "serviceCidr": "10.252.0.0/16",
    }),
)  # fmt: skip
"""Name, location, version, the nodes' subnet (none: in a network that AKS makes), and the network profile."""


def clusters() -> list[Item]:
    made = []
    for name, location, version, within, profile in CLUSTERS:
        pool = {
            "name": "nodepool1", "count": 1, "vmSize": "Standard_D2s_v5", "type": "VirtualMachineScaleSets",
            "mode": "System", "orchestratorVersion": version, **({"vnetSubnetID": within} if within else {}),
        }  # fmt: skip
        properties = {
            "kubernetesVersion": version,
            "currentKubernetesVersion": version,
            "powerState": {"code": "Running"},
            "dnsPrefix": name,
            "fqdn": f"{name}-1f2e3d4c.hcp.{location}.azmk8s.io",
            "nodeResourceGroup": f"MC_{GROUP[location]}_{name}_{location}",
            "agentPoolProfiles": [pool],
            "networkProfile": {**profile, "loadBalancerSku": "standard", "outboundType": "loadBalancer"},
        }
        tags: Item = {"tags": TAGS} if name == "aks-main" else {}
        one = resource("Microsoft.ContainerService/managedClusters", name, location, properties, **tags)
        made.append({**one, "id": one["id"].replace("/resourceGroups/", "/resourcegroups/")})
    return made
