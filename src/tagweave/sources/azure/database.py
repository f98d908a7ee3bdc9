"""Databases: Azure SQL, MySQL, PostgreSQL, MariaDB; Azure Cache for Redis and Azure Managed Redis.

Azure tells their addresses by name only, except those of private endpoints, which are interfaces in this
subscription's VNets, and of caches in a subnet; `resolve: true` has the names resolved. The public name of a server
behind a gateway leads to that, which many servers share: of what it resolves to, private addresses alone are its own.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from tagweave.model import Rds, Redis
from tagweave.sources.azure.ids import location, name_of, native, properties, refer, refer_all, tags, time, vpc_of
from tagweave.sources.azure.interfaces import services_of
from tagweave.sources.azure.joins import ENDPOINTS, INTERFACES, PAGES, ZONES, physical_zone
from tagweave.sources.clouds import WHOLE, Context, Join, Listing, each
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.values import addresses, is_global, sorted_addresses, texts


class Engine(NamedTuple):
    """What a server runs. `gateway` says that its public name leads to a gateway that many servers share."""

    name: str
    port: int
    gateway: bool = False


def server(engine: Engine, raw: Raw, context: Context) -> Rds:
    """A server of any engine. Maps what these have in common.

    <https://learn.microsoft.com/rest/api/sql/servers/list#server>,
    <https://learn.microsoft.com/rest/api/sql/managed-instances/list#managedinstance>,
    <https://learn.microsoft.com/rest/api/mysql/flexibleserver/servers/list#server>,
    <https://learn.microsoft.com/rest/api/postgresql/servers/list#server>,
    <https://learn.microsoft.com/rest/api/mariadb/servers/list#server>.
    """
    about = properties(raw)
    given = about.get("subnetId") or (about.get("network") or {}).get("delegatedSubnetResourceId")
    reached = _reached(raw, context, given, engine.gateway)
    return Rds(
        id=native(raw),
        name=name_of(raw),
        labels=tags(raw),
        created_at=time((raw.get("systemData") or {}).get("createdAt")),
        region=location(raw),
        az=physical_zone(about.get("availabilityZone"), location(raw), context),
        vpc=reached.vpc,
        subnets=reached.subnets,
        ips=reached.ips,
        port=about.get("databasePort") or engine.port,
        engine=engine.name,
        version=".".join(texts((about.get("version"), about.get("minorVersion")))),
        state=str(about.get("state") or about.get("userVisibleState") or "").lower(),
    )


def cache(raw: Raw, context: Context) -> Redis:
    """Maps <https://learn.microsoft.com/rest/api/redis/redis/list-by-subscription#redisresource>.

    Its port is that of TLS, which is always open.
    """
    about = properties(raw)
    reached = _reached(raw, context, about.get("subnetId"))
    return _redis(raw, context, reached, about.get("sslPort"), about.get("provisioningState"))


def managed_cache(raw: Raw, context: Context) -> Redis:
    """Maps <https://learn.microsoft.com/rest/api/redis/redisenterprisecache/redis-enterprise/list#cluster>.

    Its port is that of its database; there may be several, which are of one cluster.
    """
    about = properties(raw)
    ports = [properties(one).get("port") for one in context.get("databases", raw["id"])]
    state = about.get("resourceState") or about.get("provisioningState")
    return _redis(raw, context, _reached(raw, context, None), next(filter(None, ports), None), state)


def _redis(raw: Raw, context: Context, reached: "_Reached", port: int | None, state: str | None) -> Redis:
    return Redis(
        id=native(raw),
        name=name_of(raw),
        labels=tags(raw),
        created_at=time((raw.get("systemData") or {}).get("createdAt")),
        region=location(raw),
        az=physical_zone(raw.get("zones"), location(raw), context),
        vpc=reached.vpc,
        subnets=reached.subnets,
        ips=reached.ips,
        port=port,
        engine="redis",
        version=str(properties(raw).get("redisVersion") or ""),
        state=str(state or "").lower(),
    )


class _Reached(NamedTuple):
    """Where a database can be reached."""

    vpc: str
    subnets: tuple[str, ...]
    ips: tuple[str, ...]


def _reached(raw: Raw, context: Context, subnet: str | None, gateway: bool = False) -> _Reached:
    """In the subnet that it was given, else by its private endpoints where those are in one VNet.

    An address in one of several VNets would be looked for in the wrong one: its interface alone has it.
    """
    given = str(subnet or "").lower()
    endpoints = [] if given else context.get("endpoints", native(raw))
    subnets = texts(sorted((given, *(refer(properties(one).get("subnet")) for one in endpoints))))
    vpc = vpc_of(subnets)
    interfaces = [one for endpoint in endpoints for one in refer_all(properties(endpoint).get("networkInterfaces"))]
    private = [address for one in interfaces for address in _held(context.one("interfaces", one))] if vpc else []
    named = [address for host in _hosts(raw) for address in context.addresses.get(host, ())]
    own = [address for address in named if not (gateway and is_global(address))]
    return _Reached(vpc, subnets, sorted_addresses((properties(raw).get("staticIP"), *private, *own)))


def _held(interface: Raw) -> tuple[str, ...]:
    held = properties(interface).get("ipConfigurations") or ()
    return addresses(*(properties(one).get("privateIPAddress") for one in held))


def _hosts(raw: Raw) -> Iterator[str]:
    about = properties(raw)
    yield from texts((about.get("fullyQualifiedDomainName"), about.get("hostName")))


def _leading_to(endpoint: Raw) -> str:
    """What a private endpoint leads to."""
    return next(services_of(endpoint), "")


_PRIVATE: Final = (ENDPOINTS._replace(by=_leading_to), INTERFACES)

SERVERS: Final = (
    ("sql-servers", "Microsoft.Sql/servers/read", PAGES, Engine("sqlserver", 1433, gateway=True)),
    ("sql-managed-instances", "Microsoft.Sql/managedInstances/read", PAGES, Engine("sqlserver", 1433)),
    ("mysql-flexible", "Microsoft.DBforMySQL/flexibleServers/read", PAGES, Engine("mysql", 3306)),
    ("mysql-single", "Microsoft.DBforMySQL/servers/read", WHOLE, Engine("mysql", 3306, gateway=True)),
    ("postgresql-flexible", "Microsoft.DBforPostgreSQL/flexibleServers/read", PAGES, Engine("postgresql", 5432)),
    ("postgresql-single", "Microsoft.DBforPostgreSQL/servers/read", WHOLE, Engine("postgresql", 5432, gateway=True)),
    ("mariadb", "Microsoft.DBforMariaDB/servers/read", WHOLE, Engine("mariadb", 3306, gateway=True)),
)
"""The listings of servers: their `api`, their action, how it pages and what runs."""

LISTINGS: Final = (
    *(
        Listing(
            "rds", action, "value", partial(server, engine), paging, "global", api=api, joins=(*_PRIVATE, ZONES),
            hosts=_hosts,
        )
        for api, action, paging, engine in SERVERS
    ),
    Listing(
        "redis", "Microsoft.Cache/redis/read", "value", cache, PAGES, "global", api="caches",
        joins=(*_PRIVATE, ZONES), hosts=_hosts,
    ),
    Listing(
        "redis", "Microsoft.Cache/redisEnterprise/read", "value", managed_cache, PAGES, "global", api="managed",
        joins=(
            Join(
                "databases", "Microsoft.Cache/redisEnterprise/databases/read", "value", PAGES,
                each=each("", "id", "parent"),
            ),
            *_PRIVATE, ZONES,
        ),
        hosts=_hosts,
    ),
)  # fmt: skip
"""What is listed of databases."""
