"""Host names to addresses, where a provider tells only names."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

from tagweave.errors import Transient
from tagweave.model.addresses import pack
from tagweave.sources.clouds.values import addresses

Resolver = Callable[[str], Awaitable[tuple[str, ...]]]
"""The addresses of a host name in canonical order; none where there is no such name. Raises Transient."""

_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


async def resolve(host: str) -> tuple[str, ...]:
    """By the system's resolver."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_NAME:
            return ()
        raise Transient(f"cannot resolve {host}: {error.strerror}") from error
    return tuple(sorted(addresses(*(str(entry[4][0]) for entry in found)), key=pack))
