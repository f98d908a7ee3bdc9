"""What Azure's answers become: malformed items first, then an estate of ours, then the vendor's own examples."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tagweave import model
from tagweave.sources.azure import LISTINGS, Config
from tagweave.sources.azure.compute import REGIONS
from tagweave.sources.azure.ids import expanded, time, type_of, within
from tagweave.sources.azure.source import only_in
from tagweave.sources.clouds import Job, Listing, Outcome, Place, perform

HERE: Final = Path(__file__).parent
SHOP: Final = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
GROUP: Final = f"/subscriptions/{SHOP}/resourcegroups/shop/providers"
NETWORK: Final = f"{GROUP}/microsoft.network"
COMPUTE: Final = f"{GROUP}/microsoft.compute"
HUB: Final = f"{NETWORK}/virtualnetworks/hub"
WEB: Final = f"{HUB}/subnets/web"
DATA: Final = f"{HUB}/subnets/data"
WEB_VM: Final = f"{COMPUTE}/virtualmachines/web-1"
POOL_VM: Final = f"{COMPUTE}/virtualmachinescalesets/pool/virtualmachines/0"
FAR: Final = "7c12e0c4-0000-4000-8000-0000000000ff"

Answers = Mapping[str, list[Any]]


def named(action: str, params: Mapping[str, Any]) -> str:
    """The response that an action gives: `Microsoft.Sql/servers/read` is `sql_servers`."""
    namespace, *kinds = action.removesuffix("/read").split("/")
    short = {"Microsoft.Network": "", "Microsoft.Compute": "", "Microsoft.Cache": "", "Microsoft.Resources": ""}
    before = short.get(namespace, namespace.removeprefix("Microsoft.").removeprefix("DBfor").lower())
    kinds = [kind for kind in kinds if kind != "subscriptions"]
    if namespace == "Microsoft.ContainerService":
        before = ""
    return "_".join(filter(None, (before, *kinds, "statusOnly" if "statusOnly" in params else "")))


def ours() -> dict[str, list[Any]]:
    return {path.stem: json.loads(path.read_text())["value"] for path in (HERE / "responses").glob("*.json")}


def listing(kind: str, api: str = "") -> Listing:
    (found,) = [one for one in (REGIONS, *LISTINGS) if one.kind == kind and one.api == api]
    return found


def outcome(
    one: Listing, answers: Answers, addresses: Mapping[str, tuple[str, ...]] | None = None, account: str = SHOP
) -> Outcome:
    """What a listing comes to where each call answers with what `answers` holds."""

    async def call(action: str, params: Mapping[str, Any]) -> Any:
        items = answers.get(named(action, params), [])
        parent = str(params.get("parent", "")).lower()
        return {"value": [item for item in items if not parent or item["id"].lower().startswith(f"{parent}/")]}

    async def resolver(host: str) -> tuple[str, ...]:
        return (addresses or {}).get(host, ())

    place = Place("azure", account)
    return asyncio.run(perform(Job(one, place, call, resolver=resolver if addresses else None)))


def listed(kind: str, api: str = "", **more: Any) -> dict[str, Any]:
    """The resources of a listing of our estate, by name."""
    found = outcome(listing(kind, api), ours(), **more)
    assert not found.defects
    assert isinstance(found.batch, model.Snapshot)
    return {one.name: one for one in found.batch.resources}


def single(kind: str, api: str = "", **more: Any) -> Any:
    (found,) = listed(kind, api, **more).values()
    return found


# ---- malformed


BROKEN: Final[tuple[Any, ...]] = (
    {},
    {"id": None},
    {"id": "/x", "properties": []},
    {"id": "/x", "properties": "none"},
    {"id": "/x", "tags": ["a"]},
    "text",
    None,
    7,
)


OWN_ITEMS: Final = [one for one in LISTINGS if one.path == "value" and not one.of and one.kind != "az"]
"""The listings whose items are all of a call's: those of the others are parts of them."""


