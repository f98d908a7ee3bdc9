"""What addresses are by themselves, against Python's own `ipaddress`."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagweave.index.addresses import GLOBALLY_REACHABLE, is_public, is_special, reachable, texts
from tagweave.model.addresses import pack, unpack

NEWER_THAN_PYTHON = [
    ip_network(text)
    for text in ("192.0.0.0/24", "64:ff9b:1::/48", "100:0:0:1::/64", "2001::/23", "2002::/16", "3fff::/20", "5f00::/16")
]
"""Ranges of which an older `ipaddress` says otherwise than IANA's registry of 2025: Python 3.11 to 3.13 differ here."""


def edges() -> list[int]:
    """The first and last address of each range of the registry, and their neighbours."""
    out = []
    for text, _ in GLOBALLY_REACHABLE:
        network = ip_network(text)
        for edge in (network.network_address, network.broadcast_address):
            near = (int(edge) - 1, int(edge), int(edge) + 1)
            inside = [number for number in near if 0 <= number < 1 << network.max_prefixlen]
            out += [pack(str(IPv4Address(n) if network.version == 4 else IPv6Address(n))) for n in inside]
    return out


v4 = st.integers(0, 2**32 - 1).map(lambda number: 0xFFFF << 32 | number)
v6 = st.integers(0, 2**128 - 1)
near = st.tuples(st.sampled_from(edges()), st.integers(-3, 3)).map(lambda pair: max(0, sum(pair)) % (1 << 128))


def halves(numbers: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([n >> 64 for n in numbers], np.uint64), np.array([n & (2**64 - 1) for n in numbers], np.uint64)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(v4, v6, near), min_size=1, max_size=50))
def test_what_the_internet_routes_is_what_ipaddress_says(numbers: list[int]) -> None:
    for number, found in zip(numbers, is_public(*halves(numbers)).tolist(), strict=True):
        assert found == reachable(number)
        address = ip_address(unpack(number))
        if not any(address in network for network in NEWER_THAN_PYTHON):
            assert found == address.is_global, address


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("192.0.0.8", False),
        ("192.0.0.9", True),
        ("192.0.0.11", False),
        ("100.63.255.255", True),
        ("100.64.0.0", False),
        ("2001:1::1", True),
        ("2001:1::4", False),
        ("2001:4860:4860::8888", True),
        ("64:ff9b::808:808", True),
        ("64:ff9b:1::1", False),
        ("2002::1", False),
        ("3fff:fff::1", False),
        ("4000::", True),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
    ],
)
def test_the_registry_of_2025_is_known(text: str, public: bool) -> None:
    assert reachable(pack(text)) == public


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(v4, v6, near), min_size=1, max_size=50))
def test_special_addresses_are_nobodys(numbers: list[int]) -> None:
    for number, found in zip(numbers, is_special(*halves(numbers)).tolist(), strict=True):
        one = ip_address(unpack(number))
        reserved = one.version == 4 and (int(one) >> 24 == 0 or int(one) >> 28 == 15)
        alone = one.is_loopback or one.is_link_local or one.is_multicast or one.is_unspecified
        assert found == (alone or reserved)


zeros = st.lists(st.sampled_from([0, 0, 0, 1, 0xA, 0xFF, 0x100, 0xFFFF]), min_size=8, max_size=8).map(
    lambda groups: sum(group << 16 * (7 - k) for k, group in enumerate(groups))
)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(v4, v6, zeros, near), min_size=1, max_size=200))
def test_texts_are_canonical(numbers: list[int]) -> None:
    assert texts(*halves(numbers)).to_pylist() == [unpack(number) for number in numbers]


def test_no_address_has_no_text() -> None:
    assert texts(*halves([])).to_pylist() == []
