"""Tagweave: a live, historical inventory of clouds and clusters, woven into telemetry.

    import tagweave

    index = tagweave.open("data/index")
    index.lookup("10.3.7.12")
    index.tag(flows)

See docs/library.md.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tagweave.carriers.columns import Report
    from tagweave.index.answers import Answer, Candidate, Holding, Match
    from tagweave.library import Index, open  # noqa: A004 - `tagweave.open` says what it does

__all__ = ["Answer", "Candidate", "Holding", "Index", "Match", "Report", "open"]

_HOMES = {
    "Index": "library",
    "open": "library",
    "Report": "carriers.columns",
    **dict.fromkeys(("Answer", "Candidate", "Holding", "Match"), "index.answers"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class or a function
    """Import what is asked for: `import tagweave` alone loads nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tagweave' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only the library's names need it

    return getattr(import_module(f"tagweave.{_HOMES[name]}"), name)