@pytest.mark.parametrize("one", OWN_ITEMS, ids=lambda one: f"{one.kind}-{one.api}")
@pytest.mark.parametrize("broken", BROKEN, ids=repr)
def test_a_broken_item_costs_nothing_but_itself(one: Listing, broken: Any) -> None:
    answers = ours()
    name = named(one.action, one.params)
    whole = outcome(one, answers).batch
    spoilt = outcome(one, {**answers, name: [broken, *answers.get(name, [])]})
    assert isinstance(whole, model.Snapshot)
    assert isinstance(spoilt.batch, model.Snapshot)
    assert [r for r in spoilt.batch.resources if r.id != "/x"] == list(whole.resources)
    assert len(spoilt.defects) + len(spoilt.batch.resources) == 1 + len(whole.resources)


@pytest.mark.parametrize(
    ("kind", "api", "answer", "path", "value"),
    [
        ("vpc", "", "virtualNetworks", ("addressSpace", "addressPrefixes"), ["10.1.0.0/99"]),
        ("router", "route-tables", "routeTables", ("routes",), [{"properties": {"nextHopType": "None"}}]),
        ("vm", "machines", "virtualMachines", ("timeCreated",), "yesterday"),
        ("public_ip", "addresses", "publicIPAddresses", ("ipAddress",), "20.50.1"),
        ("load_balancer", "load-balancers", "loadBalancers", ("loadBalancingRules",), ["x"]),
        ("redis", "caches", "redis", ("staticIP",), "here"),
    ],
)
def test_what_is_not_as_documented_is_told_and_the_rest_is_taken(
    kind: str, api: str, answer: str, path: Sequence[str], value: Any
) -> None:
    answers = ours()
    held = answers[answer][0]["properties"]
    for step in path[:-1]:
        held = held[step]
    held[path[-1]] = value
    found = outcome(listing(kind, api), answers)
    assert len(found.defects) == 1
    assert f"broken {kind}" in found.defects[0].reason
    assert isinstance(found.batch, model.Snapshot)
    assert len(found.batch.resources) == len(answers[answer]) - 1


@pytest.mark.parametrize("one", [one for one in LISTINGS if one.of], ids=lambda one: f"{one.kind}-{one.api}")
@pytest.mark.parametrize("broken", [{}, {"id": None}, "text", None], ids=repr)
def test_a_holder_that_cannot_be_asked_is_no_holder_of_nothing(one: Listing, broken: Any) -> None:
    answers = ours()
    name = named(one.action, one.params)
    found = outcome(one, {**answers, name: [broken, *answers[name]]})
    assert isinstance(found.batch, model.Failure)
    assert "not as documented" in found.batch.error


def test_a_list_that_is_no_list_is_a_failure_and_not_empty() -> None:
    async def call(_action: str, _params: Mapping[str, Any]) -> Any:
        return {"data": []}

    found = asyncio.run(perform(Job(listing("vpc"), Place("azure", SHOP), call)))
    assert isinstance(found.batch, model.Failure)


# ---- places


def test_regions_are_the_physical_ones() -> None:
    assert set(listed("region")) == {"westeurope", "northeurope"}


def test_zones_are_physical_and_edge_zones_are_zones() -> None:
    assert {one.id: one.region for one in listed("az", "zones").values()} == {
        "westeurope-az1": "westeurope",
        "westeurope-az2": "westeurope",
        "westeurope-az3": "westeurope",
    }
    assert single("az", "edge-zones") == model.AvailabilityZone(
        source="azure", id="rotterdam", name="rotterdam", region="westeurope"
    )


def test_a_region_that_is_left_out_gives_nothing() -> None:
    config = Config(name="azure", exclude_regions=("north*",))
    found = outcome(only_in(config, listing("vpc")), ours()).batch
    assert isinstance(found, model.Snapshot)
    assert {one.region for one in found.resources} == {"westeurope"}  # type: ignore[attr-defined]
    whole = outcome(only_in(config, listing("peering_connection")), ours()).batch
    assert isinstance(whole, model.Snapshot)
    assert len(whole.resources) == 3


# ---- machines


