"""Databases: RDS instances and clusters (Aurora too), ElastiCache replication groups, clusters, serverless caches.

AWS tells their addresses by name only; `resolve: true` has the names resolved. ElastiCache's nodes have network
interfaces that are described by the node's name, which tell their addresses in any case.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from tagweave.model import Rds, Redis
from tagweave.sources.aws import paging
from tagweave.sources.aws.compute import INTERFACES
from tagweave.sources.aws.tags import tags
from tagweave.sources.clouds import Context, Join, Listing
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.values import sorted_addresses, texts, utc


def rds_instance(raw: Raw, context: Context) -> Rds:
    """Maps <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html>."""
    group = raw.get("DBSubnetGroup", {})
    endpoint = raw.get("Endpoint", {})
    return Rds(
        id=raw["DBInstanceArn"],
        name=raw["DBInstanceIdentifier"],
        labels=tags(raw.get("TagList")),
        created_at=utc(raw.get("InstanceCreateTime")),
        region=context.place.region,
        az=raw.get("AvailabilityZone", ""),
        vpc=group.get("VpcId", ""),
        subnets=_subnets(group),
        ips=_resolved(_instance_hosts(raw), context),
        port=endpoint.get("Port") or raw.get("DbInstancePort") or None,
        engine=raw.get("Engine", ""),
        version=raw.get("EngineVersion", ""),
        state=raw.get("DBInstanceStatus", ""),
    )


def _instance_hosts(raw: Raw) -> Iterator[str]:
    yield from texts((raw.get("Endpoint", {}).get("Address"),))


def rds_cluster(raw: Raw, context: Context) -> Rds:
    """Maps <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBCluster.html>.

    Its addresses are those of its instances, which are listed themselves; only one without instances has its own.
    """
    group = context.one("groups", raw.get("DBSubnetGroup", ""))
    zones = raw.get("AvailabilityZones", ())
    return Rds(
        id=raw["DBClusterArn"],
        name=raw["DBClusterIdentifier"],
        labels=tags(raw.get("TagList")),
        created_at=utc(raw.get("ClusterCreateTime")),
        region=context.place.region,
        az=zones[0] if len(zones) == 1 else "",
        vpc=group.get("VpcId", ""),
        subnets=_subnets(group),
        ips=_resolved(_cluster_hosts(raw), context),
        port=raw.get("Port") or None,
        engine=raw.get("Engine", ""),
        version=raw.get("EngineVersion", ""),
        state=raw.get("Status", ""),
    )


def _cluster_hosts(raw: Raw) -> Iterator[str]:
    if not raw.get("DBClusterMembers"):
        yield from texts((raw.get("Endpoint"), raw.get("ReaderEndpoint")))


def replication_group(raw: Raw, context: Context) -> Redis:
    """Maps <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ReplicationGroup.html>.

    What runs, where, and in which subnets stands at its member clusters.
    """
    members = [one for name in raw.get("MemberClusters", ()) for one in context.get("members", name)]
    first = members[0] if members else {}
    group = context.one("groups", first.get("CacheSubnetGroupName", ""))
    nodes = [node for part in raw.get("NodeGroups", ()) for node in part.get("NodeGroupMembers", ())]
    zones = texts(node.get("PreferredAvailabilityZone") for node in nodes)
    return Redis(
        id=raw["ARN"],
        name=raw["ReplicationGroupId"],
        labels=_cache_tags(raw, context),
        created_at=utc(raw.get("ReplicationGroupCreateTime")),
        region=context.place.region,
        az=zones[0] if len(zones) == 1 else "",
        vpc=group.get("VpcId", ""),
        subnets=_subnets(group),
        ips=_cache_ips(raw.get("MemberClusters", ()), _group_hosts(raw), context),
        port=next((one["Port"] for one in _group_endpoints(raw) if one.get("Port")), None),
        engine=raw.get("Engine") or first.get("Engine", ""),
        version=first.get("EngineVersion", ""),
        state=raw.get("Status", ""),
    )


def _group_endpoints(raw: Raw) -> Iterator[Raw]:
    yield raw.get("ConfigurationEndpoint") or {}
    for part in raw.get("NodeGroups", ()):
        yield part.get("PrimaryEndpoint") or {}
        yield part.get("ReaderEndpoint") or {}
        yield from (node.get("ReadEndpoint") or {} for node in part.get("NodeGroupMembers", ()))


def _group_hosts(raw: Raw) -> Iterator[str]:
    yield from texts(one.get("Address") for one in _group_endpoints(raw))


def cache_cluster(raw: Raw, context: Context) -> Redis | None:
    """Maps <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheCluster.html>.

    Members of a replication group are part of that; Memcached is no Redis.
    """
    if raw.get("ReplicationGroupId") or raw.get("Engine") == "memcached":
        return None
    group = context.one("groups", raw.get("CacheSubnetGroupName", ""))
    zone = raw.get("PreferredAvailabilityZone", "")
    return Redis(
        id=raw["ARN"],
        name=raw["CacheClusterId"],
        labels=_cache_tags(raw, context),
        created_at=utc(raw.get("CacheClusterCreateTime")),
        region=context.place.region,
        az="" if zone == "Multiple" else zone,
        vpc=group.get("VpcId", ""),
        subnets=_subnets(group),
        ips=_cache_ips((raw["CacheClusterId"],), _node_hosts(raw), context),
        port=next((one["Port"] for one in _node_endpoints(raw) if one.get("Port")), None),
        engine=raw.get("Engine", ""),
        version=raw.get("EngineVersion", ""),
        state=raw.get("CacheClusterStatus", ""),
    )


def _node_endpoints(raw: Raw) -> Iterator[Raw]:
    yield raw.get("ConfigurationEndpoint") or {}
    yield from (node.get("Endpoint") or {} for node in raw.get("CacheNodes", ()))


def _node_hosts(raw: Raw) -> Iterator[str]:
    if not raw.get("ReplicationGroupId"):
        yield from texts(one.get("Address") for one in _node_endpoints(raw))


def serverless_cache(raw: Raw, context: Context) -> Redis | None:
    """Maps <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ServerlessCache.html>."""
    if raw.get("Engine") == "memcached":
        return None
    subnets = tuple(sorted(raw.get("SubnetIds", ())))
    vpcs = {context.one("subnets", one).get("VpcId", "") for one in subnets} - {""}
    return Redis(
        id=raw["ARN"],
        name=raw["ServerlessCacheName"],
        labels=_cache_tags(raw, context),
        created_at=utc(raw.get("CreateTime")),
        region=context.place.region,
        vpc=vpcs.pop() if len(vpcs) == 1 else "",
        subnets=subnets,
        ips=_resolved(_serverless_hosts(raw), context),
        port=(raw.get("Endpoint") or {}).get("Port"),
        engine=raw.get("Engine", ""),
        version=raw.get("FullEngineVersion") or raw.get("MajorEngineVersion", ""),
        state=raw.get("Status", ""),
    )


def _serverless_hosts(raw: Raw) -> Iterator[str]:
    yield from texts((raw.get(field) or {}).get("Address") for field in ("Endpoint", "ReaderEndpoint"))


def _subnets(group: Raw) -> tuple[str, ...]:
    return tuple(sorted(one["SubnetIdentifier"] for one in group.get("Subnets", ())))


def _cache_tags(raw: Raw, context: Context) -> dict[str, str]:
    return tags(context.one("tags", raw["ARN"]).get("Tags"))


def _resolved(hosts: Iterable[str], context: Context) -> tuple[str, ...]:
    return sorted_addresses(address for host in hosts for address in context.addresses.get(host, ()))


CACHE_INTERFACE: Final = "ElastiCache "


def _cache_ips(nodes: Iterable[str], hosts: Iterable[str], context: Context) -> tuple[str, ...]:
    interfaces = [one for node in nodes for one in context.get("interfaces", CACHE_INTERFACE + node)]
    own = [address.get("PrivateIpAddress") for one in interfaces for address in one.get("PrivateIpAddresses", ())]
    own += [address.get("Ipv6Address") for one in interfaces for address in one.get("Ipv6Addresses", ())]
    return sorted_addresses((*own, *_resolved(hosts, context)))


_NODES: Final = {"ShowCacheNodeInfo": True}
_CACHE_TAGS: Final = Join(
    "tags", "resourcegroupstaggingapi:GetResources", "ResourceTagMappingList", paging.TAGGING, by="ResourceARN",
    params={"ResourceTypeFilters": ["elasticache"]},
)  # fmt: skip
"""One list of all tags: ElastiCache's own call is made for each cache, and fails while one is being made or changed."""
_CACHE_GROUPS: Final = Join(
    "groups", "elasticache:DescribeCacheSubnetGroups", "CacheSubnetGroups", paging.DATABASES,
    by="CacheSubnetGroupName",
)  # fmt: skip

