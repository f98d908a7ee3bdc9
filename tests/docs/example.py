"""The example of docs/architecture.md: 10.3.7.12, from a pod in an API server to a column in a Parquet file.

Each block of the page that follows `<!-- example: NAME -->` is what this makes of `estate/`. To write them anew:

    .venv/bin/python tests/docs/example.py
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from tagweave.derive.deriver import Deriver, Scopes
from tagweave.index.columns import COLUMNS, SEVERAL, TAGSET_BITS
from tagweave.index.draft import Draft, Piece
from tagweave.index.folder import Folder
from tagweave.index.opening import TagIndex
from tagweave.index.tables import runs_in
from tagweave.inventory import Inventory
from tagweave.model import Scope
from tagweave.model.addresses import pack
from tagweave.model.times import BEGINNING, FOREVER

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "architecture.md"
BLOCK = re.compile(r"(<!-- example: (\w+) -->\n```text\n)(.*?)(```\n)", re.DOTALL)

ADDRESS = pack("10.3.7.12")
SHOWN = ("source.k8s.node.name", "destination.k8s.workload.name", "destination.k8s.pod.name", "destination.host.name")
_ROW_WORDS = 16


def blocks(folder: Path) -> dict[str, str]:
    """Every block of the page, by its name; the estate is synced into a folder for that."""
    shutil.copytree(HERE / "estate", folder, dirs_exist_ok=True)
    tagweave(folder, "sync")
    tagweave(folder, "index", "rebuild")
    made = Example(folder)
    steps = ("pod", "versions", "claims", "pieces", "run", "record", "tagset", "values", "column")
    return {name: getattr(made, name)() for name in steps}


def tagweave(folder: Path, *words: str) -> None:
    command = [str(Path(sys.executable).parent / "tagweave"), "--data-dir", "data", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Example:
    """What the address is in each table that it passes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._inventory = Inventory.open(f"sqlite:///{folder / 'data' / 'inventory.db'}")
        states = self._inventory.scopes()
        scopes = Scopes(
            {s.scope: s.first_success for s in states if s.first_success is not None},
            {s.scope: s.last_success for s in states if s.last_success is not None},
        )
        self._deriver = Deriver(self._inventory.versions(), scopes, self._inventory.refer)
        self._last = scopes.last
        self._view = TagIndex.open(Folder(folder / "data" / "index").path).view
        (self._segment,) = self._view.segments

    def pod(self) -> str:
        items = json.loads((self._folder / "shop-1400.json").read_text())["items"]
        (pod,) = (one for one in items if one["kind"] == "Pod")
        meta, status = pod["metadata"], pod["status"]
        shown = {
            "metadata": {key: meta[key] for key in ("name", "uid", "labels")},
            "spec": {"nodeName": pod["spec"]["nodeName"]},
            "status": {key: status[key] for key in ("phase", "podIP", "startTime")},
        }
        return "".join(f"{key}: {json.dumps(value)}\n" for key, value in shown.items())

    def versions(self) -> str:
        rows = [
            (v.rid, v.resource.kind, v.resource.name, clock(v.valid_from), clock(v.valid_to), clock(v.seen_until))
            for v in self._inventory.versions()
            if v.resource.kind in {"vpc", "subnet", "vm", "node", "workload", "pod"}
        ]
        return table(("rid", "kind", "name", "from", "to", "seen until"), rows)

    def claims(self) -> str:
        claims = self._deriver._claims  # no public way: nobody but the deriver asks for claims
        found = [
            c
            for rid in self._deriver.estate.history
            for c in claims.of(rid)
            if c.address == ADDRESS and c.length == 128
        ]
        rows = [
            (self._name(c.owner), c.rank, self._name(c.network), clock(c.start), clock(c.end), self._seen(c.seen))
            for c in found
        ]
        return table(("owner", "rank", "network", "from", "to", "seen until"), rows)

    def pieces(self) -> str:
        told = _Told()
        self._deriver.everything(told)
        rows = [
            (self._name(_one(p.row["owner"])), clock(p.start), clock(p.end), self._seen(p.seen), self._names(p.others))
            for p in told.pieces
        ]
        return table(("owner", "from", "to", "seen until", "others"), rows)

    def run(self) -> str:
        span = runs_in(self._segment, "address", ADDRESS)
        assert span is not None
        (run,) = range(*span)
        part = {key: self._segment[f"address.run.{key}"][run] for key in ("hi", "lo", "network", "first", "length")}
        head = (
            f"run {run}: hi 0x{part['hi']:x}  lo 0x{part['lo']:x}  network {part['network']}"
            f"  first {part['first']}  length {part['length']}\n\n"
        )
        rows = []
        for b in range(part["first"], part["first"] + part["length"]):
            time, value, seen, others = (
                int(self._segment[f"address.{key}"][b]) for key in ("time", "value", "seen", "others")
            )
            when = f"scope {seen - BEGINNING - 1}" if seen < 0 else clock(seen)
            rows.append((b, clock(time), value & TAGSET_BITS, when, ", ".join(map(str, self._members(others)))))
        return head + table(("breakpoint", "time", "tagset", "seen", "others"), rows)

    def record(self) -> str:
        words = self._record()
        said = (
            "the address, hi",
            "",
            "the address, lo: ffff, and 10.3.7.12",
            "",
            "the network",
            "its first breakpoint",
            *("", "times of the breakpoints, in units of 2^30 ns (about a second)", "", "", ""),
            *("", "their tagsets", "", "", ""),
        )
        lines = [
            " ".join(f"{word:08x}" for word in words[a:b]) + "   " + next((text for text in said[a:b] if text), "")
            for a, b in ((0, 2), (2, 4), (4, 5), (5, 6), (6, 11), (11, 16))
        ]
        width = max(len(line.split("   ", 1)[0]) for line in lines)
        return "".join(f"{a:<{width}}   {b}\n" for a, b in (line.split("   ", 1) for line in lines))

    def _record(self) -> list[int]:
        words = self._segment["address.records"].view(np.uint32).reshape(-1, _ROW_WORDS)
        low = [ADDRESS >> 64 & 0xFFFFFFFF, ADDRESS >> 96, ADDRESS & 0xFFFFFFFF, ADDRESS >> 32 & 0xFFFFFFFF]
        (row,) = np.flatnonzero((words[:, :4] == np.array(low, np.uint32)).all(axis=1))
        return [int(word) for word in words[row]]

    def tagset(self) -> str:
        rows = []
        for tagset in self._tagsets()[1:2]:
            for column in COLUMNS:
                cell = int(self._segment[f"tagset.{column}"][tagset])
                if cell and column in SEVERAL:
                    members = self._members(cell)
                    rows.append((column, f"set {cell}: {', '.join(map(str, members))}", self._names(members)))
                elif cell:
                    rows.append((column, cell, self._name(cell)))
            rows.append(("id", f"{int(self._segment['tagset.id'][tagset]):016x}", "the same for ever, in every index"))
        return f"tagset {self._tagsets()[1]}\n\n" + table(("column", "cell", "means"), rows)

    def _members(self, code: int) -> list[int]:
        first = self._segment["set.first"]
        members: list[int] = self._segment["set.member"][first[code] : first[code + 1]].tolist()
        return members

    def _tagsets(self) -> list[int]:
        span = runs_in(self._segment, "address", ADDRESS)
        assert span is not None
        first = int(self._segment["address.run.first"][span[0]])
        length = int(self._segment["address.run.length"][span[0]])
        return [int(value) & TAGSET_BITS for value in self._segment["address.value"][first : first + length]]

    def values(self) -> str:
        segment = self._segment
        tagset = self._tagsets()[1]
        rows = []
        for column in ("vm", "workload", "pod"):
            rid = int(segment[f"tagset.{column}"][tagset])
            n = int(np.searchsorted(segment["resource.rid"], rid))
            for v in range(int(segment["resource.first"][n]), int(segment["resource.first"][n + 1])):
                code = int(segment["value.name"][v])
                rows.append(
                    (rid, column, v, clock(int(segment["value.since"][v])), code, self._text(code), self._labels(v))
                )
        return table(("rid", "kind", "value", "since", "name", "which is", "labels"), rows)

    def _labels(self, value: int) -> str:
        segment = self._segment
        code = int(segment["value.labels"][value])
        span = range(int(segment["labels.first"][code]), int(segment["labels.first"][code + 1]))
        return ", ".join(f"{self._text(segment['label.key'][i])}={self._text(segment['label.value'][i])}" for i in span)

    def _text(self, code: int) -> str:
        offset = self._segment["string.offset"]
        return bytes(self._segment["string.bytes"][offset[code] : offset[code + 1]]).decode()

    def column(self) -> str:
        tagweave(self._folder, "tag", "flows.csv", "tagged.parquet")
        found = pq.read_table(self._folder / "tagged.parquet")
        out = []
        for name in SHOWN:
            chunk = found.column(name).combine_chunks()
            codes = ", ".join("null" if code is None else str(code) for code in chunk.indices.to_pylist())
            out.append((name, codes, ", ".join(chunk.dictionary.to_pylist())))
        return table(("column", "codes", "dictionary"), out)

    # ---- what numbers mean

    def _name(self, rid: int) -> str:
        return f"{self._deriver.estate.identity(rid)[1]} {rid}" if rid else "the internet"

    def _names(self, rids: Iterable[int]) -> str:
        return ", ".join(map(self._name, rids))

    def _seen(self, seen: int | Scope) -> str:
        return clock(seen) if isinstance(seen, int) else f"as fresh as {seen.source} {seen.kind}"


class _Told(Draft):
    """A draft that remembers what it is told of the address."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: Sequence[Piece] = ()

    def address(self, address: int, network: int, pieces: Sequence[Piece]) -> None:
        super().address(address, network, pieces)
        if address == ADDRESS:
            self.pieces = pieces


def _one(cell: int | tuple[int, ...]) -> int:
    assert isinstance(cell, int)
    return cell


def clock(at: int) -> str:
    if at in {BEGINNING, FOREVER}:
        return "ever" if at == BEGINNING else "-"
    return f"{datetime.fromtimestamp(at / 1e9, UTC):%H:%M}"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    cells = [tuple(head), *(tuple(map(str, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "".join("  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() + "\n" for row in cells)


def rewritten(page: str, made: Mapping[str, str]) -> str:
    return BLOCK.sub(lambda block: f"{block[1]}{made[block[2]]}{block[4]}", page)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        found = blocks(Path(place))
    if PAGE.exists() and BLOCK.search(PAGE.read_text()):
        PAGE.write_text(rewritten(PAGE.read_text(), found))
    else:
        print(*(f"== {name}\n{text}" for name, text in found.items()), sep="\n")
