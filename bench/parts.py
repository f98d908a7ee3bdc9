"""Claim: a pass over 20,000 unchanged VMs in 2,000 parts (of an account and a region each) costs at most 3 s.

The floor is the same VMs in one part: what 2,000 parts cost beyond that is 2,000 transactions, and nothing that grows
with what the other parts hold.

Run: .venv/bin/python bench/parts.py [VMS] [PARTS]
"""

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tagweave.inventory import Inventory
from tagweave.model import VM, Interface, Scope, Snapshot

START = datetime(2026, 1, 1, tzinfo=UTC)


def vms(count: int) -> list[VM]:
    return [
        VM(
            source="bench",
            id=f"i-{i:017x}",
            name=f"web-{i}",
            labels={"team": f"team-{i % 100}", "env": "prod"},
            created_at=START,
            region=f"region-{i % 20}",
            vpc=f"vpc-{i % 200}",
            state="running",
            interfaces=(
                Interface(subnet=f"subnet-{i % 1000}", private_ips=(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}",)),
            ),
        )
        for i in range(count)
    ]


def passes(held: list[VM], parts: int, folder: Path) -> tuple[float, float]:
    """Seconds of the first pass, and of one that finds everything as it was."""
    inventory = Inventory.open(f"sqlite:///{folder}/{parts}.db")
    size = len(held) // parts
    seconds = []
    for minute in range(2):
        at = START + timedelta(minutes=minute)
        start = time.perf_counter()
        reached = {}
        for part in range(parts):
            scope = Scope("bench", "vm", f"{part // 20}/region-{part % 20}")
            changes = inventory.observe(Snapshot(scope, tuple(held[part * size : (part + 1) * size]), at))
            assert (changes.added, changes.unchanged) == ((size, 0) if minute == 0 else (0, size))
            reached[scope] = changes.error
        assert inventory.unreached("bench", reached) == []
        seconds.append(time.perf_counter() - start)
    inventory.close()
    return seconds[0], seconds[1]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    parts = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
    held = vms(count)
    with tempfile.TemporaryDirectory() as folder:
        first_of_one, one = passes(held, 1, Path(folder))
        first_of_many, many = passes(held, parts, Path(folder))
    print(f"{count:,} VMs, nothing changed")
    print(f"  in 1 part:                 {one:5.2f} s   (first pass {first_of_one:.2f} s)")
    print(f"  in {parts:,} parts (must: 3 s): {many:5.2f} s   (first pass {first_of_many:.2f} s)")
    print(f"  ratio: {many / one:.1f}, and {(many - one) / parts * 1e3:.2f} ms a part")


if __name__ == "__main__":
    main()
