"""The standard estate's load balancers and application gateways."""

from collections.abc import Mapping, Sequence
from typing import Any

from clouds.azure.arm import NORTH, TAGS, WEST, Item, arm_id, child, network, ref, resource, subnet

ZONES = ["1", "2", "3"]


def _frontend(location: str, public: str = "", private: str = "", within: str = "") -> dict[str, Any]:
    if public:
        return {
            "publicIPAddress": ref(network("publicIPAddresses", public, location=location)),
            "privateIPAllocationMethod": "Dynamic",
        }
    return {
        "privateIPAddress": private,
        "privateIPAllocationMethod": "Static",
        "subnet": ref(within),
    }


def _version(frontend: Mapping[str, Any]) -> str:
    return "IPv6" if ":" in frontend.get("privateIPAddress", "") else "IPv4"


class Rule:
    """A balancing rule: frontend, protocol, port, the pool (or the interface, of an inbound NAT rule) and its port."""

    def __init__(self, front: str, protocol: str, port: int, to: str, backend: int | None = None) -> None:
        self.front = front
        self.protocol = protocol
        self.port = port
        self.to = to
        self.backend = port if backend is None else backend


def _balancer(
    name: str,
    location: str,
    fronts: Mapping[str, dict[str, Any]],
    pools: Mapping[str, dict[str, Any]],
    rules: Sequence[Rule] = (),
    inbound: Sequence[Rule] = (),
    **more: Any,
) -> Item:
    native = network("loadBalancers", name, location=location)

    def part(kind: str, one: str, properties: Mapping[str, Any]) -> Item:
        return {**child(native, kind, one, properties), "type": f"Microsoft.Network/loadBalancers/{kind}"}

    def ports(rule: Rule) -> dict[str, Any]:
        return {
            "frontendIPConfiguration": ref(f"{native}/frontendIPConfigurations/{rule.front}"),
            "protocol": rule.protocol,
            "frontendPort": rule.port,
            "backendPort": rule.backend,
            "enableFloatingIP": False,
            "idleTimeoutInMinutes": 4,
        }

    def pool(rule: Rule) -> dict[str, Any]:
        to = ref(f"{native}/backendAddressPools/{rule.to}")
        return {**ports(rule), "backendAddressPool": to, "backendAddressPools": [to], "loadDistribution": "Default"}

    properties = {
        "frontendIPConfigurations": [
            part("frontendIPConfigurations", one, {**properties, "privateIPAddressVersion": _version(properties)})
            for one, properties in fronts.items()
        ],
        "backendAddressPools": [part("backendAddressPools", *one) for one in pools.items()],
        "loadBalancingRules": [
            part("loadBalancingRules", f"rule{number}", pool(rule)) for number, rule in enumerate(rules, 1)
        ],
        "inboundNatRules": [
            part("inboundNatRules", f"nat{number}", {**ports(rule), "backendIPConfiguration": ref(rule.to)})
            for number, rule in enumerate(inbound, 1)
        ],
        "probes": [],
        "inboundNatPools": [],
        "outboundRules": [],
    }
    return resource("Microsoft.Network/loadBalancers", name, location, properties, **more)


def _members(*configurations: str) -> dict[str, Any]:
    return {"backendIPConfigurations": [ref(one) for one in configurations]}


def _addresses(vnet: str, *addresses: str) -> dict[str, Any]:
    return {
        "loadBalancerBackendAddresses": [
            {"name": f"address{number}", "properties": {"virtualNetwork": ref(vnet), "ipAddress": address}}
            for number, address in enumerate(addresses, 1)
        ]
    }


def load_balancers() -> list[Item]:
    apps = subnet("vnet-spoke", "apps")
    spoke = network("virtualNetworks", "vnet-spoke")
    web = [network("networkInterfaces/ipConfigurations", nic, "ipconfig1") for nic in ("nic-web-1", "nic-web-2")]
    north = network("networkInterfaces/ipConfigurations", "nic-north-1", "ipconfig1", location=NORTH)
    sets = arm_id("Microsoft.Compute/virtualMachineScaleSets", "scale-web")
    scaled = [f"{sets}/virtualMachines/{number}/networkInterfaces/nic/ipConfigurations/ipconfig1" for number in (0, 3)]
    behind = network("loadBalancers/frontendIPConfigurations", "lb-public", "front-v4")
    standard = {"name": "Standard", "tier": "Regional"}
    return [
        _balancer(
            "lb-public", WEST,
            {"front-v4": _frontend(WEST, public="pip-lb"), "front-v6": _frontend(WEST, public="pip-lb-v6")},
            {"web": _members(*web)},
            [Rule("front-v4", "Tcp", 443, "web", 8443), Rule("front-v6", "Tcp", 443, "web", 8443)],
            [Rule("front-v4", "Tcp", 50022, web[0], 22)],
            sku=standard, tags=TAGS,
        ),
        _balancer(
            "lb-internal", WEST,
            {"front": _frontend(WEST, private="10.1.1.100", within=apps),
             "front-v6": _frontend(WEST, private="fd00:db8:1:1::100", within=apps)},
            {"machines": _addresses(spoke, "10.1.1.4", "fd00:db8:1:1::4")},
            [Rule("front", "All", 0, "machines"), Rule("front-v6", "Udp", 53, "machines")],
            sku=standard,
        ),
        _balancer(
            "lb-scale", WEST,
            {"front": _frontend(WEST, private="10.1.1.101", within=apps)},
            {"scaled": _members(*scaled)}, [Rule("front", "Tcp", 80, "scaled")],
            sku=standard,
        ),
        _balancer(
            "lb-idle", WEST,
            {"front": _frontend(WEST, private="10.1.1.102", within=apps)}, {},
            sku={"name": "Basic", "tier": "Regional"},
        ),
        _balancer(
            "lb-global", NORTH,
            {"front": _frontend(NORTH, public="pip-global")},
            {"regions": {"loadBalancerBackendAddresses": [
                {"name": "west", "properties": {"loadBalancerFrontendIPConfiguration": ref(behind)}}]}},
            [Rule("front", "Tcp", 443, "regions")],
            sku={"name": "Standard", "tier": "Global"},
        ),
        _balancer(
            "lb-north", NORTH,
            {"front": _frontend(NORTH, private="10.2.1.100", within=subnet("vnet-north", "apps", NORTH))},
            {"north": _members(north)},
            [Rule("front", "Tcp", 80, "north")],
            sku=standard,
        ),
    ]  # fmt: skip


