"""What the conformance suite needs of a cloud: a rig. One for each cloud, listed in `rigs.py`.

A rig's estate is its standard one: at least three resources of each kind that the provider has, spread over two
regions so that the first one has at least two of each regional kind (a page size of 1 then pages); IPv4 and IPv6
where the provider has both; tags on at least one resource of each kind that can have them; one account. The fake or
emulator behind it is written from the provider's documents and knows nothing of the connector.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from clouds.server import Server
from tagweave.sources import Source
from tagweave.sources.clouds import Listing, Politeness


class Running(Protocol):
    """A server with the standard estate, and sources that read it."""

    server: Server
    regions: tuple[str, ...]
    """The regions that hold the estate, the first one the home region."""
    secrets: tuple[str, ...]
    """What must never be seen in anything that is written: access keys' secrets, tokens, passwords."""
    expected: Mapping[str, frozenset[str]]
    """The native ids of the estate by kind, as the model names them, of all regions together."""
    tagged: Mapping[str, tuple[str, Mapping[str, str]]]
    """By kind that can have tags: a native id and the labels it must have."""
    addresses: Mapping[str, tuple[str, frozenset[str]]]
    """By kind that has addresses: a native id and addresses that it must have, of both families where it can."""

    def source(self, politeness: Politeness, page_size: int | None = None) -> Source:
        """A source that reads the server, in these regions."""
        ...

    def remove(self, kind: str, id: str) -> None:  # noqa: A002 - what it is
        """Take one resource out of the estate."""
        ...

    def close(self) -> None:
        """Stop the server."""
        ...


class Rig(NamedTuple):
    """A cloud under test. `absent` has the kinds that the provider has no product for and the page that says so."""

    cloud: str
    title: str
    listings: tuple[Listing, ...]
    absent: Mapping[str, str]

    def start(self) -> Running:
        """Run a server with the standard estate. Imported late: a cloud whose SDK is missing is skipped."""
        from importlib import import_module

        running: Running = import_module(f"clouds.{self.cloud}.running").start()
        return running
