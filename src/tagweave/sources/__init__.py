"""Where resources come from: one folder for each place, all alike; this is the registry.

A source is an inert object with a `name` and an async generator of batches. It reads when it is iterated.
"""

from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import msgspec

from tagweave.errors import ConfigError
from tagweave.model import Batch


class Source(Protocol):
    """What every source is."""

    name: str

    def batches(self) -> AsyncIterator[Batch]:
        """One pass over what there is. Failures are batches; what is raised is a defect of ours."""
        ...


@runtime_checkable
class Followed(Protocol):
    """A source that can be followed for ever, not only read once in a while."""

    def follow(self) -> AsyncIterator[Batch]:
        """What there is, and then what changes, until it is cancelled. Failures are batches, as in `batches`."""
        ...


class SourceType(NamedTuple):
    """Where the `Config` and the `Source` of a source type are; `extra` is the install extra it needs."""

    module: str
    extra: str = ""


TYPES: Final = {
    "files": SourceType("tagweave.sources.files"),
}
"""Every source type; a new one is one line here."""


def config_type(name: str) -> type[msgspec.Struct]:
    """The configuration struct of a source type. Raises ConfigError for a type that does not exist."""
    found: type[msgspec.Struct] = _module(name).Config
    return found


def make(type_name: str, config: msgspec.Struct) -> Source:
    """A source from its configuration."""
    source: Source = _module(type_name).Source(config)
    return source


def _module(name: str) -> Any:  # noqa: ANN401 - a module that holds Config and Source
    found = TYPES.get(name)
    if found is None:
        raise ConfigError(f"there is no source type {name!r}: choose one of {', '.join(TYPES)}")
    try:
        return import_module(found.module)
    except ModuleNotFoundError as error:
        if not found.extra:
            raise
        raise ConfigError(f"source type {name!r} needs {error.name}: pip install 'tagweave[{found.extra}]'") from error