def test_a_vm_has_every_interface_with_every_address_and_group() -> None:
    vm = listed("vm", "machines")["web-1"]
    assert (vm.id, vm.region, vm.az, vm.vpc, vm.state) == (WEB_VM, "westeurope", "westeurope-az3", HUB, "running")
    assert (vm.instance_type, vm.labels) == ("Standard_D2s_v5", {"Name": "web", "app": "shop"})
    assert vm.host == f"{COMPUTE}/hostgroups/g/hosts/h1"
    assert vm.created_at.isoformat() == "2024-02-03T04:05:06.123456+00:00"
    assert vm.interfaces == (
        model.Interface(
            id=f"{NETWORK}/networkinterfaces/web-1",
            mac="00:0d:3a:1b:c7:21",
            subnet=WEB,
            private_ips=("10.1.1.20", "10.1.1.9", "fd00:1:0:1::14"),
            public_ips=("20.50.1.1", "2603:1020:201::9"),
            security_groups=(
                f"{NETWORK}/networksecuritygroups/own",
                f"{NETWORK}/networksecuritygroups/web",
            ),
        ),
        model.Interface(
            id=f"{NETWORK}/networkinterfaces/web-1-data", subnet=DATA, private_ips=("10.1.2.20",)
        ),
    )  # fmt: skip


def test_a_vm_whose_interface_came_after_the_list_keeps_what_is_known() -> None:
    vm = listed("vm", "machines")["batch"]
    assert (vm.state, vm.vpc) == ("deallocated", "")
    assert vm.interfaces == (model.Interface(id=f"{NETWORK}/networkinterfaces/just-made"),)


def test_a_machine_of_a_uniform_scale_set_is_a_vm() -> None:
    vm = single("vm", "scale-sets")
    assert (vm.id, vm.name, vm.az, vm.vpc, vm.state) == (POOL_VM, "pool_0", "westeurope-az1", HUB, "running")
    assert vm.instance_type == "Standard_D4s_v5"
    assert vm.interfaces[0].private_ips == ("10.1.1.50",)
    assert vm.interfaces[0].public_ips == ("20.50.1.50",)


def test_a_flexible_scale_set_is_not_asked_for_machines() -> None:
    asked: list[str] = []

    async def call(action: str, params: Mapping[str, Any]) -> Any:
        asked.append(str(params.get("parent", "")))
        return {"value": ours().get(named(action, params), [])}

    asyncio.run(perform(Job(listing("vm", "scale-sets"), Place("azure", SHOP), call)))
    assert any(parent.endswith("/pool") for parent in asked)
    assert not any(parent.endswith("/flex") for parent in asked)


def test_a_logical_zone_that_is_not_mapped_stays_a_zone_of_its_region() -> None:
    answers = ours()
    answers["locations"] = []
    found = outcome(listing("vm", "machines"), answers).batch
    assert isinstance(found, model.Snapshot)
    assert found.resources[0].az == "westeurope-1"  # type: ignore[attr-defined]


def test_interfaces_without_a_machine_say_what_they_serve() -> None:
    found = listed("network_interface")
    assert set(found) == {"sql-pe.nic", "loose"}
    endpoint = found["sql-pe.nic"]
    assert (endpoint.attached_kind, endpoint.attached) == ("rds", f"{GROUP}/microsoft.sql/servers/shop")
    assert (endpoint.private_ips, endpoint.subnet, endpoint.vpc) == (("10.1.2.30",), DATA, HUB)
    assert endpoint.labels == {"owner": "data"}
    assert (found["loose"].attached_kind, found["loose"].private_ips[0], len(found["loose"].private_ips)) == (
        "",
        "10.1.1.32",
        16,
    )


