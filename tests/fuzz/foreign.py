"""Tags mutated Arrow streams, Arrow files and Parquet files: none may end the process or fail in a way of its own.

    python tests/fuzz/foreign.py --count 100000 [--first N] [--seed S] [arrow-stream|arrow|parquet]...

Each input is known by its number and the seed: the same two make the same bytes. `--keep DIR` keeps those that failed.
"""

import argparse
import faulthandler
import os
import random
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz import seeds
from tagweave.carriers.columns import Options, tag
from tagweave.derive.writing import IndexWriter
from tagweave.errors import TagweaveError
from tagweave.index.folder import Folder
from tagweave.index.opening import TagIndex
from tagweave.inventory import Inventory
from tagweave.model import VM, Interface, Scope, Snapshot, Vpc

OUTPUTS: Final = ("jsonl", "csv", "arrow-stream", "arrow", "parquet", "text")
NUMBERS: Final = (
    0,
    1,
    2,
    7,
    64,
    127,
    128,
    255,
    2**15,
    2**16,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**62,
    2**63 - 1,
    -1,
    -2,
    -(2**63),
)
PER_CHILD: Final = 200
PATIENCE: Final = 60
"""How long one input may take, in seconds."""
MEMORY: Final = 12 << 30
"""How much address space a child may have, in bytes: what asks for more is a fault."""


class Outcome(NamedTuple):
    """What became of an input: whole, partly, refused; or failed and killed, which are faults."""

    number: int
    what: str
    detail: str


TAGS: Final = ("host.name", "cloud.vpc.id", "tagweave.match")


def index(folder: Path) -> TagIndex:
    """A VPC with two VMs, in a folder that may be gone once it is opened."""
    inventory = Inventory.open(f"sqlite:///{folder}/inventory.db")
    created = datetime(2026, 1, 1, tzinfo=UTC)
    common = {"source": "acme", "created_at": created}
    vms = tuple(
        VM(**common, id=f"i-{ip}", name=f"vm-{ip}", vpc="vpc-1", interfaces=(Interface(private_ips=(ip,)),))
        for ip in ("10.0.1.10", "10.0.1.20")
    )
    vpc = Vpc(**common, id="vpc-1", name="main", cidrs=("10.0.0.0/16",))
    for kind, resources in (("vpc", (vpc,)), ("vm", vms)):
        inventory.observe(Snapshot(Scope("acme", kind), resources, created))
    with Folder(folder / "index").lock():
        IndexWriter(Folder(folder / "index"), inventory, {}, {}).begin()
    inventory.close()
    return TagIndex.open(folder / "index")


def mutated(originals: list[bytes], seed: int, number: int) -> bytes:
    """The input of a number: a sound one with some bytes changed, moved, or gone."""
    chance = random.Random(f"{seed} {number}")
    data = bytearray(chance.choice(originals))
    for _ in range(chance.choice((1, 1, 1, 2, 4, 12))):
        at = chance.randrange(len(data) or 1)
        match chance.randrange(9):
            case 0 | 1:
                data[at : at + 1] = bytes((chance.randrange(256),))
            case 2:
                data[at : at + 1] = bytes((data[at] ^ 1 << chance.randrange(8),)) if data else b""
            case 3 | 4:
                width = chance.choice((2, 4, 8))
                at -= at % width
                value = chance.choice(NUMBERS) % 256**width
                data[at : at + width] = value.to_bytes(width, "little")[: len(data) - at]
            case 5:
                width = chance.choice((4, 8))
                at -= at % width
                value = int.from_bytes(data[at : at + width], "little") + chance.choice((1, -1, 8, 1000, 1 << 20))
                data[at : at + width] = (value % 256**width).to_bytes(width, "little")[: len(data) - at]
            case 6:
                data[at : at + chance.randrange(1, 40)] = b""
            case 7:
                other = chance.choice(originals)
                start = chance.randrange(len(other))
                piece = other[start : start + chance.randrange(1, 64)]
                data[at : at + (len(piece) if chance.random() < 0.7 else 0)] = piece
            case _:
                if chance.random() < 0.3:
                    del data[at:]
    return bytes(data)


def outcome(data: bytes, form: str, number: int, folder: Path, known: TagIndex) -> Outcome:
    """Tag one input into one of the formats."""
    chance = random.Random(number)
    source, target = folder / "in", folder / "out"
    source.write_bytes(data)
    mapping = {"x": "source.pod"} if chance.random() < 0.1 else {}
    options = Options(
        form, chance.choice(OUTPUTS), mapping, chance.choice(("names", "ids")), overwrite=chance.random() < 0.3,
        at=datetime(2026, 1, 1, 12, tzinfo=UTC) if chance.random() < 0.2 else None, tags=TAGS,
    )  # fmt: skip
    try:
        report = tag(str(source), str(target), known, options)
    except TagweaveError as error:
        return Outcome(number, "refused", " ".join(str(error).split()))
    except BaseException:  # noqa: BLE001 - what is no error of ours is what is sought
        return Outcome(number, "failed", f"to {options.output_format}: {traceback.format_exc()}")
    return Outcome(number, "whole" if report.whole() else "partly", report.truncated)


def some(numbers: range, form: str, originals: list[bytes], seed: int, known: TagIndex) -> Iterator[Outcome]:
    """The outcomes of some inputs, from a child; where it is killed, of those until then and of that one."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        faulthandler.disable()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        with tempfile.TemporaryDirectory() as folder, os.fdopen(writing, "w") as out:
            for number in numbers:
                signal.alarm(PATIENCE)
                one = outcome(mutated(originals, seed, number), form, number, Path(folder), known)
                out.write(f"{one.number}\t{one.what}\t{one.detail!r}\n")
                out.flush()
        os._exit(0)
    os.close(writing)
    last = numbers.start - 1
    with os.fdopen(reading) as answers:
        for line in answers:
            number, what, detail = line.rstrip("\n").split("\t", 2)
            last = int(number)
            yield Outcome(last, what, detail)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != 0:
        yield Outcome(last + 1, "killed", signal.Signals(-status).name if status < 0 else f"exit code {status}")


def run(form: str, count: int, first: int, seed: int, keep: Path | None) -> Counter[str]:
    """Tag `count` inputs of a format; how many had which outcome. Faults are printed."""
    originals = seeds.of(form)
    with tempfile.TemporaryDirectory() as place:
        known = index(Path(place))
    counts: Counter[str] = Counter()
    at, end = first, first + count
    while at < end:
        for one in some(range(at, min(at + PER_CHILD, end)), form, originals, seed, known):
            at = one.number + 1
            counts[one.what] += 1
            if one.what in ("failed", "killed"):
                print(f"{form} {one.number} (seed {seed}) {one.what}: {one.detail}", flush=True)
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{form}-{seed}-{one.number}").write_bytes(mutated(originals, seed, one.number))
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("forms", nargs="*", metavar="FORM")
    parser.add_argument("--count", type=int, default=100_000, help="how many inputs of each format")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    faults = 0
    for form in given.forms or seeds.FORMS:
        counts = run(form, given.count, given.first, given.seed, given.keep)
        faults += counts["failed"] + counts["killed"]
        print(f"{form}: {', '.join(f'{n:,} {what}' for what, n in counts.most_common())}", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
