"""Segment files: what is written is read; what is cut, damaged or foreign is told and never crashes anybody."""

import struct
from pathlib import Path
from random import Random

import numpy as np
import pytest

from tagweave.errors import BrokenSegment
from tagweave.index import segment
from tagweave.index.columns import COLUMNS
from tagweave.index.draft import Draft, Piece, Served, Value
from tagweave.index.find import Endpoints, find, runs_of
from tagweave.index.segment import Segment
from tagweave.model.times import BEGINNING, FOREVER

from . import brute
from .brute import ADDRESSES, NAMES, PREFIXES, Held, Shape
from .test_find import names_asked


def draft() -> Draft:
    """A little of everything."""
    made = Draft([brute.SCOPE])
    served = (Served(6, 80, BEGINNING, FOREVER, 5, (6,), (7, 8)),)
    row = {"pod": 1, "owner": 1, "service": (5, 9), "ingress": (6,), "workloads": (12, 11)}
    for i, address in enumerate(ADDRESSES):
        for network in (1, 2)[: 1 + i % 2]:
            pieces = [
                Piece(k * 10, k * 10 + 5 + i % 2 * 5, row | {"vm": k}, served, k, (3,), False, False)
                for k in range(1 + i)
            ]
            made.address(address, network, pieces)
    for prefix in PREFIXES:
        made.prefix(*prefix, 1, brute.pieces([Held(0, FOREVER, 4)]))
    made.names([(rule, text, f"label {text}") for rule, text in NAMES], 1, brute.pieces([Held(0, FOREVER, 4)]))
    labels = {"app": "web", "tier": "é"}
    for rid in (5, 1, 9):
        made.resource(
            rid,
            "s",
            "pod",
            f"uid-{rid}",
            [Value(BEGINNING, "", "", "", "", "", {}), Value(9, "n", "t", "", "", "", labels)],
        )
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "1.segment"
    draft().write(file)
    return file


def test_what_is_written_is_read(path: Path) -> None:
    arrays, meta = draft().arrays(), draft().meta()
    found = Segment.open(path)
    found.verify()
    assert dict(found.meta) == meta
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert (found[name] == array).all()
        assert found[name].ctypes.data % 64 == 0
        assert not found[name].flags.writeable
    assert not path.with_name("1.segment.part").exists()


def test_an_empty_draft_is_a_segment(tmp_path: Path) -> None:
    entry = Draft().write(tmp_path / "1.segment")
    assert entry.keys == 0
    view = brute.view_of([Segment.open(tmp_path / "1.segment")], Shape([], []))
    questions, ends = names_asked(NAMES, [0], [-1, 1])
    assert find(view, ends, "").tagsets.tolist() == [0] * len(questions)


def test_a_file_that_is_cut_off_is_told(path: Path) -> None:
    whole = path.read_bytes()
    for size in range(0, len(whole), 8):
        path.write_bytes(whole[:size])
        with pytest.raises(BrokenSegment):
            Segment.open(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(BrokenSegment, match="bytes of"):
        Segment.open(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "cannot be mapped"),
        (b"PAR1" * 100, "is no segment"),
        (b"TAGWEAVE" + struct.pack("<I", 99) + b"\0" * 100, "is of format 99"),
    ],
)
def test_a_file_of_something_else_is_told(path: Path, content: bytes, why: str) -> None:
    path.write_bytes(content)
    with pytest.raises(BrokenSegment, match=why) as told:
        Segment.open(path)
    assert str(path) in str(told.value)
    assert "tagweave index rebuild" in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BrokenSegment, match="is not there"):
        Segment.open(tmp_path / "1.segment")


@pytest.mark.parametrize("seed", range(10))
def test_a_damaged_file_is_told_and_crashes_nobody(path: Path, seed: int) -> None:
    """Each of 500 flipped bits is found by reading the file, and whoever asks it first gets an answer or an error."""
    random = Random(seed)
    whole = path.read_bytes()
    for _ in range(50):
        bad = bytearray(whole)
        bad[random.randrange(len(bad))] ^= 1 << random.randrange(8)
        path.write_bytes(bad)
        try:
            found = Segment.open(path)
        except BrokenSegment:
            continue
        with pytest.raises(BrokenSegment, match="is damaged"):
            found.verify()
        ask_everything(found)


@pytest.mark.parametrize("seed", range(4))
def test_arrays_of_nonsense_crash_nobody(path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    sound = Segment.open(path)
    for name, array in sound.items():
        if name.startswith(("address", "prefix", "name", "port", "tagset")) and len(array):
            nonsense = np.frombuffer(random.bytes(array.nbytes), array.dtype)
            held = {**{other: sound[other].copy() for other in sound}, name: nonsense}
            ask_everything(Segment.of(held, sound.meta))


def ask_everything(found: Segment) -> None:
    try:
        view = brute.view_of([found, found], Shape([(3, 1, 0, FOREVER)], [(1, 9, 0, FOREVER)]))
        questions = [(a, t, n) for a in ADDRESSES for t in (0, 7, 2**40) for n in (-1, 1, 3)]
        n = len(questions)
        halves = [
            np.array([f(a) for a, _, _ in questions], np.uint64) for f in (lambda a: a >> 64, lambda a: a & 2**64 - 1)
        ]
        ends = Endpoints(
            *halves,
            np.ones(n, np.bool_),
            np.array([t for _, t, _ in questions], np.int64),
            np.full(n, 2**50, np.int64),
            np.array([w for _, _, w in questions], np.int32),
            np.full(n, 80, np.int32),
            np.full(n, 6, np.uint8),
            (("container_id", ["c-1", None, "u-1"] * (n // 3)),),
        )
        answers = find(view, ends, "destination")
        view.seen(answers.pieces)
        view.ids(answers.tagsets, answers.picks)
        runs_of(view, "address", 0, ADDRESSES[0])
    except (IndexError, ValueError, BrokenSegment):
        pass


def test_a_map_outlives_its_file(path: Path) -> None:
    found = Segment.open(path)
    before = found["string.bytes"].tobytes()
    path.unlink()
    assert found["string.bytes"].tobytes() == before
    found.verify()


def test_what_cannot_be_written_leaves_no_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(segment.os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        draft().write(tmp_path / "1.segment")
    assert not (tmp_path / "1.segment").exists()


def test_every_array_is_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "index-format.md").read_text()
    for name in draft().arrays():
        table, _, rest = name.partition(".")
        known = {f"`{name}`", f"`{rest}`", f"`.{rest}`"}
        assert any(word in page for word in known) or (table == "tagset" and rest in COLUMNS), name