def test_public_addresses_bound_and_unbound_of_both_families() -> None:
    found = {name: (one.ip, one.attached_kind, one.attached) for name, one in listed("public_ip", "addresses").items()}
    assert found == {
        "web-1": ("20.50.1.1", "vm", WEB_VM),
        "web-1-v6": ("2603:1020:201::9", "vm", WEB_VM),
        "nat": ("20.50.1.2", "nat_gateway", f"{NETWORK}/natgateways/out"),
        "front": ("20.50.1.3", "load_balancer", f"{NETWORK}/loadbalancers/front"),
        "unused": ("20.50.1.4", "", ""),
        "later": ("", "", ""),
    }
    pool = single("public_ip", "scale-sets")
    assert (pool.ip, pool.attached_kind, pool.attached, pool.region) == ("20.50.1.50", "vm", POOL_VM, "westeurope")


def test_a_prefix_of_public_addresses_is_kept() -> None:
    found = listed("public_ip", "prefixes")
    assert (found["block"].ip, found["block"].attached) == ("", f"{NETWORK}/natgateways/out")
    assert found["one"].ip == "20.60.0.1"


def test_a_cluster_is_in_the_network_of_its_nodes() -> None:
    found = listed("cluster")
    given, own = found["westeurope/given"], found["northeurope/own"]
    assert (given.version, given.vpc, given.region, given.cloud_source) == ("1.29.4", HUB, "westeurope", "azure")
    assert (own.version, own.vpc) == (
        "1.30",
        f"/subscriptions/{SHOP}/resourcegroups/mc_own/providers/microsoft.network/virtualnetworks/aks-vnet",
    )


# ---- networks


def test_networks_and_subnets_of_both_families() -> None:
    hub = listed("vpc")["hub"]
    assert (hub.id, hub.region, hub.cidrs, hub.labels) == (
        HUB,
        "westeurope",
        ("10.1.0.0/16", "fd00:1::/48"),
        {"owner": "network"},
    )
    subnets = listed("subnet")
    assert subnets["web"] == model.Subnet(
        source="azure",
        id=WEB,
        name="web",
        vpc=HUB,
        region="westeurope",
        cidrs=("10.1.1.0/24", "fd00:1:0:1::/64"),
        router=f"{NETWORK}/routetables/out",
    )
    assert subnets["data"].cidrs == ("10.1.2.0/24",)


def test_a_route_table_has_every_route_with_every_next_hop() -> None:
    table = single("router", "route-tables")
    assert (table.vpc, table.subnets, table.labels) == (HUB, (WEB,), {"owner": "network"})
    assert table.routes == (
        model.Route("0.0.0.0/0", "ip", "10.1.2.4"),
        model.Route("192.168.0.0/16", "vpn_gateway"),
        model.Route("198.51.100.0/24", "blackhole"),
        model.Route("::/0", "ip", "fd00:1:0:2::4"),
        model.Route("::/0", "ip", "fd00:1:0:2::5"),
        model.Route("Storage.WestEurope", "internet_gateway"),
    )


def test_a_hub_has_route_tables() -> None:
    table = single("router", "hub-route-tables")
    wall = f"{NETWORK}/azurefirewalls/wall"
    assert table.region == "westeurope"
    assert table.routes == (
        model.Route("0.0.0.0/0", "firewall", wall),
        model.Route("10.9.0.0/16", "firewall", wall),
    )


def test_rules_of_a_security_group_are_in_the_order_in_which_they_are_tried() -> None:
    group = listed("security_group")["web"]
    assert (group.vpc, group.labels) == (HUB, {"tier": "web"})
    assert group.rules == (
        model.SecurityRule("ingress", "tcp", "80", "203.0.113.0/24"),
        model.SecurityRule("ingress", "tcp", "8000-8080", "203.0.113.0/24"),
        model.SecurityRule("ingress", "tcp", "80", "2001:db8::/32"),
        model.SecurityRule("ingress", "tcp", "8000-8080", "2001:db8::/32"),
        model.SecurityRule("ingress", "tcp", "22", "*", "deny"),
        model.SecurityRule("ingress", "", "", "*", "deny"),
        model.SecurityRule("egress", "", "", f"{NETWORK}/applicationsecuritygroups/db"),
    )


