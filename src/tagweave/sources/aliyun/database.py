"""Databases: RDS, PolarDB, PolarDB-X and its predecessor DRDS; Redis and Tair in every form.

All tell their addresses but PolarDB-X, which tells names: `resolve: true` has them resolved.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from tagweave.model import Rds, Redis
from tagweave.sources.aliyun import paging
from tagweave.sources.aliyun.tags import items, labels, tags, time
from tagweave.sources.clouds import Context, Join, Listing, chunks, each
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.values import sorted_addresses, texts


def rds(raw: Raw, context: Context) -> Rds:
    """Maps <https://api.alibabacloud.com/api/Rds/2014-08-15/DescribeDBInstances>, of every engine."""
    native = raw["DBInstanceId"]
    reached = context.get("addresses", native)
    return Rds(
        id=native,
        name=(raw.get("DBInstanceDescription") or "").strip() or native,
        labels=labels(context.get("tags", native)),
        created_at=time(raw.get("CreateTime")),
        region=context.place.region,
        az=raw.get("ZoneId", ""),
        vpc=raw.get("VpcId") or "",
        subnets=_subnets(raw.get("VSwitchId"), reached, "VSwitchId"),
        ips=sorted_addresses(one.get("IPAddress") for one in reached),
        port=_port(reached),
        engine=raw.get("Engine", ""),
        version=str(raw.get("EngineVersion") or ""),
        state=raw.get("DBInstanceStatus", "").lower(),
    )


def _subnets(own: str | None, reached: Iterable[Raw], field: str) -> tuple[str, ...]:
    return texts(sorted({own or "", *(one.get(field) or "" for one in reached)}))


def _port(reached: Iterable[Raw]) -> int | None:
    """The port of the first of some addresses that has one."""
    return next((int(one["Port"]) for one in reached if one.get("Port")), None)


def polardb(raw: Raw, context: Context) -> Rds:
    """Maps <https://api.alibabacloud.com/api/polardb/2017-08-01/DescribeDBClusters>."""
    native = raw["DBClusterId"]
    reached = [one for end in context.get("endpoints", native) for one in items(end.get("AddressItems"))]
    return Rds(
        id=native,
        name=raw.get("DBClusterDescription") or native,
        labels=tags(raw),
        created_at=time(raw.get("CreateTime")),
        region=context.place.region,
        az=raw.get("ZoneId", ""),
        vpc=raw.get("VpcId") or "",
        subnets=_subnets(raw.get("VswitchId"), reached, "VSwitchId"),
        ips=sorted_addresses(one.get("IPAddress") for one in reached),
        port=_port(reached),
        engine=f"PolarDB {raw.get('DBType') or ''}".strip(),
        version=str(raw.get("DBVersion") or ""),
        state=raw.get("DBClusterStatus", "").lower(),
    )


def polardbx(raw: Raw, context: Context) -> Rds:
    """Maps <https://api.alibabacloud.com/api/polardbx/2020-02-02/DescribeDBInstances>, reached by its attributes."""
    native = raw["DBInstanceName"]
    more = context.one("attributes", native)
    reached = items(more.get("ConnAddrs"))
    return Rds(
        id=native,
        name=raw.get("Description") or native,
        labels=tags(raw),
        created_at=time(raw.get("CreateTime")),
        region=context.place.region,
        az=raw.get("PrimaryZone") or raw.get("ZoneId") or "",
        vpc=raw.get("VPCId") or "",
        subnets=_subnets(more.get("VSwitchId"), reached, "VSwitchId"),
        ips=sorted_addresses(ip for host in _polardbx_hosts(more) for ip in context.addresses.get(host, ())),
        port=_port((*reached, more)),
        engine="PolarDB-X",
        version=str(raw.get("DBVersion") or ""),
        state=raw.get("Status", "").lower(),
    )


def _polardbx_hosts(raw: Raw) -> Iterator[str]:
    yield from texts(one.get("ConnectionString") for one in (*items(raw.get("ConnAddrs")), raw))