def application_gateways() -> list[Item]:
    front = network("applicationGateways", "gw-front")
    return [
        _gateway(
            "gw-front", WEST, subnet("vnet-hub", "gateways"),
            {"public": _frontend(WEST, public="pip-gateway"),
             "private": _frontend(WEST, private="10.0.3.10", within=subnet("vnet-hub", "gateways"))},
            {"web": [{"ipAddress": "10.1.1.4"}, {"ipAddress": "10.1.1.5"}],
             "static": [{"fqdn": "static.example.com"}]},
            (("https", "public", 443, "Https", "web", 8443), ("http", "private", 80, "Http", "", 0)),
            paths={"http": [child(f"{front}/urlPathMaps/http", "pathRules", "static", {
                "paths": ["/static/*"],
                "backendAddressPool": ref(f"{front}/backendAddressPools/static"),
                "backendHttpSettings": ref(f"{front}/backendHttpSettingsCollection/https"),
            })]},
            tags=TAGS, zones=ZONES,
        ),
        _gateway(
            "gw-north", NORTH, subnet("vnet-north", "data", NORTH),
            {"private": _frontend(NORTH, private="10.2.2.10", within=subnet("vnet-north", "data", NORTH))},
            {"north": [{"ipAddress": "10.2.1.4"}]},
            (("http", "private", 80, "Http", "north", 8080),),
        ),
    ]  # fmt: skip


def _gateway(
    name: str,
    location: str,
    within: str,
    fronts: Mapping[str, dict[str, Any]],
    pools: Mapping[str, list[dict[str, str]]],
    listeners: Sequence[tuple[str, str, int, str, str, int]],
    paths: Mapping[str, list[Item]] | None = None,
    **more: Any,
) -> Item:
    """A gateway. A listener is its name, frontend, port, protocol, pool (none: by its paths) and the pool's port."""
    native = network("applicationGateways", name, location=location)

    def to(kind: str, one: str) -> Item:
        return ref(f"{native}/{kind}/{one}")

    rules = []
    for priority, (listener, _, _, _, pool, _) in enumerate(listeners, 1):
        target = {
            "ruleType": "Basic",
            "backendAddressPool": to("backendAddressPools", pool),
            "backendHttpSettings": to("backendHttpSettingsCollection", listener),
        } if pool else {"ruleType": "PathBasedRouting", "urlPathMap": to("urlPathMaps", listener)}  # fmt: skip
        properties = {"priority": priority * 10, "httpListener": to("httpListeners", listener), **target}
        rules.append(child(native, "requestRoutingRules", listener, properties))
    first = next(iter(pools))
    properties = {
        "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 2},
        "operationalState": "Running",
        "gatewayIPConfigurations": [child(native, "gatewayIPConfigurations", "within", {"subnet": ref(within)})],
        "frontendIPConfigurations": [child(native, "frontendIPConfigurations", *one) for one in fronts.items()],
        "frontendPorts": [
            child(native, "frontendPorts", f"port{port}", {"port": port}) for _, _, port, *_ in listeners
        ],
        "backendAddressPools": [
            child(native, "backendAddressPools", one, {"backendAddresses": addresses})
            for one, addresses in pools.items()
        ],
        "backendHttpSettingsCollection": [
            child(native, "backendHttpSettingsCollection", one, {"port": backend, "protocol": protocol})
            for one, _, _, protocol, _, backend in listeners
            if backend
        ],
        "httpListeners": [
            child(native, "httpListeners", one, {
                "frontendIPConfiguration": to("frontendIPConfigurations", where),
                "frontendPort": to("frontendPorts", f"port{port}"),
                "protocol": protocol,
                "requireServerNameIndication": False,
            })
            for one, where, port, protocol, *_ in listeners
        ],
        "urlPathMaps": [
            child(native, "urlPathMaps", one, {
                "defaultBackendAddressPool": to("backendAddressPools", first),
                "defaultBackendHttpSettings": to("backendHttpSettingsCollection", listeners[0][0]),
                "pathRules": rules_of,
            })
            for one, rules_of in (paths or {}).items()
        ],
        "requestRoutingRules": rules,
        "probes": [],
    }  # fmt: skip
    return resource("Microsoft.Network/applicationGateways", name, location, properties, **more)