def test_a_nat_gateway_has_the_addresses_of_its_prefixes_and_a_rule_for_each_range_of_its_family() -> None:
    gateway = single("nat_gateway")
    assert (gateway.vpc, gateway.subnets, gateway.labels) == (HUB, (WEB,), {"owner": "network"})
    assert gateway.public_ips == ("20.50.1.2", "20.60.0.8", "20.60.0.9", "20.60.0.10", "20.60.0.11")
    assert gateway.rules == (
        model.NatRule("snat", external="20.50.1.2", internal="10.1.1.0/24"),
        model.NatRule("snat", external="20.60.0.8/30", internal="10.1.1.0/24"),
    )


def test_a_peering_has_both_ends_and_what_is_not_ours_is_told_apart() -> None:
    found = listed("peering_connection")
    spoke = f"{NETWORK}/virtualnetworks/spoke"
    assert found["to-spoke"].vpcs == (
        model.PeeringEnd("", "westeurope", HUB),
        model.PeeringEnd("", "northeurope", spoke),
    )
    assert found["to-spoke"].state == "active"
    assert found["to-hub"].vpcs == (
        model.PeeringEnd("", "northeurope", spoke),
        model.PeeringEnd("", "westeurope", HUB),
    )
    far = f"/subscriptions/{FAR}/resourcegroups/far/providers/microsoft.network/virtualnetworks/far"
    assert found["to-far"].vpcs[1] == model.PeeringEnd(FAR, "", far)
    assert found["to-far"].state == "pending"


def test_a_virtual_wan_joins_hubs_and_a_hub_joins_networks() -> None:
    wan = single("cen", "virtual-wans")
    hub = single("cen", "virtual-hubs")
    assert (wan.region, wan.labels) == ("", {"owner": "network"})
    assert wan.attachments == (
        model.Attachment("cen", f"{NETWORK}/virtualhubs/eu", "westeurope"),
        model.Attachment("cen", f"{NETWORK}/virtualhubs/us"),
    )
    far = f"/subscriptions/{FAR}/resourcegroups/far/providers/microsoft.network/virtualnetworks/far"
    assert hub.region == "westeurope"
    assert hub.attachments == (
        model.Attachment("cen", f"{NETWORK}/virtualwans/world"),
        model.Attachment("vpc", HUB, "westeurope"),
        model.Attachment("vpc", far, "", FAR),
        model.Attachment("vpn", f"{NETWORK}/vpngateways/office", "westeurope"),
    )


# ---- load balancers


def test_a_load_balancer_has_its_addresses_and_every_machine_behind_it() -> None:
    front = listed("load_balancer", "load-balancers")["front"]
    assert (front.scheme, front.ips, front.vpc) == ("internet", ("20.50.1.3",), HUB)
    assert front.dns_name == "shop.westeurope.cloudapp.azure.com"
    assert front.labels == {"app": "shop"}
    assert front.listeners == (
        model.Listener("ALL", None, (model.Target(ip="10.1.2.77"),)),
        model.Listener("TCP", 80, (model.Target(vm=WEB_VM, port=8080), model.Target(vm=POOL_VM, port=8080))),
        model.Listener("TCP", 2201, (model.Target(vm=WEB_VM, port=22),)),
    )


def test_a_global_load_balancer_sends_to_the_addresses_of_regional_ones() -> None:
    one = listed("load_balancer", "load-balancers")["global"]
    assert (one.scheme, one.ips, one.subnets) == ("internal", ("10.1.2.5",), (DATA,))
    assert one.listeners == (model.Listener("TCP", 443, (model.Target(ip="20.50.1.3", port=443),)),)


def test_a_load_balancer_of_a_scale_set_is_in_the_network_of_its_machines() -> None:
    pool = listed("load_balancer", "load-balancers")["pool"]
    assert (pool.vpc, pool.scheme, pool.ips) == (HUB, "internet", ("20.60.0.1",))


def test_an_application_gateway_sends_to_the_pools_of_all_its_paths() -> None:
    gate = single("load_balancer", "application-gateways")
    assert (gate.scheme, gate.ips, gate.vpc, gate.subnets) == ("internal", ("10.1.2.9",), HUB, (DATA,))
    assert gate.listeners == (
        model.Listener(
            "HTTPS",
            443,
            (
                model.Target(ip="10.1.1.20", port=8443),
                model.Target(ip="fd00:1:0:1::99", port=8443),
                model.Target(vm=WEB_VM, port=8443),
            ),
        ),
    )


