"""Addresses and prefixes: canonical text outside, one 128-bit number inside.

An IPv4 address and its IPv4-mapped IPv6 form (RFC 4291 section 2.5.5.2) are one address: both pack to
`::ffff:0:0/96`, and both are written as a dotted quad.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import NamedTuple

_MAPPED = 0xFFFF << 32


class Prefix(NamedTuple):
    """A packed prefix: `address` with host bits cleared and its `length` in 0…128."""

    address: int
    length: int


def parse(text: str) -> IPv4Address | IPv6Address:
    """An address from text, without a zone; an IPv4-mapped one as IPv4. Raises ValueError if it is none."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def canonical(text: str) -> str:
    """The one text form of an address. Raises ValueError if it is none."""
    try:  # the system's own parser is ten times as fast as ours below, which decides where that one does not
        if ":" not in text:
            return inet_ntop(AF_INET, inet_pton(AF_INET, text))
        found = inet_ntop(AF_INET6, inet_pton(AF_INET6, text))
    except OSError:
        return str(parse(text))
    return str(parse(text)) if "." in found else found


def canonical_prefix(text: str) -> str:
    """The one text form of a prefix, host bits cleared. Raises ValueError if it is none."""
    return str(_network(text))


def pack(text: str) -> int:
    """The 128-bit number of an address; IPv4 is packed as IPv4-mapped. Raises ValueError if it is none."""
    try:
        if ":" not in text:
            return _MAPPED | int.from_bytes(inet_pton(AF_INET, text))
        return int.from_bytes(inet_pton(AF_INET6, text))
    except OSError:
        address = parse(text)
        return _MAPPED | int(address) if isinstance(address, IPv4Address) else int(address)


def unpack(number: int) -> str:
    """The canonical text of a packed address."""
    if number >> 32 == 0xFFFF:
        return str(IPv4Address(number & 0xFFFFFFFF))
    return str(IPv6Address(number))


def pack_prefix(text: str) -> Prefix:
    """The packed form of a prefix; IPv4 lengths count from 96. Raises ValueError if it is none."""
    network = _network(text)
    if isinstance(network, IPv4Network):
        return Prefix(_MAPPED | int(network.network_address), 96 + network.prefixlen)
    return Prefix(int(network.network_address), network.prefixlen)


def _network(text: str) -> IPv4Network | IPv6Network:
    network = ip_network(text, strict=False)
    if isinstance(network, IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((int(mapped), network.prefixlen - 96))
    return network
