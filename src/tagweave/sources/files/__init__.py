"""The `files` source: dumps of Kubernetes objects and Tagweave's own resource files, now or at several moments."""

from tagweave.sources.files.config import Config, Moment
from tagweave.sources.files.source import Source

__all__ = ["Config", "Moment", "Source"]
