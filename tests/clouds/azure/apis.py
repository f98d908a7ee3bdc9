"""The lists that Resource Manager gives: their types, versions and parameters.

https://github.com/Azure/azure-rest-api-specs has each type's versions and parameters; the permission to read one is
its type with `/read` (https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations).
"""

from collections.abc import Mapping
from typing import NamedTuple


class Api(NamedTuple):
    """A list. `parameters` are those beyond `api-version`, with the values that are allowed."""

    type: str
    versions: tuple[str, ...]
    parameters: Mapping[str, tuple[str, ...]] = {}
    paged: bool = True

    @property
    def action(self) -> str:
        """The permission that the list needs."""
        return f"{self.type}/read"


NETWORK = ("2023-09-01", "2023-11-01", "2024-01-01", "2024-03-01", "2024-05-01", "2024-07-01")
COMPUTE = ("2023-03-01", "2023-07-01", "2023-09-01", "2024-03-01", "2024-07-01", "2024-11-01")
KUBERNETES = ("2024-02-01", "2024-05-01", "2024-07-01", "2024-08-01", "2024-09-01", "2024-10-01", "2025-01-01")
SQL = ("2021-11-01", "2023-08-01")
REDIS = ("2023-08-01", "2024-03-01", "2024-11-01")
ENTERPRISE = ("2023-11-01", "2024-02-01", "2024-10-01")
SUBSCRIPTIONS = ("2020-01-01", "2021-01-01", "2022-12-01")
OF_SCALE_SETS = ("2017-03-30", "2018-10-01")
"""Interfaces and public addresses of scale sets have versions of their own."""
SINGLE = ("2017-12-01", "2018-06-01")
BOOLEAN = ("true", "false")

APIS = {
    api.type.lower(): api
    for api in (
        Api("Microsoft.Resources/subscriptions", SUBSCRIPTIONS),
        Api("Microsoft.Resources/subscriptions/locations", SUBSCRIPTIONS, {"includeExtendedLocations": BOOLEAN}, False),
        Api("Microsoft.Compute/virtualMachines", COMPUTE, {"statusOnly": BOOLEAN, "$expand": ()}),
        Api("Microsoft.Compute/virtualMachineScaleSets", COMPUTE),
        Api("Microsoft.Compute/virtualMachineScaleSets/virtualMachines", COMPUTE, {"$expand": ("instanceView",)}),
        Api("Microsoft.Compute/virtualMachineScaleSets/networkInterfaces", OF_SCALE_SETS),
        Api("Microsoft.Compute/virtualMachineScaleSets/publicIPAddresses", OF_SCALE_SETS),
        Api("Microsoft.ContainerService/managedClusters", KUBERNETES),
        Api("Microsoft.Network/virtualNetworks", NETWORK),
        Api("Microsoft.Network/routeTables", NETWORK),
        Api("Microsoft.Network/networkSecurityGroups", NETWORK),
        Api("Microsoft.Network/networkInterfaces", NETWORK),
        Api("Microsoft.Network/privateEndpoints", NETWORK),
        Api("Microsoft.Network/publicIPAddresses", NETWORK),
        Api("Microsoft.Network/publicIPPrefixes", NETWORK),
        Api("Microsoft.Network/natGateways", NETWORK),
        Api("Microsoft.Network/virtualWans", NETWORK),
        Api("Microsoft.Network/virtualHubs", NETWORK),
        Api("Microsoft.Network/virtualHubs/hubVirtualNetworkConnections", NETWORK),
        Api("Microsoft.Network/virtualHubs/hubRouteTables", NETWORK),
        Api("Microsoft.Network/vpnGateways", NETWORK),
        Api("Microsoft.Network/p2sVpnGateways", NETWORK),
        Api("Microsoft.Network/expressRouteGateways", NETWORK, paged=False),
        Api("Microsoft.Network/loadBalancers", NETWORK),
        Api("Microsoft.Network/applicationGateways", NETWORK),
        Api("Microsoft.Sql/servers", SQL, {"$expand": ("administrators/activedirectory",)}),
        Api("Microsoft.Sql/managedInstances", SQL, {"$expand": ("administrators/activedirectory",)}),
        Api("Microsoft.DBforMySQL/flexibleServers", ("2021-05-01", "2023-12-30")),
        Api("Microsoft.DBforPostgreSQL/flexibleServers", ("2021-06-01", "2022-12-01", "2024-08-01")),
        Api("Microsoft.DBforMySQL/servers", SINGLE, paged=False),
        Api("Microsoft.DBforPostgreSQL/servers", SINGLE, paged=False),
        Api("Microsoft.DBforMariaDB/servers", SINGLE, paged=False),
        Api("Microsoft.Cache/redis", REDIS),
        Api("Microsoft.Cache/redisEnterprise", ENTERPRISE),
        Api("Microsoft.Cache/redisEnterprise/databases", ENTERPRISE),
    )
}  # fmt: skip
"""By type in lower case. `$expand` of the list of machines is refused: it needs a `$filter`, and there is none here."""

NAMESPACES = frozenset(name.partition("/")[0] for name in APIS)
