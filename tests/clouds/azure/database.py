"""The standard estate's databases and caches."""

from typing import Any

from clouds.azure.arm import (
    GROUP,
    NORTH,
    SPELLED,
    SUBSCRIPTION,
    TAGS,
    WEST,
    Item,
    arm_id,
    child,
    network,
    ref,
    resource,
    subnet,
)

# ---- Azure SQL


def sql_servers() -> list[Item]:
    rows: tuple[tuple[str, str, str, Item], ...] = (
        ("sql-west", WEST, "pe-sql", {"tags": TAGS}),
        ("sql-north", NORTH, "", {}),
    )
    return [
        resource("Microsoft.Sql/servers", name, location, {
            "fullyQualifiedDomainName": f"{name}.database.windows.net",
            "administratorLogin": "dba",
            "version": "12.0",
            "state": "Ready",
            "publicNetworkAccess": "Disabled" if endpoint else "Enabled",
            "privateEndpointConnections": [
                _connection(arm_id("Microsoft.Sql/servers", name, group=GROUP[location]), endpoint)
            ] if endpoint else [],
        }, kind="v12.0", **more)
        for name, location, endpoint, more in rows
    ]  # fmt: skip


def _connection(server: str, endpoint: str) -> Item:
    return child(server, "privateEndpointConnections", f"{endpoint}-1f2e", {
        "privateEndpoint": ref(network("privateEndpoints", endpoint)),
        "privateLinkServiceConnectionState": {"status": "Approved", "description": "Auto-approved"},
        "provisioningState": "Ready",
    })  # fmt: skip


def managed_instances() -> list[Item]:
    """Their subnet is spelled with the subscription in upper case."""
    made = []
    for name, location, vnet, within in (
        ("mi-west", WEST, "vnet-spoke", "instances"), ("mi-north", NORTH, "vnet-north", "data"),
    ):  # fmt: skip
        properties = {
            "fullyQualifiedDomainName": f"{name}.1b4e2caff253.database.windows.net",
            "administratorLogin": "dba",
            "subnetId": subnet(vnet, within, location).replace(SUBSCRIPTION, SUBSCRIPTION.upper()),
            "state": "Ready",
            "vCores": 8,
            "dnsZone": "1b4e2caff253",
            "publicDataEndpointEnabled": False,
        }
        sku = {"name": "GP_Gen5", "tier": "GeneralPurpose", "capacity": 8, "family": "Gen5"}
        made.append(resource("Microsoft.Sql/managedInstances", name, location, properties, sku=sku))
    return made


# ---- MySQL and PostgreSQL

FLEXIBLE: dict[str, tuple[tuple[str, str, str, str, str, dict[str, Any]], ...]] = {
    "Microsoft.DBforMySQL": (
        ("mysql-west", WEST, "8.0.21", "1", subnet("vnet-spoke", "data"), {"tags": TAGS}),
        ("mysql-public", WEST, "5.7", "2", "", {}),
    ),
    "Microsoft.DBforPostgreSQL": (
        ("pg-west", WEST, "16", "1", "", {}),
        ("pg-north", NORTH, "15", "3", "", {}),
    ),
}
"""Flexible servers: name, location, version, logical zone, subnet (none: public, or by a private endpoint)."""
DOMAIN = {"Microsoft.DBforMySQL": "mysql", "Microsoft.DBforPostgreSQL": "postgres"}


def flexible_servers(namespace: str) -> list[Item]:
    made = []
    for name, location, version, zone, within, more in FLEXIBLE[namespace]:
        private = {"delegatedSubnetResourceId": within, "publicNetworkAccess": "Disabled"}
        properties = {
            "fullyQualifiedDomainName": f"{name}.{DOMAIN[namespace]}.database.azure.com",
            "administratorLogin": "dba",
            "version": version,
            "state": "Ready",
            "availabilityZone": zone,
            "storage": {"storageSizeGB": 128},
            "network": private if within else {"publicNetworkAccess": "Enabled"},
            "highAvailability": {"mode": "Disabled", "state": "NotEnabled"},
        }
        sku = {"name": "Standard_D2ds_v4", "tier": "GeneralPurpose"}
        one = resource(f"{namespace}/flexibleServers", name, location, properties, sku=sku, **more)
        made.append({**one, "location": SPELLED[location]} if DOMAIN[namespace] == "mysql" else one)
    return made


