"""The tag index: what look-ups read. A folder of segments, written by `derive`, opened by everybody else.

index = TagIndex.open(folder)
index.lookup("10.3.7.12", at=moment)                    one key, and why
Weaver(index, ["k8s.pod.name"]).weave(ends, "source")   a batch
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tagweave.index.answers import Answer, Candidate, Holding, Match
    from tagweave.index.columns import (
        NETWORK_AMBIGUOUS,
        NETWORK_UNKNOWN,
        NETWORK_UNNAMED,
        REASONS,
        RULES,
    )
    from tagweave.index.find import Endpoints, Found
    from tagweave.index.opening import TagIndex
    from tagweave.index.vocabulary import DEFAULTS, VOCABULARIES, all_tags
    from tagweave.index.weave import Named, Weaver, Woven, names_of

__all__ = [
    "DEFAULTS",
    "NETWORK_AMBIGUOUS",
    "NETWORK_UNKNOWN",
    "NETWORK_UNNAMED",
    "REASONS",
    "RULES",
    "VOCABULARIES",
    "Answer",
    "Candidate",
    "Endpoints",
    "Found",
    "Holding",
    "Match",
    "Named",
    "TagIndex",
    "Weaver",
    "Woven",
    "all_tags",
    "names_of",
]

_IN = {
    "answers": ("Answer", "Candidate", "Holding", "Match"),
    "columns": ("NETWORK_AMBIGUOUS", "NETWORK_UNKNOWN", "NETWORK_UNNAMED", "REASONS", "RULES"),
    "find": ("Endpoints", "Found"),
    "opening": ("TagIndex",),
    "vocabulary": ("DEFAULTS", "VOCABULARIES", "all_tags"),
    "weave": ("Named", "Weaver", "Woven", "names_of"),
}
_HOME = {name: module for module, names in _IN.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute of any kind
    """Import each at its first use: who writes a segment needs no weaver, and who asks for help needs no NumPy."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - as the docstring says

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
