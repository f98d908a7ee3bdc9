"""A large estate: so many machines in some regions, and what belongs around them. All of it is counted out."""

from collections.abc import Iterator
from ipaddress import ip_address

from clouds.azure.arm import SUBSCRIPTION, Item, arm_id, child, network, ref, resource
from clouds.azure.compute import view
from clouds.azure.estate import EXTENDED, STATUSES, Estate, locations, subscription

NAMES = ("westeurope", "northeurope", "uksouth", "francecentral", "germanywestcentral", "eastus", "eastus2", "westus3")
IN_A_SUBNET = 200
SUBNETS = 10
"""In a virtual network."""
_FIRST = int(ip_address("10.0.0.0"))
_FIRST_V6 = int(ip_address("fd00:db8::"))
_FIRST_PUBLIC = int(ip_address("198.18.0.0"))


def large(vms: int, regions: int) -> tuple[Estate, tuple[str, ...]]:
    """The estate and the names of its regions."""
    here = f"/subscriptions/{SUBSCRIPTION}"
    names = NAMES[:regions]
    lists: dict[str, list[Item]] = {
        "/subscriptions": [subscription()],
        f"{here}/locations": locations(names=names),
        f"{here}/locations{EXTENDED}": locations(names=names),
    }
    for number, name in enumerate(names):
        size = vms // regions + (number < vms % regions)
        for kind, item in _region(name, size, f"rg-{name}"):
            lists.setdefault(f"{here}/providers/{kind}", []).append(item)
    return Estate(lists), names


def _region(location: str, size: int, group: str) -> Iterator[tuple[str, Item]]:
    yield _one("Microsoft.Network/networkSecurityGroups", "nsg", location, {"securityRules": []}, group)
    for start in range(0, size, IN_A_SUBNET * SUBNETS):
        vnet = f"vnet-{start}"
        subnets = range(start, min(size, start + IN_A_SUBNET * SUBNETS), IN_A_SUBNET)
        yield _vnet(vnet, location, subnets, group)
        yield _one("Microsoft.Network/routeTables", f"rt-{start}", location, {"routes": []}, group)
        for first in subnets:
            where = network("virtualNetworks/subnets", vnet, f"subnet-{first}", group=group)
            for number in range(first, min(size, first + IN_A_SUBNET)):
                yield from _machine(number, location, where, group)
            yield _balancer(first, location, where, group)
    server = {"fullyQualifiedDomainName": f"sql-{location}.database.windows.net", "version": "12.0", "state": "Ready"}
    yield _one("Microsoft.Sql/servers", f"sql-{location}", location, server, group)


def _one(kind: str, name: str, location: str, properties: Item, group: str) -> tuple[str, Item]:
    return kind, resource(kind, name, location, properties, group=group, tags={"env": "bench"})


def _vnet(name: str, location: str, subnets: range, group: str) -> tuple[str, Item]:
    native = network("virtualNetworks", name, group=group)
    parts = [
        child(native, "subnets", f"subnet-{one}", {
            "addressPrefixes": [f"{_v4(one // IN_A_SUBNET * 256)}/24", f"{_v6((one // IN_A_SUBNET) << 64)}/64"],
        })
        for one in subnets
    ]  # fmt: skip
    space = {"addressPrefixes": ["10.0.0.0/8", "fd00:db8::/32"]}
    properties = {"addressSpace": space, "subnets": parts, "virtualNetworkPeerings": []}
    return _one("Microsoft.Network/virtualNetworks", name, location, properties, group)


def _machine(number: int, location: str, where: str, group: str) -> Iterator[tuple[str, Item]]:
    name, nic = f"vm-{number}", network("networkInterfaces", f"nic-{number}", group=group)
    native = arm_id("Microsoft.Compute/virtualMachines", name, group=group)
    place = number // IN_A_SUBNET, number % IN_A_SUBNET
    addresses = [_v4(place[0] * 256 + place[1] + 4), _v6((place[0] << 64) + place[1] + 4)]
    public = network("publicIPAddresses", f"pip-{number}", group=group) if number % 10 == 0 else ""
    configurations = [
        child(nic, "ipConfigurations", f"ipconfig{index}", {
            "privateIPAddress": address,
            "privateIPAddressVersion": "IPv6" if ":" in address else "IPv4",
            "primary": index == 1,
            "subnet": ref(where),
            **({"publicIPAddress": ref(public)} if public and index == 1 else {}),
        })
        for index, address in enumerate(addresses, 1)
    ]  # fmt: skip
    kind, machine = _one("Microsoft.Compute/virtualMachines", name, location, {
        "hardwareProfile": {"vmSize": "Standard_D4s_v5"},
        "networkProfile": {"networkInterfaces": [ref(nic)]},
    }, group)  # fmt: skip
    yield kind, {**machine, "zones": [str(number % 3 + 1)]}
    yield kind + STATUSES, {
        "id": native, "name": name, "type": kind, "location": location, "properties": {"instanceView": view("running")},
    }  # fmt: skip
    yield _one("Microsoft.Network/networkInterfaces", f"nic-{number}", location, {
        "ipConfigurations": configurations,
        "macAddress": f"00-0D-3A-{number.to_bytes(3).hex('-').upper()}",
        "networkSecurityGroup": ref(network("networkSecurityGroups", "nsg", group=group)),
        "primary": True,
        "virtualMachine": ref(native),
    }, group)  # fmt: skip
    if public:
        yield _one("Microsoft.Network/publicIPAddresses", f"pip-{number}", location, {
            "ipAddress": str(ip_address(_FIRST_PUBLIC + number)),
            "publicIPAddressVersion": "IPv4",
            "ipConfiguration": ref(configurations[0]["id"]),
        }, group)  # fmt: skip


def _balancer(first: int, location: str, where: str, group: str) -> tuple[str, Item]:
    native = network("loadBalancers", f"lb-{first}", group=group)
    front = child(native, "frontendIPConfigurations", "front", {
        "privateIPAddress": _v4(first // IN_A_SUBNET * 256 + 250), "subnet": ref(where),
    })  # fmt: skip
    member = f"{network('networkInterfaces', f'nic-{first}', group=group)}/ipConfigurations/ipconfig1"
    pool = child(native, "backendAddressPools", "pool", {"backendIPConfigurations": [ref(member)]})
    rule = child(native, "loadBalancingRules", "rule", {
        "frontendIPConfiguration": ref(front["id"]), "backendAddressPool": ref(pool["id"]),
        "protocol": "Tcp", "frontendPort": 80, "backendPort": 80,
    })  # fmt: skip
    return _one("Microsoft.Network/loadBalancers", f"lb-{first}", location, {
        "frontendIPConfigurations": [front], "backendAddressPools": [pool], "loadBalancingRules": [rule],
        "inboundNatRules": [],
    }, group)  # fmt: skip


def _v4(offset: int) -> str:
    return str(ip_address(_FIRST + offset))


def _v6(offset: int) -> str:
    return str(ip_address(_FIRST_V6 + offset))
