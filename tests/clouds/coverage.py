"""Writes docs/coverage.md to stdout: what each cloud's rig proves, kind by kind. `make docs` runs it.

Run in tests/: python -m clouds.coverage
"""

import sys
from collections.abc import Iterator
from ipaddress import ip_network

from clouds import passes, rigs
from clouds.rig import Rig, Running
from tagweave.sources.clouds.paging import WHOLE

KINDS = (
    "region", "az", "vm", "vpc", "subnet", "router", "security_group", "nat_gateway", "load_balancer",
    "peering_connection", "cen", "rds", "redis",
)  # fmt: skip
SUPPORTING = ("network_interface", "public_ip", "cluster")

HEAD = """\
# Coverage

Thirteen kinds, and three that support them, in each cloud. This page is made from the rigs of the conformance suite:
`make docs`.

Every cell is held to these laws by [tests/clouds/test_conformance.py](../tests/clouds/test_conformance.py), against a
server on loopback with a standard estate in two regions (AWS: moto; the others: a server of ours, written from the
vendor's documents, which verifies signatures):

- every resource of the estate is read, and nothing else;
- all pages are read, with the smallest pages that the API takes;
- what the user tagged has its tags; addresses of both families are kept;
- a denied listing is a failure and not an empty snapshot; a throttled one is tried again and then a failure;
- a broken item is told, and the rest is taken;
- each call is made to fail in each way (denied, throttled for ever, no answer, error 500, a cut connection, half an
  answer, a wrong total where there is one): its scopes stay as they were and are stale with the reason, all others
  are fresh.

In the cells: the calls that list a kind (those that join more to it are on the cloud's page), `pages` where they page,
`tags`, and the families of the addresses that the suite looks for.
"""


def cell(rig: Rig, running: Running, kind: str) -> str:
    """What is proven of a kind in a cloud."""
    if kind in rig.absent:
        return f"[no such product]({rig.absent[kind]})"
    found = [one for one in passes.listings(rig) if one.kind == kind]
    parts = ["<br>".join(f"`{action}`" for action in dict.fromkeys(one.action for one in found))]
    if any(one.paging is not WHOLE for one in found):
        parts.append("pages")
    if kind in running.tagged:
        parts.append("tags")
    if kind in running.addresses:
        versions = {ip_network(address).version for address in running.addresses[kind][1]}
        parts.append(", ".join(f"IPv{version}" for version in sorted(versions)))
    return "; ".join(parts)


def row(kind: str, cells: list[str]) -> str:
    """A row of the table."""
    return f"| {kind} | {' | '.join(cells)} |"


def page() -> Iterator[str]:
    """The page, line by line."""
    found = [rigs.rig(cloud) for cloud in rigs.TITLES]
    running = [rig.start() for rig in found]
    try:
        yield from HEAD.splitlines()
        yield ""
        yield row("kind", [f"[{rig.title}](clouds/{rig.cloud}.md)" for rig in found])
        yield row("---", ["---"] * len(found))
        for kind in (*KINDS, *SUPPORTING):
            yield row(kind, [cell(rig, one, kind) for rig, one in zip(found, running, strict=True)])
    finally:
        for one in running:
            one.close()


if __name__ == "__main__":
    sys.stdout.write("\n".join(page()) + "\n")
