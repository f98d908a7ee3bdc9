"""What serves in the standard estate: load balancers of every generation and databases of every engine."""

from clouds.aliyun import services
from clouds.aliyun.estate import Estate
from clouds.aliyun.places import AWAY, DATA, HOME, SHOP, A, H, I
from clouds.aliyun.wire import Row


def add(estate: Estate) -> None:
    """All of it."""
    _classic(estate)
    _balancers(estate)
    _network_balancers(estate)
    _databases(estate)


def _classic(estate: Estate) -> None:
    """Classic load balancers: rules, a group, a master and a slave, and default servers."""
    outer = services.classic("lb-bp1outer", HOME, "198.51.100.30", scheme="internet", given=SHOP)
    inner = services.classic("lb-bp1inner", HOME, "10.0.1.30", H[1], H[2])
    six = services.classic("lb-bp1six", HOME, "2001:db8:ffff::30", scheme="internet", version="ipv6")
    away = services.classic("lb-t4nouter", AWAY, "198.51.100.31", scheme="internet")
    web1, web2 = services.classic_server("i-bp1web1", 8080), services.classic_server("i-bp1web2", 8080)
    eni = services.classic_server("eni-bp1web1b", 8081, "10.0.2.11", "eni")
    estate.add("slb:DescribeLoadBalancers", HOME, outer, inner, six)
    estate.add("slb:DescribeLoadBalancers", AWAY, away)
    estate.add("slb:DescribeLoadBalancerListeners", HOME,
               services.classic_listener("lb-bp1outer", "https", 443, vgroup="rsp-bp1web"),
               services.classic_listener("lb-bp1outer", "http", 80, 8080),
               services.classic_listener("lb-bp1inner", "tcp", 3306, vgroup="rsp-bp1eni"),
               services.classic_listener("lb-bp1inner", "udp", 53, pair="rsp-bp1pair"),
               services.classic_listener("lb-bp1six", "tcp", 443, 8443))  # fmt: skip
    estate.add("slb:DescribeLoadBalancerListeners", AWAY, services.classic_listener("lb-t4nouter", "tcp", 443, 8443))
    estate.add("slb:DescribeRules", HOME, of="lb-bp1outer/80")
    estate.add("slb:DescribeRules", HOME, services.classic_rule("rule-bp1api", "api.shop.example", "/v1", "rsp-bp1eni"),
               of="lb-bp1outer/443")  # fmt: skip
    groups = {"rsp-bp1web": ("lb-bp1outer", [web1, web2]), "rsp-bp1eni": ("lb-bp1inner", [eni])}
    for vgroup, (lb, servers) in groups.items():
        estate.head("slb:DescribeVServerGroupAttribute", HOME, vgroup, services.classic_group(lb, vgroup, servers))
    estate.head("slb:DescribeMasterSlaveServerGroupAttribute", HOME, "rsp-bp1pair",
                services.classic_pair("lb-bp1inner", "rsp-bp1pair", services.classic_server("i-bp1web1", 53),
                                      services.classic_server("i-bp1web2", 53)))  # fmt: skip
    defaults = [services.classic_server("i-bp1web1"), services.classic_server("i-bp1web2")]
    details: tuple[tuple[str, Row, tuple[tuple[str, int], ...], list[Row]], ...] = (
        (HOME, outer, (("http", 80), ("https", 443)), defaults),
        (HOME, inner, (("tcp", 3306), ("udp", 53)), []),
        (HOME, six, (("tcp", 443),), defaults[:1]),
        (AWAY, away, (("tcp", 443),), [services.classic_server("i-t4nweb1")]),
    )
    for region, row, ports, servers in details:
        detail = services.classic_detail(row, ports, servers)
        estate.head("slb:DescribeLoadBalancerAttribute", region, row["LoadBalancerId"], detail)


