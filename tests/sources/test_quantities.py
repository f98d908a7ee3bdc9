"""Kubernetes quantities against the grammar of apimachinery's `resource.Quantity`, tried split by split."""

import math
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tagweave.sources.kubernetes.quantities import parse_quantity

SUFFIXES: Final = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "k": Fraction(1000),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
    "Pi": Fraction(2**50),
    "Ei": Fraction(2**60),
}
DIGITS: Final = frozenset("0123456789")


def scale(text: str) -> Fraction | None:
    """What a suffix multiplies by; None for what is no suffix."""
    if text in SUFFIXES:
        return SUFFIXES[text]
    power = text[1:]
    unsigned = power[1:] if power[:1] in {"+", "-"} else power
    if text[0] in "eE" and unsigned and DIGITS.issuperset(unsigned):
        return Fraction(10) ** int(power)
    return None


def number(text: str) -> Fraction | None:
    """A signed decimal number; None for what is none."""
    unsigned = text[1:] if text[:1] in {"+", "-"} else text
    whole, _, part = unsigned.partition(".")
    if not (whole or part) or not DIGITS.issuperset(whole + part):
        return None
    value = Fraction(int(whole + part), 10 ** len(part))
    return -value if text[0] == "-" else value


def meaning(text: str) -> Fraction | None:
    """What a text means: the one split of it into a number and a suffix, found by trying all."""
    values = set()
    for cut in range(1, len(text) + 1):
        found, by = number(text[:cut]), scale(text[cut:])
        if found is not None and by is not None:
            values.add(found * by)
    assert len(values) <= 1, f"the grammar is ambiguous for {text!r}"
    return next(iter(values), None)


def same(value: float, expected: Fraction) -> bool:
    """Equal but for the rounding of three floating point steps."""
    return math.isclose(value, float(expected), rel_tol=3 * 2**-52, abs_tol=0.0)


@st.composite
def quantities(draw: st.DrawFn) -> str:
    sign = draw(st.sampled_from(["", "+", "-"]))
    whole = draw(st.text("0123456789", max_size=12))
    point = draw(st.sampled_from(["", "."])) if whole else "."
    part = draw(st.text("0123456789", min_size=0 if whole else 1, max_size=9)) if point else ""
    exponents = st.builds(
        "".join, st.tuples(st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), st.integers(0, 30).map(str))
    )
    return sign + whole + point + part + draw(st.one_of(st.sampled_from(sorted(SUFFIXES)), exponents))


@given(quantities())
@example("3920m")
@example("16Gi")
@example("1E")
@example("1E3")
@example("-.5e-3")
@example("5.")
def test_a_quantity_is_the_number_that_the_grammar_says(text: str) -> None:
    expected = meaning(text)
    assert expected is not None
    assert same(parse_quantity(text), expected)


@given(st.text("0123456789+-.eEinumkMGTPK_x,", max_size=7))
@example("")
@example("1e")
@example("1ki")
@example("1K")
@example("1e3Ki")
@example("--1")
@example("1.2.3")
@example("Ki")
@example(".")
@example("1_0")
def test_a_text_is_a_quantity_exactly_where_the_grammar_says_so(text: str) -> None:
    expected = meaning(text)
    if expected is None:
        with pytest.raises(ValueError, match="is no Kubernetes quantity"):
            parse_quantity(text)
    else:
        assert same(parse_quantity(text), expected)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
@pytest.mark.parametrize("text", ["1", "0", "1.5", "-7", "+.25"])
def test_every_suffix_scales_every_form_of_number(text: str, suffix: str) -> None:
    value = number(text)
    assert value is not None
    assert same(parse_quantity(text + suffix), value * SUFFIXES[suffix])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3920m", 3.92),
        ("8", 8.0),
        ("32838600Ki", 33_626_726_400.0),
        ("16Gi", 17_179_869_184.0),
        ("33626726400", 33_626_726_400.0),
        ("110", 110.0),
        ("100M", 100_000_000.0),
        ("128974848", 128_974_848.0),
        ("129e6", 129_000_000.0),
        ("123Mi", 128_974_848.0),
    ],
)
def test_a_nodes_usual_capacities_are_exact(text: str, expected: float) -> None:
    assert parse_quantity(text) == expected


@pytest.mark.parametrize("text", ["٣", "１Gi", "๕m"])  # noqa: RUF001 - the point of the test
def test_digits_of_other_scripts_are_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="is no Kubernetes quantity"):
        parse_quantity(text)


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 400, "1e99999"])
def test_a_quantity_is_never_infinite(text: str) -> None:
    """Go caps it at 2^63-1; infinity is no JSON number, and would come back from a store as null."""
    try:
        value = parse_quantity(text)
    except ValueError:
        return
    assert math.isfinite(value)
