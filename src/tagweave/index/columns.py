"""The words of a tag index and their codes: columns of a tagset, rules, reasons, networks that are none.

Everything here is part of the format of a segment file (docs/index-format.md): a code never changes its meaning.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
U16 = npt.NDArray[np.uint16]
U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

# ---- columns of a tagset

SINGLE: Final = (
    "region",
    "az",
    "vpc",
    "subnet",
    "router",
    "host",
    "vm",
    "nat_gateway",
    "load_balancer",
    "rds",
    "redis",
    "network_interface",
    "public_ip",
    "cluster",
    "node",
    "namespace",
    "workload",
    "replica_set",
    "pod",
)
"""Columns that hold the id of one resource, 0 for none."""

SEVERAL: Final = ("security_group", "service", "ingress", "workloads")
"""Columns that hold a set of ids, ascending; `workloads` is the chain of a pod's owners, the nearest first."""

FACTS: Final = ("owner", "network")
"""`owner` is whose key it is, `network` the VPC or cluster in which it is (0: the internet)."""

COLUMNS: Final = (*SINGLE, *SEVERAL, *FACTS)

PICKED: Final = ("service", "ingress", "namespace", "cluster")
"""Columns that a port decides: a pick says what they are instead (the last two only where the row has no pod)."""

AS_IT_IS: Final = 0
"""The pick that changes nothing."""
NO_SERVICE: Final = 1
"""The pick of a port that nothing serves: neither service nor ingress."""

# ---- what a key may be

RULES: Final = (
    "",
    "ip",
    "prefix",
    "pod_uid",
    "pod_name",
    "container_id",
    "vm_id",
    "host_name",
    "mac",
    "interface_id",
    "id",
)
"""By what an end was found; the codes in `Found.rules` index these words."""

RULE_CODES: Final = {rule: code for code, rule in enumerate(RULES)}
BY_ADDRESS: Final = 1
BY_PREFIX: Final = 2

# ---- why there is no answer

REASONS: Final = (
    "matched",
    "no_address",
    "unknown_address",
    "not_at_that_time",
    "ambiguous",
    "unknown_network",
    "out_of_reach",
    "special_address",
)
"""Why an end got no tags; the codes in `Found.reasons` index these words."""

MATCHED, NO_ADDRESS, UNKNOWN_ADDRESS, NOT_THEN, AMBIGUOUS, UNKNOWN_NETWORK, OUT_OF_REACH, SPECIAL = range(8)

# ---- networks that are no VPC and no cluster

INTERNET: Final = 0
NETWORK_UNNAMED: Final = -1
"""Any network: the record names none."""
NETWORK_UNKNOWN: Final = -2
"""The record names a network that does not exist."""
NETWORK_AMBIGUOUS: Final = -3
"""The record names a network by a name that several have."""

# ---- a breakpoint's value: a row of the tagsets, and two bits

TAGSET_BITS: Final = (1 << 30) - 1
DISPUTED: Final = 1 << 30
AFTER: Final = 1 << 31

FLAG_DISPUTED: Final = 1
FLAG_AFTER: Final = 2
"""Bits of `Found.flags`."""
