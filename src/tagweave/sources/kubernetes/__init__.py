"""Kubernetes: objects, how they become the model, and the API server that they are watched through."""

from typing import TYPE_CHECKING, Any

from tagweave.errors import ConfigError

if TYPE_CHECKING:
    from tagweave.sources.kubernetes.config import Config
    from tagweave.sources.kubernetes.source import Source

__all__ = ["Config", "Source"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class
    """`Config` and `Source` when they are wanted: the files source reads objects without an API server's client."""
    if name == "Config":
        from tagweave.sources.kubernetes.config import Config  # noqa: PLC0415 - see above

        return Config
    if name == "Source":
        try:
            from tagweave.sources.kubernetes.source import Source  # noqa: PLC0415 - see above
        except ModuleNotFoundError as error:
            extra = "pip install 'tagweave[kubernetes]'"
            raise ConfigError(f"source type 'kubernetes' needs {error.name}: {extra}") from error
        return Source
    raise AttributeError(name)
