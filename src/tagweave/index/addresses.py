"""What an address is by itself: routed in the internet, special, and its text. For one, or for a batch at once."""

from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from tagweave.index.columns import U64, Bools
from tagweave.index.compiled import for_rows, frozen
from tagweave.model.addresses import pack_prefix

if TYPE_CHECKING:
    import pyarrow as pa

GLOBALLY_REACHABLE: Final = (
    ("::/0", True),
    # https://www.iana.org/assignments/iana-ipv4-special-registry
    ("0.0.0.0/8", False),
    ("10.0.0.0/8", False),
    ("100.64.0.0/10", False),
    ("127.0.0.0/8", False),
    ("169.254.0.0/16", False),
    ("172.16.0.0/12", False),
    ("192.0.0.0/24", False),
    ("192.0.0.9/32", True),
    ("192.0.0.10/32", True),
    ("192.0.2.0/24", False),
    ("192.168.0.0/16", False),
    ("198.18.0.0/15", False),
    ("198.51.100.0/24", False),
    ("203.0.113.0/24", False),
    ("240.0.0.0/4", False),
    # https://www.iana.org/assignments/iana-ipv6-special-registry
    ("::/128", False),
    ("::1/128", False),
    ("64:ff9b:1::/48", False),
    ("100::/64", False),
    ("100:0:0:1::/64", False),
    ("2001::/23", False),
    ("2001:1::1/128", True),
    ("2001:1::2/128", True),
    ("2001:1::3/128", True),
    ("2001:3::/32", True),
    ("2001:4:112::/48", True),
    ("2001:20::/28", True),
    ("2001:30::/28", True),
    ("2001:db8::/32", False),
    ("2002::/16", False),
    ("3fff::/20", False),
    ("5f00::/16", False),
    ("fc00::/7", False),
    ("fe80::/10", False),
)
"""IANA's special-purpose registries as of 2025: a range within another is the exception to it.

6to4 (2002::/16), of which the registry says "N/A", is taken as not reachable. Where Python's `ipaddress` is of
an older edition than these (before 3.13: 192.0.0.0/24, 2002::/16 and the newest IPv6 ranges), these hold.
"""


@cache
def _ranges() -> tuple[list[int], list[bool]]:
    """Where ranges begin, ascending, and whether they are reachable."""
    spans = []
    for text, reachable in GLOBALLY_REACHABLE:
        address, length = pack_prefix(text) if text != "::/0" else (0, 0)
        spans.append((address, address + (1 << (128 - length)), reachable))
    starts = sorted({edge for start, end, _ in spans for edge in (start, end)} - {1 << 128})
    inner = [min((end - start, flag) for start, end, flag in spans if start <= edge < end)[1] for edge in starts]
    return starts, inner


@cache
def _range_arrays() -> tuple[U64, U64, Bools]:
    starts, flags = _ranges()
    hi = np.array([start >> 64 for start in starts], np.uint64)
    lo = np.array([start & ((1 << 64) - 1) for start in starts], np.uint64)
    return frozen(hi), frozen(lo), frozen(np.array(flags, np.bool_))


def reachable(address: int) -> bool:
    """Whether a packed address is routed in the internet (IANA: globally reachable)."""
    starts, flags = _ranges()
    return flags[bisect_right(starts, address) - 1]


def is_public(hi: U64, lo: U64) -> Bools:
    """Whether each packed address is routed in the internet."""
    found: Bools = for_rows(len(hi)).look_up_ranges(*_range_arrays(), frozen(hi), frozen(lo))
    return found


def is_special(hi: U64, lo: U64) -> Bools:
    """Whether each address belongs to nobody: loopback, unspecified, link-local, multicast, broadcast or reserved."""
    v4 = (hi == 0) & (lo >> np.uint64(32) == 0xFFFF)
    word = lo & np.uint64(0xFFFFFFFF)
    top = word >> np.uint64(24)
    special4 = (top == 127) | (top == 0) | (top >= 224) | (word >> np.uint64(16) == 0xA9FE)
    special6 = ((hi == 0) & (lo <= 1)) | (hi >> np.uint64(54) == 0x3FA) | (hi >> np.uint64(56) == 0xFF)
    special: Bools = np.where(v4, special4, special6)
    return special


def texts(hi: U64, lo: U64) -> "pa.StringArray":
    """The canonical texts of packed addresses, written into an Arrow buffer."""
    import pyarrow as pa  # noqa: PLC0415 - what looks up one address does without

    offsets = np.empty(len(hi) + 1, np.int32)
    data = np.empty(40 * len(hi), np.uint8)
    for_rows(len(hi)).write_texts(frozen(hi), frozen(lo), offsets, data)
    return pa.StringArray.from_buffers(len(hi), pa.py_buffer(offsets), pa.py_buffer(data[: offsets[-1]]))