# ---- databases


def test_a_private_endpoint_tells_the_address_of_a_server() -> None:
    server = single("rds", "sql-servers")
    assert (server.vpc, server.subnets, server.ips) == (HUB, (DATA,), ("10.1.2.30",))
    assert (server.engine, server.port, server.version, server.state) == ("sqlserver", 1433, "12.0", "ready")
    assert server.labels == {"app": "shop"}


def test_the_address_of_a_gateway_that_many_servers_share_is_no_server_s_own() -> None:
    found = single("rds", "sql-servers", addresses={"shop.database.windows.net": ("52.236.184.163", "10.1.2.30")})
    assert found.ips == ("10.1.2.30",)


def test_names_are_resolved_where_the_source_is_configured_so() -> None:
    found = single("rds", "sql-managed-instances", addresses={"legacy.1b4e.database.windows.net": ("10.1.2.41",)})
    assert (found.ips, found.vpc, found.subnets) == (("10.1.2.41",), HUB, (DATA,))


def test_flexible_servers_have_a_zone_and_a_version() -> None:
    cart, orders = single("rds", "mysql-flexible"), single("rds", "postgresql-flexible")
    assert (cart.engine, cart.port, cart.version, cart.az) == ("mysql", 3306, "8.0.21", "westeurope-az2")
    assert cart.created_at.isoformat() == "2024-03-01T00:00:00+00:00"
    assert (orders.engine, orders.version, orders.az, orders.vpc) == (
        "postgresql",
        "16.2",
        "westeurope-az3",
        HUB,
    )
    assert orders.state == "stopped"


def test_caches_of_both_products() -> None:
    session, search = single("redis", "caches"), single("redis", "managed")
    assert (session.ips, session.port, session.vpc, session.az) == (("10.1.2.60",), 6380, HUB, "westeurope-az3")
    assert (search.port, search.state, search.az, search.version) == (10000, "running", "", "7.4")
    assert search.labels == {"app": "shop"}


def test_an_endpoint_in_each_of_two_networks_leaves_the_addresses_to_its_interfaces() -> None:
    answers = ours()
    (first,) = answers["privateEndpoints"]
    second = json.loads(json.dumps(first).replace("virtualNetworks/hub", "virtualNetworks/spoke"))
    answers["privateEndpoints"] = [first, second]
    found = outcome(listing("rds", "sql-servers"), answers).batch
    assert isinstance(found, model.Snapshot)
    (server,) = found.resources
    assert isinstance(server, model.Rds)
    assert (server.vpc, server.ips, len(server.subnets)) == ("", (), 2)


# ---- small readings


@pytest.mark.parametrize(
    ("text", "count"),
    [(None, 0), ("", 0), ("10.0.0.1", 1), ("10.0.0.0/28", 16), ("10.0.0.0/8", 0), ("2001:db8::/124", 16)],
)
def test_a_small_block_is_its_addresses(text: str | None, count: int) -> None:
    assert len(expanded(text)) == count


def test_ids_are_read_by_their_parts() -> None:
    assert within(f"{WEB}", "virtualnetworks") == HUB
    assert within(f"{HUB}", "subnets") == ""
    assert type_of(f"{HUB}/subnets/web") == "microsoft.network/virtualnetworks/subnets"


def test_a_time_without_a_zone_is_utc() -> None:
    assert str(time("2024-02-03T04:05:06")) == "2024-02-03 04:05:06+00:00"


# ---- the vendor's own examples

VENDORS: Final = os.environ.get("TAGWEAVE_VENDORS", "")
vendors = pytest.mark.skipif(not VENDORS, reason="TAGWEAVE_VENDORS is not set")

