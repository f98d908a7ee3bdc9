"""The folder: one writer, whole revisions only, whatever is killed when."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tagweave.errors import BrokenIndex, WriterRunning
from tagweave.index import folder as folders
from tagweave.index.draft import Draft
from tagweave.index.folder import Folder, Manifest, ScopeSeen, SegmentEntry
from tagweave.index.networks import no_networks
from tagweave.index.view import View, open_view

from . import brute
from .brute import Held


def manifest(folder: Folder, revision: int, owner: int) -> Manifest:
    """Write the files of a revision in which one address is an owner's."""
    draft = Draft()
    draft.address(1, 0, brute.pieces([Held(0, 9, owner)]))
    entry = draft.write(folder.file(folder.new_name()))
    path = folder.file(folder.new_name())
    networks = SegmentEntry.of(path, no_networks().write(path))
    return Manifest(revision, revision * 10, "2026-01-01T00:00:00Z", (entry,), networks)


def owner_in(view: View | None) -> int:
    assert view is not None
    return int(view.segments[0]["tagset.owner"][1])


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path / "index")
    with found.lock():
        found.publish(manifest(found, 1, 101))
    return found


def test_a_folder_without_an_index_has_no_manifest(tmp_path: Path) -> None:
    assert Folder(tmp_path).read() is None
    assert Folder(tmp_path / "none").read() is None
    assert open_view(Folder(tmp_path)) is None


def test_a_manifest_that_is_published_is_read(folder: Folder) -> None:
    made = manifest(folder, 2, 102)
    made = Manifest(
        **{name: getattr(made, name) for name in made.__struct_fields__} | {"scopes": (ScopeSeen("s", "pod", "", 5),)}
    )
    folder.publish(made)
    assert folder.read() == made
    assert folder.read().scopes[0].scope == brute.SCOPE


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-5],
        lambda _: b"",
        lambda text: text.replace(b'"revision":1', b'"revision":7'),
        lambda _: b"[]",
        lambda text: b"\xff" + text,
    ],
)
def test_a_damaged_manifest_is_told(folder: Folder, damage: Callable[[bytes], bytes]) -> None:
    path = folder.file(folders.MANIFEST)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BrokenIndex, match="tagweave index rebuild"):
        folder.read()


def test_a_manifest_of_another_format_is_told(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "FORMAT", 9)
    with pytest.raises(BrokenIndex, match="is of format 1; this version of Tagweave reads format 9"):
        folder.read()


STEPS = ("fsync", "rename", "unlink", "open")


class Killed(BaseException):
    """The process is no more."""


def test_whenever_publishing_is_cut_short_the_index_is_whole(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each step that reaches the disk: the revision before, or the new one, and the next writer goes on."""
    steps = revision = 0
    for stop in range(1, 40):
        revision = folder.read().revision + 1
        calls = 0

        def counted(real: Callable[..., Any], stop: int = stop) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls == stop:
                    raise Killed
                return real(*args, **kwargs)

            return call

        with monkeypatch.context() as patched:
            for name in ("fsync", "open"):
                patched.setattr(os, name, counted(getattr(os, name)))
            for name in ("rename", "unlink", "open", "iterdir"):
                patched.setattr(Path, name, counted(getattr(Path, name)))
            try:
                folder.publish(manifest(folder, revision, 100 + revision))
                done = True
            except Killed:
                done = False
        found = folder.read()
        assert found is not None
        assert found.revision in (revision - 1, revision)
        assert owner_in(open_view(folder)) == 100 + found.revision
        steps += 1
        if done:
            break
    assert done
    assert steps > 10
    assert {path.name for path in folder.path.iterdir()} >= folder.read().files()
    folder.publish(manifest(folder, revision + 1, 101 + revision))
    folder.publish(manifest(folder, revision + 2, 102 + revision))
    left = {path.name for path in folder.path.glob("*.segment")}
    assert len(left) == 4  # of this revision and the one before; nothing of those that were killed
    assert not list(folder.path.glob("*.part"))


def test_a_name_is_never_given_twice(folder: Folder) -> None:
    names = set()
    for revision in range(2, 6):
        made = manifest(folder, revision, 1)
        assert not names & made.files()
        names |= made.files()
        folder.publish(made)


def test_a_reader_goes_on_after_its_files_are_gone(folder: Folder) -> None:
    old = open_view(folder)
    for revision in (2, 3, 4):
        folder.publish(manifest(folder, revision, 100 + revision))
    assert not old.segments[0].path.exists()
    assert owner_in(old) == 101
    assert owner_in(open_view(folder, old)) == 104


def test_a_reader_maps_only_what_is_new(folder: Folder) -> None:
    old = open_view(folder)
    assert open_view(folder, old) is old
    before = folder.read()
    made = manifest(folder, 2, 102)
    both = Manifest(2, 20, "", (*made.segments, *before.segments), before.networks)
    folder.publish(both)
    new = open_view(folder, old)
    assert new.segments[1] is old.segments[0]
    assert new.networks is old.networks
    assert owner_in(new) == 102


def test_a_reader_that_was_too_slow_reads_the_manifest_again(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Folder.read
    reads = []

    def slow(self: Folder) -> Manifest | None:
        found = real(self)
        if not reads:
            reads.append(1)
            for revision in (2, 3):  # two revisions later the files of the first are gone
                self.publish(manifest(self, revision, 100 + revision))
        return found

    monkeypatch.setattr(Folder, "read", slow)
    assert owner_in(open_view(folder)) == 103


def test_a_file_that_is_lost_is_told(folder: Folder) -> None:
    folder.file(folder.read().segments[0].file).unlink()
    with pytest.raises(BrokenIndex, match="is not there"):
        open_view(folder)


def test_a_file_of_another_index_is_told(folder: Folder) -> None:
    draft = Draft()
    draft.address(9, 0, brute.pieces([Held(0, 9, 9)]))
    draft.write(folder.file(folder.read().segments[0].file))
    with pytest.raises(BrokenIndex, match="is not the file that the manifest names"):
        open_view(folder)


def test_two_writers_are_one_too_many(folder: Folder) -> None:
    with folder.lock():
        with pytest.raises(WriterRunning, match=f"process {os.getpid()} on ") as told, folder.lock():
            pass
        assert str(folder.path) in str(told.value)
    with folder.lock():
        pass


def hold(path: Path, held: Any) -> None:
    with Folder(path).lock():
        held.set()
        signal.pause()


def test_the_lock_of_a_process_that_was_killed_is_free(folder: Folder) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=hold, args=(folder.path, held))
    process.start()
    assert held.wait(30)
    with pytest.raises(WriterRunning, match=f"process {process.pid}"), folder.lock():
        pass
    process.kill()
    process.join()
    with folder.lock():
        pass
