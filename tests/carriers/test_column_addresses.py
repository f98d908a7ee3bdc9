"""The column parser of addresses against the standard library."""

from ipaddress import IPv4Address, IPv6Address

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagweave.carriers.columns.addresses import parse_column
from tagweave.model.addresses import pack

BROKEN = [
    "", "-", "1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.4 ", " 1.2.3.4", "1..2.3", "a.b.c.d",
    "1.2.3.4/24", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::12345", "g::", "1:", ":1",
    "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5", "[::1", "***HIDDEN***", "fe80::1%",
]  # fmt: skip
WHOLE = [
    "0.0.0.0", "255.255.255.255", "::", "::1", "1::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "64:ff9b::1.2.3.4",
    "1:2:3:4:5:6:1.2.3.4", "FE80::A", "fe80::1%eth0", "[2001:db8::1]", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
]  # fmt: skip


def packed(texts: list[str | None]) -> list[int | None]:
    found = parse_column(pa.array(texts, pa.string()))
    return [int(h) << 64 | int(l) if v else None for h, l, v in zip(found.hi, found.lo, found.valid, strict=True)]


def expected(text: str) -> int | None:
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") and len(text) > 1 else text
    if inner.endswith("%"):
        return None
    try:
        return pack(inner)
    except ValueError:
        return None


@pytest.mark.parametrize("text", [*BROKEN, *WHOLE])
def test_a_text_is_an_address_exactly_where_the_standard_library_says_so(text: str) -> None:
    assert packed([text]) == [expected(text)]
    assert (text in WHOLE) == (expected(text) is not None)


ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.ip_addresses(v=6).map(lambda a: a.exploded),
    st.ip_addresses(v=4).map(lambda a: f"::ffff:{a}"),
)


@settings(deadline=None)  # the kernel may be compiled in it
@given(st.lists(st.one_of(ADDRESSES, st.text("0123456789abcdef:.%[]", max_size=20)), max_size=30))
def test_any_text_parses_as_the_standard_library_does(texts: list[str]) -> None:
    assert packed(list(texts)) == [expected(text) for text in texts]


@settings(deadline=None)  # the kernel may be compiled in it
@given(st.lists(st.one_of(st.none(), st.ip_addresses()), min_size=1))
def test_binary_and_dictionary_columns_are_the_same_addresses(
    addresses: list[IPv4Address | IPv6Address | None],
) -> None:
    want = [None if a is None else pack(str(a)) for a in addresses]
    binary = parse_column(pa.array([None if a is None else a.packed for a in addresses], pa.binary()))
    texts = pa.array([None if a is None else str(a) for a in addresses]).dictionary_encode()
    for found in (binary, parse_column(texts)):
        assert [
            int(h) << 64 | int(l) if v else None for h, l, v in zip(found.hi, found.lo, found.valid, strict=True)
        ] == want
        assert found.absent.tolist() == [a is None for a in addresses]


def test_numbers_are_ipv4_addresses() -> None:
    found = parse_column(pa.array([0x0A000001, None, -1, 2**32], pa.int64()))
    assert found.valid.tolist() == [True, False, False, False]
    assert int(found.lo[0]) == pack("10.0.0.1")
