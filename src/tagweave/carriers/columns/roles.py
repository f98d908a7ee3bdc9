"""Column roles: which column of a record is the address, the port, the time, of which end.

Names are compared in lower case with `-`, `.`, `:`, `@` and blanks as `_`. For each role the first of its known
names that a record has is taken, so the packet's own address goes before that of the interface it passed.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Final

from tagweave.errors import ConfigError, InputError

END_ROLES: Final = (
    "ip",
    "port",
    "network",
    "pod_uid",
    "pod",
    "namespace",
    "container_id",
    "vm",
    "host",
    "mac",
)
COMMON_ROLES: Final = ("time", "end_time", "protocol", "network", "cluster", "node", "vpc", "subnet", "interface")
SIDES: Final = ("source", "destination")

_KNOWN: Final[dict[str, str]] = {
    # AWS, Aliyun, Tencent Cloud and Huawei Cloud flow logs: srcaddr …; ECS and OpenTelemetry: source.ip,
    # source.address, client.address; NetObserv: SrcAddr; bcc tools: SADDR; DeepFlow: ip_0; Azure: SrcIP.
    "source.ip": "pkt_srcaddr srcaddr source_ip source_address src_ip src_addr srcip saddr ip_0 ip4_0 sip "
    "sourceip source_ip_address srcip_s client_ip client_address src source",
    "destination.ip": "pkt_dstaddr dstaddr destination_ip destination_address dst_ip dst_addr dstip daddr ip_1 "
    "ip4_1 dip destip destinationip destination_ip_address destip_s dest_ip server_ip server_address dst "
    "destination",
    "source.port": "srcport source_port src_port sport client_port port_0",
    "destination.port": "dstport destination_port dst_port dport dest_port destport server_port port_1 port_d",
    "protocol": "protocol proto network_iana_number network_transport ip_protocol l4protocol l4_protocol",
    "time": "time start timestamp ts _timestamp timeflowstartms timeflowstart start_time starttime flow_start "
    "flowstarttime event_start time_received event_time timeunixnano datetime",
    "end_time": "end timeflowendms end_time endtime flow_end flowendtime event_end",
    "source.mac": "source_mac src_mac srcmac smac mac_0",
    "destination.mac": "destination_mac dst_mac dstmac dmac mac_1",
    "source.pod_uid": "source_k8s_pod_uid src_pod_uid",
    "destination.pod_uid": "destination_k8s_pod_uid dst_pod_uid",
    "source.container_id": "source_container_id",
    "destination.container_id": "destination_container_id",
    "network": "network network_id",
    "cluster": "cluster k8s_cluster_name k8s_cluster_uid k8s_clustername cluster_name",
    "vpc": "vpc_id vpc cloud_vpc_id",
    "node": "node node_name k8s_node_name agentip",
    # where a cloud's flow log was taken: AWS, Tencent Cloud and Huawei Cloud; Aliyun and Volcengine
    "subnet": "subnet_id vswitch_id",
    "interface": "interface_id eni_id eni interfaceid eniid",
}
"""Roles and the names that mean them, in the order in which they are taken."""

_KNOWN_ONE: Final[dict[str, str]] = {
    "ip": "ip ip_address address host_ip pod_ip k8s_pod_ip net_host_ip addr remote_addr instance_ip",
    "port": "port",
    "pod_uid": "k8s_pod_uid pod_uid kubernetes_pod_uid",
    "pod": "k8s_pod_name pod pod_name kubernetes_pod_name",
    "namespace": "k8s_namespace_name namespace kubernetes_namespace namespace_name",
    "container_id": "container_id",
    "vm": "host_id instance_id cloud_instance_id vm_id",
    "host": "host_name hostname",
}
"""The same for records of one end; they count only where no column is of either end."""

AWS_V2: Final = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
]
"""The default format of AWS VPC flow logs, version 2, which S3 and CloudWatch may deliver without a header."""


def normal(name: str) -> str:
    """A column's name as the tables compare it."""
    return re.sub(r"[-.:@\s]+", "_", name.strip().lower())


def check(mapping: Mapping[str, str]) -> None:
    """Raise ConfigError for a `--map` to a role that does not exist."""
    for column, role in mapping.items():
        if role not in all_roles():
            raise ConfigError(f"--map {column}={role}: there is no role {role!r}{_near(role, all_roles())}")


def missing(columns: Sequence[str], mapping: Mapping[str, str]) -> str:
    """Which mapped column there is not, in words; empty where there are all."""
    return next(
        (
            f"--map {column}={role}: there is no column {column!r}{_near(column, columns)}"
            for column, role in mapping.items()
            if column not in columns
        ),
        "",
    )


def known(columns: Sequence[str], mapping: Mapping[str, str], *, growing: bool = False) -> dict[str, str]:
    """Role → column, as far as there are any. Raises ConfigError for a wrong `--map`."""
    check(mapping)
    if not growing and (wrong := missing(columns, mapping)):
        raise ConfigError(wrong)
    chosen = {role: column for column, role in mapping.items()}
    named = {normal(column): column for column in reversed(columns)}
    used = set(mapping)
    found = {**_found(_KNOWN, named, used), **chosen}
    if any(role.startswith(SIDES) for role in found):
        return found
    return {**_found(_KNOWN, named, used), **_found(_KNOWN_ONE, named, used), **chosen}


def assign(columns: Sequence[str], mapping: Mapping[str, str], *, growing: bool = False) -> dict[str, str]:
    """Role → column, from `--map` and the known names. Columns of a growing input may come later.

    Raises ConfigError for a wrong `--map`, InputError where no column is an end's.
    """
    found = known(columns, mapping, growing=growing)
    if not any(role.partition(".")[2] or role in END_ROLES for role in found if role != "network"):
        raise InputError(
            f"no column is known to be an address, pod, container or instance: name one with --map COLUMN=ROLE; "
            f"the columns are {', '.join(columns)}; the roles {', '.join(all_roles())}"
        )
    return found


def sides(roles: Mapping[str, str]) -> tuple[str, ...]:
    """The ends that a record has: source and destination as far as they have roles, or one without a name."""
    found = tuple(side for side in SIDES if any(role.startswith(f"{side}.") for role in roles))
    return found or ("",)


def all_roles() -> tuple[str, ...]:
    """Every role there is."""
    ends = tuple(f"{side}.{role}" for side in SIDES for role in END_ROLES)
    return tuple(dict.fromkeys((*COMMON_ROLES, *ends, *END_ROLES)))


def _found(known: Mapping[str, str], named: Mapping[str, str], used: set[str]) -> dict[str, str]:
    out = {}
    for role, names in known.items():
        column = next((named[name] for name in names.split() if name in named and named[name] not in used), None)
        if column is not None:
            out[role] = column
    return out


def _near(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    some = ", ".join(list(known)[:30])
    return f"; did you mean {close[0]!r}?" if close else f"; there are: {some}"