EXAMPLES: Final = {
    ("region", ""): "region",
    ("az", "zones"): "region",
    ("az", "edge-zones"): "region__extended_locations",
    ("vpc", ""): "vpc",
    ("subnet", ""): "vpc",
    ("router", "route-tables"): "router",
    ("security_group", ""): "security_group",
    ("nat_gateway", ""): "nat_gateway",
    ("cen", "virtual-wans"): "cen",
    ("cen", "virtual-hubs"): "cen_hubs",
    ("vm", "machines"): "vm",
    ("network_interface", ""): "network_interface",
    ("public_ip", "addresses"): "public_ip",
    ("public_ip", "prefixes"): "public_ip_prefix",
    ("load_balancer", "load-balancers"): "load_balancer",
    ("load_balancer", "application-gateways"): "load_balancer_application_gateway",
    ("rds", "sql-servers"): "rds",
    ("rds", "sql-managed-instances"): "rds__sql_managed_instance",
    ("rds", "mysql-flexible"): "rds__mysql_flexible",
    ("rds", "mysql-single"): "rds__mysql_single",
    ("rds", "postgresql-flexible"): "rds__postgresql_flexible",
    ("rds", "postgresql-single"): "rds__postgresql_single",
    ("rds", "mariadb"): "rds__mariadb",
    ("redis", "caches"): "redis",
    ("redis", "managed"): "redis__enterprise",
}
"""The example of each listing's own call."""
CHILDREN: Final = {
    "virtualMachineScaleSets": "vm__scale_sets",
    "virtualMachineScaleSets_virtualMachines": "vm__scale_set_vms",
    "virtualMachineScaleSets_networkInterfaces": "network_interface__vmss",
    "virtualMachineScaleSets_publicIPAddresses": "public_ip__vmss",
    "virtualHubs": "cen_hubs",
    "virtualHubs_hubRouteTables": "cen_route_tables",
}
"""The examples of listings whose resources are those of a join."""


def example(name: str) -> list[Any]:
    body = json.loads((Path(VENDORS) / "azure" / "bodies" / f"{name}.json").read_text())
    found: list[Any] = body if isinstance(body, list) else body["value"]
    return found


@vendors
@pytest.mark.parametrize(("kind", "api"), EXAMPLES)
def test_every_item_of_the_vendor_s_example_is_mapped(kind: str, api: str) -> None:
    one = listing(kind, api)
    items = example(EXAMPLES[kind, api])
    found = outcome(one, {named(one.action, {}): items}, account="subid")
    assert not found.defects
    assert isinstance(found.batch, model.Snapshot)
    assert found.batch.resources
    whole = one.path == "value" and kind not in {"az", "network_interface"}
    if whole:
        assert {resource.id for resource in found.batch.resources} == {
            item["name"] if kind == "region" else item["id"].lower() for item in items
        }


@vendors
@pytest.mark.parametrize(
    ("kind", "api", "count"),
    [("vm", "scale-sets", 1), ("public_ip", "scale-sets", 2), ("router", "hub-route-tables", 2)],
)
def test_every_part_of_the_vendor_s_example_is_mapped(kind: str, api: str, count: int) -> None:
    one = listing(kind, api)
    answers = {name: example(of) for name, of in CHILDREN.items()}

    async def call(action: str, params: Mapping[str, Any]) -> Any:
        return {"value": answers.get(named(action, params), [])}

    found = asyncio.run(perform(Job(one, Place("azure", "subid"), call)))
    assert not found.defects
    assert isinstance(found.batch, model.Snapshot)
    assert len(found.batch.resources) == count


@vendors
def test_the_vendor_s_peerings_have_both_ends() -> None:
    items = example("peering_connection")
    network = {"id": "/x", "properties": {"virtualNetworkPeerings": items}}
    found = outcome(listing("peering_connection"), {"virtualNetworks": [network]})
    assert isinstance(found.batch, model.Snapshot)
    ends = {tuple(end.vpc.rpartition("/")[2] for end in one.vpcs) for one in found.batch.resources}  # type: ignore[attr-defined]
    assert ends == {("vnet1", "vnet2"), ("vnet1", "vnet3")}
