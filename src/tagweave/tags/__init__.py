"""Tags: claims compiled into an index, and records woven with what it knows."""

from typing import TYPE_CHECKING, Any

from tagweave.tags.index import REASONS, Endpoints, Found, TagIndex
from tagweave.tags.names import DEFAULTS, VOCABULARIES, all_tags
from tagweave.tags.networks import NETWORK_UNKNOWN, NETWORK_UNNAMED
from tagweave.tags.services import PROTOCOLS

if TYPE_CHECKING:
    from tagweave.tags.answers import Answer, Candidate, Holding, Match
    from tagweave.tags.weave import Weaver, Woven

__all__ = [
    "DEFAULTS",
    "NETWORK_UNKNOWN",
    "NETWORK_UNNAMED",
    "PROTOCOLS",
    "REASONS",
    "VOCABULARIES",
    "Answer",
    "Candidate",
    "Endpoints",
    "Found",
    "Holding",
    "Match",
    "TagIndex",
    "Weaver",
    "Woven",
    "all_tags",
]

_LATE = {
    "Answer": "answers",
    "Candidate": "answers",
    "Holding": "answers",
    "Match": "answers",
    "Weaver": "weave",
    "Woven": "weave",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute of any kind
    """Import what is slow to import, or reads the index, at its first use."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only late attributes need it

    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