LISTINGS: Final = (
    Listing(
        "rds", "rds:DescribeDBInstances", "DBInstances", rds_instance, paging.DATABASES, api="instances",
        hosts=_instance_hosts,
    ),
    Listing(
        "rds", "rds:DescribeDBClusters", "DBClusters", rds_cluster, paging.DATABASES, api="clusters",
        joins=(
            Join("groups", "rds:DescribeDBSubnetGroups", "DBSubnetGroups", paging.DATABASES, by="DBSubnetGroupName"),
        ),
        hosts=_cluster_hosts,
    ),
    Listing(
        "redis", "elasticache:DescribeReplicationGroups", "ReplicationGroups", replication_group, paging.DATABASES,
        api="replication-groups",
        joins=(
            Join(
                "members", "elasticache:DescribeCacheClusters", "CacheClusters", paging.DATABASES,
                by="CacheClusterId", params=_NODES,
            ),
            _CACHE_GROUPS,
            _CACHE_TAGS,
            INTERFACES,
        ),
        hosts=_group_hosts,
    ),
    Listing(
        "redis", "elasticache:DescribeCacheClusters", "CacheClusters", cache_cluster, paging.DATABASES,
        params=_NODES, api="clusters",
        joins=(_CACHE_GROUPS, _CACHE_TAGS, INTERFACES),
        hosts=_node_hosts,
    ),
    Listing(
        "redis", "elasticache:DescribeServerlessCaches", "ServerlessCaches", serverless_cache,
        paging.SERVERLESS_CACHES, api="serverless",
        joins=(
            Join("subnets", "ec2:DescribeSubnets", "Subnets", paging.EC2, by="SubnetId"),
            _CACHE_TAGS,
        ),
        hosts=_serverless_hosts,
    ),
)  # fmt: skip
"""What is listed of databases."""
