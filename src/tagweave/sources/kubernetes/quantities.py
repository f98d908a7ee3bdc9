"""Kubernetes quantities as numbers: `3920m` cores, `16Gi` bytes, `1e3`, `110`.

Grammar: apimachinery `pkg/api/resource/quantity.go`: a signed decimal number and one suffix: a binary one
(Ki … Ei), a decimal one (n, u, m, k, M, G, T, P, E) or a decimal exponent.
"""

import math
import re
from typing import Final

_QUANTITY: Final = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([eE][+-]?[0-9]+)|([KMGTPE]i|[numkMGTPE]))?")
_SUFFIXES: Final = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    **{letter: 10.0 ** (3 * i) for i, letter in enumerate("MGTPE", 2)},
    **{f"{letter}i": 1024.0**i for i, letter in enumerate("KMGTPE", 1)},
}


def parse_quantity(text: str) -> float:
    """The number that a quantity means. Raises ValueError for what is none."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no Kubernetes quantity")
    number, exponent, suffix = match.groups()
    value = float(number + (exponent or "")) * _SUFFIXES.get(suffix, 1.0)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is too large for a quantity")
    return value
