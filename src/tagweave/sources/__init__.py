"""Where resources come from: one folder for each place, all alike; this is the registry.

A source is an inert object with a `name` and an async generator of batches. It reads when it is iterated.
"""

from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any, Final, Literal, NamedTuple, Protocol, runtime_checkable

import msgspec

from tagweave.errors import ConfigError
from tagweave.model import Batch, Scope


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

    def again(self, scope: Scope) -> None:
        """List a scope anew: the guard against mass deletion waits for a second listing."""
        ...


class Check(msgspec.Struct, frozen=True):
    """One thing that was tried. `skipped`: there was nothing to try it on. `grant` is the missing permission."""

    source: str
    what: str
    where: str
    state: Literal["ok", "failed", "skipped"]
    detail: str = ""
    grant: str = ""


@runtime_checkable
class Checked(Protocol):
    """A source that can be tried without reading all of it."""

    def check(self) -> AsyncIterator[Check]:
        """Who we are, what there is, each call once. What is refused is a row; what is raised is a defect of ours."""
        ...


class SourceType(NamedTuple):
    """Where the `Config` and the `Source` of a source type are; `extra` is the install extra it needs.

    `whole`: a pass comes to every scope that there is, so one that it does not come to is not known any more.
    """

    module: str
    extra: str = ""
    whole: bool = True


TYPES: Final = {
    "aliyun": SourceType("tagweave.sources.aliyun", "aliyun"),
    "aws": SourceType("tagweave.sources.aws", "aws"),
    "azure": SourceType("tagweave.sources.azure", "azure"),
    "files": SourceType("tagweave.sources.files", whole=False),
    "kubernetes": SourceType("tagweave.sources.kubernetes", "kubernetes"),
    "tencent": SourceType("tagweave.sources.tencent", "tencent"),
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
