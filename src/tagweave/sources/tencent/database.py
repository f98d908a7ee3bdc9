"""Databases: MySQL (CDB), TDSQL-C (CynosDB), PostgreSQL, SQL Server, MariaDB and TDSQL (DCDB), and Redis."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tagweave.model import Rds, Redis
from tagweave.sources.clouds import Context, Join, Listing
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.values import sorted_addresses, texts
from tagweave.sources.tencent import paging
from tagweave.sources.tencent.values import tags, when


def _ips(given: Iterable[str | None], hosts: Iterable[str], context: Context) -> tuple[str, ...]:
    """The addresses that are told, and those of names where they are resolved."""
    resolved = (address for host in hosts for address in context.addresses.get(host, ()))
    return sorted_addresses((*given, *resolved))


def _state(words: dict[int, str], raw: Raw) -> str:
    """A state as a word; what the documents do not name stays a number."""
    number = raw.get("Status")
    return "" if number is None else words.get(number, str(number))


CDB_STATES: Final = {0: "creating", 1: "running", 4: "isolating", 5: "isolated"}
MAIN: Final = 1
"""The InstanceType of an instance that is no replica."""


def mysql(raw: Raw, context: Context) -> Rds:
    """Maps <https://cloud.tencent.com/document/api/236/15878#InstanceInfo>.

    The address of a read-only group is its main instance's: the group's members have their own.
    """
    vpc = raw.get("UniqVpcId") or ""
    groups = [one for one in raw.get("RoGroups") or () if one.get("UniqVpcId") in {vpc, None, ""}]
    shared = [one.get("Vip") for one in groups] if raw.get("InstanceType") == MAIN else []
    return Rds(
        id=raw["InstanceId"],
        name=raw.get("InstanceName") or raw["InstanceId"],
        labels=tags(raw.get("TagList")),
        created_at=when(raw.get("CreateTime")),
        region=context.place.region,
        az=raw.get("Zone") or "",
        vpc=vpc,
        subnets=texts((raw.get("UniqSubnetId"),)),
        ips=_ips((raw.get("Vip"), (raw.get("RoVipInfo") or {}).get("RoVip"), *shared), _wide(raw), context),
        port=raw.get("Vport") or None,
        engine="mysql",
        version=raw.get("EngineVersion") or "",
        state=_state(CDB_STATES, raw),
    )


def _wide(raw: Raw) -> Iterator[str]:
    """The name of a database in the internet."""
    yield from texts((raw.get("WanDomain") or raw.get("DnsPodDomain"),))


def postgres(raw: Raw, context: Context) -> Rds:
    """Maps <https://cloud.tencent.com/document/api/409/16778#DBInstance>."""
    nets = [one for one in raw.get("DBInstanceNetInfo") or () if one.get("Status") != "closed"]
    accesses = raw.get("NetworkAccessList") or ()
    given = (*(one.get("Ip") for one in nets), *(one.get(family) for one in accesses for family in ("Vip", "Vip6")))
    inner = [one for one in nets if one.get("NetType") != "public"]
    return Rds(
        id=raw["DBInstanceId"],
        name=raw.get("DBInstanceName") or raw["DBInstanceId"],
        labels=tags(raw.get("TagList")),
        created_at=when(raw.get("CreateTime")),
        region=context.place.region,
        az=raw.get("Zone") or "",
        vpc=raw.get("VpcId") or "",
        subnets=texts(sorted({raw.get("SubnetId") or "", *(one.get("SubnetId") or "" for one in inner)})),
        ips=_ips(given, _postgres_hosts(raw), context),
        port=next((one["Port"] for one in inner if one.get("Port")), None),
        engine=raw.get("DBEngine") or "postgresql",
        version=raw.get("DBVersion") or "",
        state=raw.get("DBInstanceStatus") or "",
    )


def _postgres_hosts(raw: Raw) -> Iterator[str]:
    for one in raw.get("DBInstanceNetInfo") or ():
        if one.get("Status") == "opened" and one.get("Address"):
            yield one["Address"]


SQLSERVER_STATES: Final = {
    1: "applying", 2: "running", 3: "limited", 4: "isolated", 5: "recycling", 6: "recycled", 7: "working",
    8: "offline", 9: "expanding", 10: "migrating", 11: "read-only", 12: "restarting", 13: "modifying",
    14: "publishing", 15: "publishing", 16: "modifying", 17: "replicating",
}  # fmt: skip


