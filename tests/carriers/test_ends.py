"""What columns say of an end: MAC addresses in all the ways in which they are written."""

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagweave.carriers.columns.ends import macs
from tagweave.index.holders import canonical_mac

WHOLE = ["02:00:5e:10:00:0a", "02-00-5E-10-00-0A", "0200.5e10.000a", "02005E10000A"]
BROKEN = ["", "02:00:5e:10:00", "02:00:5e:10:00:0g", "0200.5e10.000", "02005e10000a0b", "02:00:5e:10:00:0a\n", "x"]


@pytest.mark.parametrize("text", WHOLE)
def test_a_mac_address_is_the_same_in_every_form(text: str) -> None:
    assert macs(pa.array([text, None])).to_pylist() == ["02:00:5e:10:00:0a", None]


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_mac_address_is_none(text: str) -> None:
    assert macs(pa.array([text])).to_pylist() == [None]


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.from_regex(re.compile(r"([0-9a-fA-F]{2}[-:.]?){5,6}[0-9a-fA-F]{0,2}")), st.text("0a:-.G")))
)
def test_columns_and_single_look_ups_read_the_same(texts: list[str]) -> None:
    assert macs(pa.array(texts, pa.string())).to_pylist() == [canonical_mac(text) or None for text in texts]