def single_servers(namespace: str) -> list[Item]:
    """Servers of the generation before: retired, and still there where somebody has one."""
    name, domain, version = SINGLE[namespace]
    properties = {
        "fullyQualifiedDomainName": f"{name}.{domain}.database.azure.com",
        "administratorLogin": "dba",
        "version": version,
        "userVisibleState": "Ready",
        "sslEnforcement": "Enabled",
        "storageProfile": {"storageMB": 5120},
        "privateEndpointConnections": [],
    }
    sku = {"name": "GP_Gen5_2", "tier": "GeneralPurpose", "family": "Gen5", "capacity": 2}
    return [resource(f"{namespace}/servers", name, WEST, properties, sku=sku)]


SINGLE = {
    "Microsoft.DBforMySQL": ("mysql-old", "mysql", "5.7"),
    "Microsoft.DBforPostgreSQL": ("pg-old", "postgres", "11"),
    "Microsoft.DBforMariaDB": ("maria-old", "mariadb", "10.3"),
}
"""Name, domain and version of the one server of each namespace."""


# ---- Redis

REDIS: tuple[tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any]], ...] = (
    ("cache-cluster", WEST, {"name": "Premium", "family": "P", "capacity": 1}, {
        "shardCount": 2, "subnetId": subnet("vnet-spoke", "cache"), "staticIP": "10.1.4.10",
    }, {"tags": TAGS, "zones": ["1", "2"]}),
    ("cache-basic", WEST, {"name": "Standard", "family": "C", "capacity": 1}, {}, {}),
    ("cache-north", NORTH, {"name": "Basic", "family": "C", "capacity": 0}, {}, {}),
)  # fmt: skip
"""Name, location, SKU, and what else is said of it and of its resource."""


def caches() -> list[Item]:
    made = []
    for name, location, sku, more, frame in REDIS:
        properties = {
            "redisVersion": "6.0.14",
            "sku": sku,
            "enableNonSslPort": False,
            "hostName": f"{name}.redis.cache.windows.net",
            "port": 6379,
            "sslPort": 6380,
            "redisConfiguration": {},
            **more,
        }
        one = resource("Microsoft.Cache/Redis", name, location, properties, **frame)
        made.append({**one, "location": SPELLED[location]})
    return made


ENTERPRISE = (("ent-west", WEST), ("ent-north", NORTH))


def enterprise_caches() -> list[Item]:
    made = []
    for name, location in ENTERPRISE:
        properties = {
            "hostName": f"{name}.{location}.redisenterprise.cache.azure.net",
            "resourceState": "Running",
            "redisVersion": "6.0",
            "minimumTlsVersion": "1.2",
        }
        sku = {"name": "Enterprise_E10", "capacity": 2}
        one = resource("Microsoft.Cache/redisEnterprise", name, location, properties, sku=sku)
        made.append({**one, "location": SPELLED[location]})
    return made


def of_enterprise_caches() -> dict[str, list[Item]]:
    """The databases of each cluster, by their path."""
    made = {}
    for name, location in ENTERPRISE:
        native = arm_id("Microsoft.Cache/redisEnterprise", name, group=GROUP[location])
        properties = {
            "resourceState": "Running",
            "clientProtocol": "Encrypted",
            "clusteringPolicy": "OSSCluster",
            "port": 10000,
        }
        one = child(native, "databases", "default", properties)
        made[f"{native}/databases"] = [{**one, "type": "Microsoft.Cache/redisEnterprise/databases"}]
    return made