def sqlserver(raw: Raw, context: Context) -> Rds:
    """Maps <https://cloud.tencent.com/document/api/238/19976#DBInstance>."""
    return Rds(
        id=raw["InstanceId"],
        name=raw.get("Name") or raw["InstanceId"],
        labels=tags(raw.get("ResourceTags")),
        created_at=when(raw.get("CreateTime")),
        region=context.place.region,
        az=raw.get("Zone") or "",
        vpc=raw.get("UniqVpcId") or "",
        subnets=texts((raw.get("UniqSubnetId"),)),
        ips=_ips((raw.get("Vip"),), _wide(raw), context),
        port=raw.get("Vport") or None,
        engine="sqlserver",
        version=raw.get("Version") or "",
        state=_state(SQLSERVER_STATES, raw),
    )


TDSQL_STATES: Final = {
    -1: "isolated", 0: "creating", 1: "working", 2: "running", 3: "uninitialized", 4: "initializing", 5: "deleting",
    6: "restarting", 7: "migrating",
}  # fmt: skip


def tdsql(engine: str) -> Callable[[Raw, Context], Rds]:
    """Maps <https://cloud.tencent.com/document/api/237/16191#DBInstance> and DCDB's, which is alike.

    `engine` is that of an instance that does not say its own.
    """

    def to_model(raw: Raw, context: Context) -> Rds:
        given = [raw.get(field) for field in ("Vip", "Vipv6", "WanVip", "WanVipv6")]
        return Rds(
            id=raw["InstanceId"],
            name=raw.get("InstanceName") or raw["InstanceId"],
            labels=tags(raw.get("ResourceTags")),
            created_at=when(raw.get("CreateTime")),
            region=context.place.region,
            az=raw.get("Zone") or "",
            vpc=raw.get("UniqueVpcId") or "",
            subnets=texts((raw.get("UniqueSubnetId"),)),
            ips=_ips(given, _wide(raw), context),
            port=raw.get("Vport") or None,
            engine=(raw.get("DbEngine") or engine).lower(),
            version=raw.get("DbVersion") or "",
            state=_state(TDSQL_STATES, raw),
        )

    return to_model


def cynosdb_cluster(raw: Raw, context: Context) -> Rds:
    """Maps <https://cloud.tencent.com/document/api/1003/48097#CynosdbCluster>."""
    return Rds(
        id=raw["ClusterId"],
        name=raw.get("ClusterName") or raw["ClusterId"],
        labels=tags(raw.get("ResourceTags")),
        created_at=when(raw.get("CreateTime")),
        region=context.place.region,
        az=raw.get("MasterZone") or raw.get("Zone") or "",
        vpc=raw.get("VpcId") or "",
        subnets=texts((raw.get("SubnetId"),)),
        ips=_ips(_cluster_ips(raw), _cynosdb_hosts(raw), context),
        port=raw.get("Vport") or None,
        engine=_cynosdb_engine(raw),
        version=raw.get("DbVersion") or "",
        state=raw.get("Status") or "",
    )


def _cluster_ips(raw: Raw) -> tuple[str, ...]:
    told = [one.get(field) for one in raw.get("NetAddrs") or () for field in ("Vip", "WanIP")]
    return sorted_addresses((raw.get("Vip"), *told))


def _cynosdb_hosts(raw: Raw) -> Iterator[str]:
    nets = (*(raw.get("NetAddrs") or ()), *(raw.get("InstanceNetInfo") or ()))
    yield from texts(one.get("WanDomain") for one in nets)


def _cynosdb_engine(raw: Raw) -> str:
    return f"cynosdb-{(raw.get('DbType') or '').lower()}".rstrip("-")


def cynosdb_instance(raw: Raw, context: Context) -> Rds:
    """Maps <https://cloud.tencent.com/document/api/1003/48097#CynosdbInstance>.

    An address that is its cluster's is not its own.
    """
    nets = raw.get("InstanceNetInfo") or ()
    given = (raw.get("Vip"), raw.get("WanIP"), *(one.get(field) for one in nets for field in ("Vip", "WanIP")))
    cluster = set(_cluster_ips(context.one("clusters", raw.get("ClusterId") or "")))
    return Rds(
        id=raw["InstanceId"],
        name=raw.get("InstanceName") or raw["InstanceId"],
        labels=tags(raw.get("ResourceTags")),
        created_at=when(raw.get("CreateTime")),
        region=context.place.region,
        az=raw.get("RealZone") or raw.get("Zone") or "",
        vpc=raw.get("VpcId") or "",
        subnets=texts((raw.get("SubnetId"),)),
        ips=tuple(one for one in _ips(given, _cynosdb_hosts(raw), context) if one not in cluster),
        port=raw.get("Vport") or None,
        engine=_cynosdb_engine(raw),
        version=raw.get("DbVersion") or "",
        state=raw.get("Status") or "",
    )