def _balancers(estate: Estate) -> None:
    """Application load balancers. Their addresses are in their attributes alone."""
    outer = services.application("alb-bp1outer", HOME, H[1], "Internet", "DualStack", SHOP)
    inner = services.application("alb-bp1inner", HOME, H[1], "Intranet")
    away = services.application("alb-t4nouter", AWAY, A[1], "Internet")
    zones = [
        (H[0], H[2], {"Address": "203.0.113.40", "IntranetAddress": "10.0.1.40", "AllocationId": "eip-bp1alb",
                      "EipType": "Common", "Ipv6Address": "2001:db8:1100:1::40", "Ipv4LocalAddresses": ["10.0.1.41"],
                      "Ipv6LocalAddresses": ["2001:db8:1100:1::41"]}),
        (I[0], I[2], {"Address": "203.0.113.41", "IntranetAddress": "10.0.2.40", "AllocationId": "eip-bp1alb2",
                      "EipType": "Common", "Ipv4LocalAddresses": []}),
    ]  # fmt: skip
    details = (
        (HOME, outer, zones),
        (HOME, inner, [(H[0], H[2], {"Address": "10.0.1.45", "IntranetAddress": "10.0.1.45"})]),
        (AWAY, away, [(A[0], A[2], {"Address": "203.0.113.71", "IntranetAddress": "10.8.1.40"})]),
    )
    for region, row, mappings in details:
        estate.add("alb:ListLoadBalancers", region, row)
        detail = services.application_detail(row, region, mappings)
        estate.head("alb:GetLoadBalancerAttribute", region, row["LoadBalancerId"], detail)
    estate.add("alb:ListListeners", HOME,
               services.application_listener("alb-bp1outer", "lsn-bp1https", "HTTPS", 443, "sgp-bp1web"),
               services.application_listener("alb-bp1inner", "lsn-bp1http", "HTTP", 80, "sgp-bp1ip"))  # fmt: skip
    estate.add(
        "alb:ListListeners", AWAY, services.application_listener("alb-t4nouter", "lsn-t4n", "QUIC", 443, "sgp-t4n")
    )
    estate.add("alb:ListRules", HOME,
               services.application_rule("alb-bp1outer", "lsn-bp1https", "rule-bp1ip", "ip.shop.example",
                                         "sgp-bp1ip"))  # fmt: skip
    servers = (
        (HOME, services.server("sgp-bp1web", "i-bp1web1", "10.0.1.11", 8443)),
        (HOME, services.server("sgp-bp1web", "eni-bp1web1b", "10.0.2.11", 8443, "Eni")),
        (HOME, services.server("sgp-bp1ip", "10.200.0.9", "10.200.0.9", 8080, "Ip")),
        (AWAY, services.server("sgp-t4n", "i-t4nweb1", "10.8.1.11", 8443)),
    )
    for region, row in servers:
        estate.add("alb:ListServerGroupServers", region, services.weighed(row))


def _network_balancers(estate: Estate) -> None:
    """Network and gateway load balancers."""

    def address(private: str, public: str = "", six: str = "") -> Row:
        return {"PrivateIPv4Address": private, "PublicIPv4Address": public, "Ipv6Address": six, "AllocationId": "",
                "EniId": "eni-bp1nlb", "PrivateIPv4HcStatus": "Healthy", "PrivateIPv6HcStatus": ""}  # fmt: skip

    estate.add("nlb:ListLoadBalancers", HOME,
               services.network("nlb-bp1outer", HOME, H[1], "Internet",
                                [(H[0], H[2], address("10.0.1.50", "203.0.113.50", "2001:db8:1100:1::50"))],
                                "DualStack", SHOP),
               services.network("nlb-bp1inner", HOME, H[1], "Intranet",
                                [(I[0], I[2], address("10.0.2.50"))]))  # fmt: skip
    estate.add("nlb:ListLoadBalancers", AWAY,
               services.network("nlb-t4n", AWAY, A[1], "Intranet", [(A[0], A[2], address("10.8.1.50"))]))  # fmt: skip
    estate.add("nlb:ListListeners", HOME,
               services.network_listener("nlb-bp1outer", "lsn-bp1tcp", HOME, "TCP", 443, "sgp-bp1nlb"),
               services.network_listener("nlb-bp1inner", "lsn-bp1any", HOME, "UDP", 0, "sgp-bp1nlb",
                                         ("5000", "5100")))  # fmt: skip
    estate.add(
        "nlb:ListListeners", AWAY, services.network_listener("nlb-t4n", "lsn-t4ntls", AWAY, "TCPSSL", 443, "sgp-t4n")
    )
    web = services.server("sgp-bp1nlb", "i-bp1web2", "10.0.1.12", 443)
    estate.add("nlb:ListServerGroupServers", HOME, services.weighed(web))
    away = services.server("sgp-t4n", "i-t4nweb1", "10.8.1.11", 443)
    estate.add("nlb:ListServerGroupServers", AWAY, services.weighed(away))
    for number, gwlb in enumerate(("gwlb-bp1one", "gwlb-bp1two"), 60):
        inside = {"PrivateIpv4Address": f"10.0.1.{number}", "EniId": "eni-bp1nlb"}
        estate.add("gwlb:ListLoadBalancers", HOME, services.gateway(gwlb, H[1], [(H[0], H[2], inside)], SHOP))
        estate.add("gwlb:ListListeners", HOME, services.gateway_listener(gwlb, f"lsn-{gwlb}", "sgp-bp1gwlb"))
    estate.add("gwlb:ListServerGroupServers", HOME, services.server("sgp-bp1gwlb", "i-bp1web2", "10.0.1.12", 6081))