def drds(raw: Raw, context: Context) -> Rds:
    """Maps <https://api.alibabacloud.com/api/Drds/2019-01-23/DescribeDrdsInstances>: PolarDB-X 1.0."""
    native = raw["DrdsInstanceId"]
    reached = items(raw.get("Vips"), "Vip")
    resolved = (ip for host in _drds_hosts(raw) for ip in context.addresses.get(host, ()))
    return Rds(
        id=native,
        name=raw.get("Description") or native,
        labels=labels(context.get("tags", native)),
        created_at=time(raw.get("CreateTime")),
        region=context.place.region,
        az=raw.get("ZoneId", ""),
        vpc=raw.get("VpcId") or "",
        subnets=_subnets(None, reached, "VswitchId"),
        ips=sorted_addresses((*(one.get("IP") for one in reached), *resolved)),
        port=_port(reached),
        engine="DRDS",
        version=str(raw.get("ProductVersion") or ""),
        state=raw.get("Status", "").lower(),
    )


def _drds_hosts(raw: Raw) -> Iterator[str]:
    """The names of those that tell no address."""
    unknown = [one for one in items(raw.get("Vips"), "Vip") if not one.get("IP")]
    yield from texts(one.get("Dns") or one.get("dns") for one in unknown)


def redis(raw: Raw, context: Context) -> Redis | None:
    """Maps <https://api.alibabacloud.com/api/R-kvstore/2015-01-01/DescribeInstances>: Redis and Tair, not Memcache.

    Standard, cluster and read/write splitting instances are all listed alike; what is reached directly is told too.
    """
    if raw.get("InstanceType") == "Memcache":
        return None
    native = raw["InstanceId"]
    reached = context.get("addresses", native)
    return Redis(
        id=native,
        name=raw.get("InstanceName") or native,
        labels=tags(raw),
        created_at=time(raw.get("CreateTime")),
        region=context.place.region,
        az=raw.get("ZoneId", ""),
        vpc=raw.get("VpcId") or "",
        subnets=_subnets(raw.get("VSwitchId"), reached, "VSwitchId"),
        ips=sorted_addresses((raw.get("PrivateIp"), *(one.get("IPAddress") for one in reached))),
        port=_port((raw, *reached)),
        engine=raw.get("InstanceType", ""),
        version=str(raw.get("EngineVersion") or ""),
        state=raw.get("InstanceStatus", "").lower(),
    )


_INSTANCE: Final = {"ResourceType": "INSTANCE"}

LISTINGS: Final = (
    Listing(
        "rds", "rds:DescribeDBInstances", "Items.DBInstance", rds, paging.RDS, api="rds",
        joins=(
            Join(
                "addresses", "rds:DescribeDBInstanceNetInfo", "DBInstanceNetInfos.DBInstanceNetInfo",
                each=each("", "DBInstanceId", "DBInstanceId"),
            ),
            Join(
                "tags", "rds:ListTagResources", "TagResources.TagResource", paging.TAGS, by="ResourceId",
                each=chunks("", "DBInstanceId", "ResourceId", 50), params=_INSTANCE,
            ),
        ),
    ),
    Listing(
        "rds", "polardb:DescribeDBClusters", "Items.DBCluster", polardb, paging.POLARDB, api="polardb",
        joins=(
            Join(
                "endpoints", "polardb:DescribeDBClusterEndpoints", "Items",
                each=each("", "DBClusterId", "DBClusterId"),
            ),
        ),
    ),
    Listing(
        "rds", "polardbx:DescribeDBInstances", "DBInstances", polardbx, paging.POLARDBX, api="polardbx",
        joins=(
            Join(
                "attributes", "polardbx:DescribeDBInstanceAttribute", "DBInstance",
                each=each("", "DBInstanceName", "DBInstanceName"), hosts=_polardbx_hosts,
            ),
        ),
    ),
    Listing(
        "rds", "drds:DescribeDrdsInstances", "Instances.Instance", drds, paging.DRDS, api="drds",
        joins=(
            Join(
                "tags", "drds:ListTagResources", "TagResources.TagResource", paging.TAGS, by="ResourceId",
                each=chunks("", "DrdsInstanceId", "ResourceId", 50), params=_INSTANCE,
            ),
        ),
        hosts=_drds_hosts,
    ),
    Listing(
        "redis", "r-kvstore:DescribeInstances", "Instances.KVStoreInstance", redis, paging.PAGES,
        joins=(
            Join(
                "addresses", "r-kvstore:DescribeDBInstanceNetInfo", "NetInfoItems.InstanceNetInfo",
                each=each("", "InstanceId", "InstanceId"),
            ),
        ),
    ),
)  # fmt: skip
"""What is listed of databases."""