REDIS_STATES: Final = {0: "uninitialized", 1: "working", 2: "running", -2: "isolated", -3: "deleting"}
REDIS_TYPES: Final = {
    2: ("redis", "2.8"), 3: ("ckv", "3.2"), 4: ("ckv", "3.2"), 5: ("redis", "2.8"), 6: ("redis", "4.0"),
    7: ("redis", "4.0"), 8: ("redis", "5.0"), 9: ("redis", "5.0"), 15: ("redis", "6.2"), 16: ("redis", "6.2"),
    17: ("redis", "7.0"), 18: ("redis", "7.0"), 19: ("valkey", "8.0"), 20: ("valkey", "8.0"),
    21: ("valkey", "8.0"), 22: ("valkey", "8.0"),
}  # fmt: skip
"""The engine and version of each type of instance; those of pairs are its standard form and its cluster."""
MEMCACHED: Final = 200


def redis(raw: Raw, context: Context) -> Redis | None:
    """Maps <https://cloud.tencent.com/document/api/239/20022#InstanceSet>, standard and cluster; Memcached is no Redis.

    What is called WanIp is the address in the VPC.
    """
    kind = raw.get("Type")
    if kind == MEMCACHED:
        return None
    engine, version = REDIS_TYPES.get(kind, ((raw.get("Engine") or "").lower(), ""))
    zone = context.one("zones", str(raw.get("ZoneId") or ""))
    return Redis(
        id=raw["InstanceId"],
        name=raw.get("InstanceName") or raw["InstanceId"],
        labels=tags(raw.get("InstanceTags")),
        created_at=when(raw.get("Createtime")),
        region=context.place.region,
        az=zone.get("Zone") or "",
        vpc=raw.get("UniqVpcId") or "",
        subnets=texts((raw.get("UniqSubnetId"),)),
        ips=_ips((raw.get("WanIp"), raw.get("IPv6") or raw.get("Vip6")), _redis_hosts(raw), context),
        port=raw.get("Port") or None,
        engine=engine,
        version=version or raw.get("CurrentRedisVersion") or "",
        state=_state(REDIS_STATES, raw),
    )


def _redis_hosts(raw: Raw) -> Iterator[str]:
    """The name of `name:port`."""
    yield from texts(((raw.get("WanAddress") or "").partition(":")[0],))


_CLUSTERS: Final = ("cynosdb:DescribeClusters", "ClusterSet")

LISTINGS: Final = (
    Listing("rds", "cdb:DescribeDBInstances", "Items", mysql, paging.CDB, api="mysql", hosts=_wide),
    Listing("rds", *_CLUSTERS, cynosdb_cluster, paging.OFFSET, api="cynosdb-clusters", hosts=_cynosdb_hosts),
    Listing(
        "rds", "cynosdb:DescribeInstances", "InstanceSet", cynosdb_instance, paging.OFFSET,
        api="cynosdb-instances",
        joins=(Join("clusters", *_CLUSTERS, paging.OFFSET, by="ClusterId"),),
        hosts=_cynosdb_hosts,
    ),
    Listing(
        "rds", "postgres:DescribeDBInstances", "DBInstanceSet", postgres, paging.OFFSET,
        api="postgres", hosts=_postgres_hosts,
    ),
    Listing(
        "rds", "sqlserver:DescribeDBInstances", "DBInstances", sqlserver, paging.SQLSERVER,
        api="sqlserver", hosts=_wide,
    ),
    Listing(
        "rds", "mariadb:DescribeDBInstances", "Instances", tdsql("mariadb"), paging.OFFSET,
        api="mariadb", hosts=_wide,
    ),
    Listing("rds", "dcdb:DescribeDCDBInstances", "Instances", tdsql("tdsql"), paging.OFFSET, api="tdsql", hosts=_wide),
    Listing(
        "redis", "redis:DescribeInstances", "InstanceSet", redis, paging.REDIS,
        joins=(Join("zones", "cvm:DescribeZones", "ZoneSet", paging.ALL, by="ZoneId"),),
        hosts=_redis_hosts,
    ),
)  # fmt: skip
"""What is listed of databases."""