def _databases(estate: Estate) -> None:
    rows = (
        (services.rds("rm-bp1mysql", HOME, H[0], H[1], H[2], "MySQL", "8.0"), "10.0.1.70", "3306"),
        (services.rds("rr-bp1mysql", HOME, H[0], H[1], H[2], "MySQL", "8.0", "Readonly"), "10.0.1.71", "3306"),
        (services.rds("pgm-bp1pg", HOME, DATA[0], DATA[1], DATA[2], "PostgreSQL", "16.0"), "172.16.0.70", "5432"),
        (services.rds("rm-bp1ms", HOME, DATA[0], DATA[1], DATA[2], "SQLServer", "2022_std_ha"), "172.16.0.71", "1433"),
        (services.rds("rm-t4nmaria", AWAY, A[0], A[1], A[2], "MariaDB", "10.6"), "10.8.1.70", "3306"),
    )
    for row, ip, port in rows:
        native, region = row["DBInstanceId"], row["RegionId"]
        estate.add("rds:DescribeDBInstances", region, row)
        net = services.rds_net(row["ConnectionString"], "Private", ip, port, row["VpcId"], row["VSwitchId"])
        estate.add("rds:DescribeDBInstanceNetInfo", region, net, of=native)
        estate.head("rds:DescribeDBInstanceNetInfo", region, native,
                    {"InstanceNetworkType": "VPC", "SecurityIPMode": "normal"})  # fmt: skip
    outer = services.rds_net("rm-bp1mysqlo.mysql.rds.aliyuncs.com", "Public", "203.0.113.70", "3306")
    estate.add("rds:DescribeDBInstanceNetInfo", HOME, outer, of="rm-bp1mysql")
    estate.add("rds:ListTagResources", HOME, services.tag_resource("rm-bp1mysql", "team", "shop"))
    for number in range(31):
        _polardb(estate, f"pc-bp1mysql{number}", f"10.0.1.{110 + number}")
    _polardbx(estate)
    instance = services.drds("drds-bp1old", HOME, H[0], H[1], H[2], "10.0.1.80")
    estate.add("drds:DescribeDrdsInstances", HOME, instance, services.drds("drds-bp1new", HOME, *I, "10.0.2.80"))
    estate.add("drds:ListTagResources", HOME, services.tag_resource("drds-bp1old", "team", "shop"))
    _redis(estate)


def _polardb(estate: Estate, native: str, ip: str) -> None:
    """More than thirty: the least that Aliyun puts on a page."""
    name = f"{native}.mysql.polardb.rds.aliyuncs.com"
    first = native == "pc-bp1mysql0"
    engine, version = ("PostgreSQL", "14") if native.endswith("9") else ("MySQL", "8.0")
    estate.add("polardb:DescribeDBClusters", HOME,
               services.polardb(native, HOME, H[0], H[1], H[2], engine, version, SHOP if first else {}))  # fmt: skip
    addresses = [services.polardb_address(name, ip, "3306", "Private", H[1], H[2])]
    if first:
        addresses.append(services.polardb_address(f"o{name}", "203.0.113.80", "3306", "Public"))
    endpoint = services.polardb_endpoint(native, "Primary", "3306", *addresses)
    estate.add("polardb:DescribeDBClusterEndpoints", HOME, endpoint, of=native)


def _polardbx(estate: Estate) -> None:
    for number in range(31):
        row = services.polardbx(f"pxc-bp1shop{number}", HOME, H[0], H[1], {} if number else SHOP)
        estate.add("polardbx:DescribeDBInstances", HOME, row)
        estate.head("polardbx:DescribeDBInstanceAttribute", HOME, row["Id"], services.polardbx_detail(row, H[2]))


def _redis(estate: Estate) -> None:
    rows = (
        services.redis("r-bp1std", HOME, H[0], H[1], H[2], "10.0.1.85", given=SHOP),
        services.redis("r-bp1cluster", HOME, H[0], H[1], H[2], "10.0.1.86", "cluster", 3),
        services.redis("r-bp1split", HOME, *I, "10.0.2.87", "rwsplit", 1, version="5.0"),
        services.redis("tt-bp1skv", HOME, *I, "10.0.2.88", kind="tair_skv", version="7.0"),
        services.redis("r-t4nstd", AWAY, A[0], A[1], A[2], "10.8.1.85", version="6.0"),
    )
    for row in rows:
        native, region = row["InstanceId"], row["RegionId"]
        net = services.redis_net(row["ConnectionDomain"], "Private", row["PrivateIp"], row["VpcId"], row["VSwitchId"])
        estate.add("r-kvstore:DescribeInstances", region, row)
        estate.add("r-kvstore:DescribeDBInstanceNetInfo", region, net, of=native)
        estate.head("r-kvstore:DescribeDBInstanceNetInfo", region, native, {"InstanceNetworkType": "VPC"})
    direct = services.redis_net("r-bp1clusterd.redis.rds.aliyuncs.com", "Private", "10.0.1.96", H[1], H[2], direct=True)
    outer = services.redis_net("r-bp1clustero.redis.rds.aliyuncs.com", "Public", "203.0.113.86")
    estate.add("r-kvstore:DescribeDBInstanceNetInfo", HOME, direct, outer, of="r-bp1cluster")
