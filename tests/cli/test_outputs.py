"""Where `tagweave tag` writes: what is no file is written to, a file is replaced when whole, and nothing is left."""

import io
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .conftest import Tagweave, environment

LINE = b"2026-01-01T10:30:00Z,10.244.0.9,10.244.0.5\n"
RECORDS = b"time,src_ip,dst_ip\n" + LINE * 3
BEFORE = b"what was there before\n"
PROGRAM = str(Path(sys.executable).parent / "tagweave")
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices and gives files away: run it as root")

Weave = Callable[..., int]


@pytest.fixture
def folder(synced: Path, tmp_path: Path) -> Path:
    """A folder with records and nothing else."""
    (tmp_path / "in.csv").write_bytes(RECORDS)
    return tmp_path


@pytest.fixture
def weave(folder: Path, tagweave: Tagweave) -> Weave:
    """Tag the records into a target; the exit code."""

    def into(target: Path | str, *more: str) -> int:
        options = ("--tag", "k8s.pod.name", "--network", "shop")
        return tagweave("tag", folder / "in.csv", target, *options, *more).code

    return into


@pytest.fixture
def expected(weave: Weave, folder: Path) -> bytes:
    """What comes out, in a file of its own."""
    assert weave(folder / "expected.csv") == 0
    return (folder / "expected.csv").read_bytes()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class Reader:
    """Reads a FIFO to its end in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.data = b""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.data = self._path.read_bytes()

    def finish(self) -> bytes:
        self._thread.join(20)
        return self.data


# ---- what is no file


def test_a_fifo_is_written_to_and_stays_one(weave: Weave, folder: Path, expected: bytes) -> None:
    os.mkfifo(folder / "fifo")
    reader = Reader(folder / "fifo")
    assert weave(folder / "fifo") == 0
    assert reader.finish() == expected
    assert (folder / "fifo").is_fifo()


@pytest.mark.parametrize("form", ["parquet", "arrow", "arrow-stream", "jsonl", "csv"])
def test_every_format_can_be_written_to_what_cannot_seek(form: str, weave: Weave, folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    reader = Reader(folder / "fifo")
    assert weave(folder / "fifo", "--to", form) == 0
    written = reader.finish()
    assert weave(folder / "file", "--to", form) == 0
    assert written == (folder / "file").read_bytes()
    rows = {
        "parquet": lambda: pq.read_table(io.BytesIO(written)).num_rows,
        "arrow": lambda: pa.ipc.open_file(written).read_all().num_rows,
        "arrow-stream": lambda: pa.ipc.open_stream(written).read_all().num_rows,
    }.get(form, lambda: written.count(b"10.244.0.9"))
    assert rows() == 3


def device(path: Path, minor: int) -> Path:
    """A device as /dev has one, in a folder of the test: no test names one of the machine's own."""
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        path.open("wb").close()
    except PermissionError:
        pytest.skip("devices can be neither made nor opened here: run it as root, on a file system without nodev")
    return path


@pytest.fixture
def null(folder: Path) -> Path:
    return device(folder / "null", 3)


@AS_ROOT
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "arrow", "arrow-stream"])
def test_a_device_is_written_to_and_never_replaced(form: str, null: Path, weave: Weave, folder: Path) -> None:
    before = null.stat()
    assert weave(null, "--to", form) == 0
    after = null.stat()
    assert stat.S_ISCHR(after.st_mode)
    assert (after.st_ino, after.st_mode, after.st_rdev) == (before.st_ino, before.st_mode, before.st_rdev)
    assert names(folder) == {"in.csv", "null"}


@AS_ROOT
def test_a_link_to_a_device_is_followed(null: Path, weave: Weave, folder: Path) -> None:
    (folder / "link").symlink_to("null")
    assert weave(folder / "link") == 0
    assert stat.S_ISCHR(null.stat().st_mode)
    assert (folder / "link").is_symlink()


def test_a_socket_is_written_to_and_stays_one(weave: Weave, folder: Path, expected: bytes) -> None:
    short = Path(tempfile.mkdtemp(prefix="tw", dir="/tmp"))  # the address of a socket has 108 bytes at most
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(short / "s"))
        listening.listen()
        assert weave(short / "s") == 0
        with listening.accept()[0] as connection, connection.makefile("rb") as file:
            assert file.read() == expected
    assert (short / "s").is_socket()
    shutil.rmtree(short)


# ---- links


def test_a_link_is_followed_and_what_it_leads_to_is_replaced(weave: Weave, folder: Path, expected: bytes) -> None:
    (folder / "far").mkdir()
    (folder / "far" / "data.csv").write_bytes(BEFORE)
    (folder / "near").symlink_to("far/link")
    (folder / "far" / "link").symlink_to("data.csv")
    assert weave(folder / "near") == 0
    assert (folder / "near").is_symlink()
    assert (folder / "far" / "link").is_symlink()
    assert (folder / "far" / "data.csv").read_bytes() == expected
    assert names(folder / "far") == {"data.csv", "link"}


def test_a_link_to_nothing_makes_the_file_that_it_names(weave: Weave, folder: Path, expected: bytes) -> None:
    (folder / "link").symlink_to("new.csv")
    assert weave(folder / "link") == 0
    assert (folder / "link").is_symlink()
    assert (folder / "new.csv").read_bytes() == expected


def test_links_in_a_circle_are_refused(folder: Path, tagweave: Tagweave) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    done = tagweave("tag", folder / "in.csv", folder / "a")
    assert (done.code, "its links lead nowhere" in done.err) == (1, True)


@pytest.mark.parametrize("target", ["stdout", "fd/1", "/proc/self/fd/1", "-"])
@pytest.mark.parametrize("kind", ["pipe", "file", "socket"])
def test_stdout_by_its_path_is_stdout_whatever_it_is(target: str, kind: str, folder: Path, expected: bytes) -> None:
    """A file goes on from where it stands, as with `(echo head; tagweave …; echo tail) > file`.

    The links are as those of /dev, but in a folder of the test.
    """
    (folder / "stdout").symlink_to("/proc/self/fd/1")
    (folder / "fd").symlink_to("/proc/self/fd")
    command = [PROGRAM, "tag", "in.csv", target, "--tag", "k8s.pod.name", "--network", "shop"]
    settings = environment() | {name: os.environ[name] for name in ("TAGWEAVE_CONFIG", "TAGWEAVE_DATA_DIR")}
    ours, theirs = socket.socketpair()
    with ours, theirs, (folder / "out").open("w+b", buffering=0) as file:
        file.write(b"head\n")
        out = {"pipe": subprocess.PIPE, "file": file, "socket": theirs}[kind]
        done = subprocess.run(command, cwd=folder, env=settings, stdout=out, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 0, done.stderr
        theirs.close()
        written = {"pipe": lambda: done.stdout, "socket": lambda: ours.makefile("rb").read()}
        if kind == "file":
            file.write(b"tail\n")
            assert (folder / "out").read_bytes() == b"head\n" + expected + b"tail\n"
        else:
            assert written[kind]() == expected


# ---- files


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_file_that_is_replaced_keeps_its_mode(mode: int, weave: Weave, folder: Path, expected: bytes) -> None:
    (folder / "out.csv").write_bytes(BEFORE)
    (folder / "out.csv").chmod(mode)
    assert weave(folder / "out.csv") == 0
    assert (folder / "out.csv").read_bytes() == expected
    assert mode_of(folder / "out.csv") == mode


@AS_ROOT
def test_a_file_that_is_replaced_keeps_its_owner_and_group(weave: Weave, folder: Path) -> None:
    (folder / "out.csv").write_bytes(BEFORE)
    os.chown(folder / "out.csv", 12345, 54321)
    assert weave(folder / "out.csv") == 0
    found = (folder / "out.csv").stat()
    assert (found.st_uid, found.st_gid) == (12345, 54321)


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_of_any_new_file(umask: int, mode: int, weave: Weave, folder: Path) -> None:
    before = os.umask(umask)
    try:
        assert weave(folder / "out.csv") == 0
    finally:
        os.umask(before)
    assert mode_of(folder / "out.csv") == mode


def test_a_name_may_be_as_long_as_names_may_be(weave: Weave, folder: Path) -> None:
    name = "ä" * 125 + ".csv"
    assert weave(folder / name) == 0
    assert names(folder) == {"in.csv", name}


# ---- told before the work


def refused_targets(folder: Path) -> Iterator[tuple[Path | str, str]]:
    yield folder / "nowhere" / "out.csv", f"there is no folder {folder}/nowhere: make it first"
    yield folder, "it is a folder: name a file in it"
    yield f"{folder}/new/", "it is a folder"
    yield folder / "in.csv" / "out.csv", f"there is no folder {folder}/in.csv"


def test_what_cannot_be_written_is_told_in_a_line_before_anything_is_read(
    folder: Path, tagweave: Tagweave, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("work was done first")

    monkeypatch.setattr("tagweave.cli.state.State.index", never)
    monkeypatch.setattr("tagweave.cli.state.State.inventory", never)
    for target, words in refused_targets(folder):
        done = tagweave("tag", folder / "in.csv", target)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(f"tagweave: cannot write {target}: ")
        assert words in done.err
        assert done.err.count("\n") == 1
    assert names(folder) == {"in.csv"}


@AS_ROOT
def test_what_one_may_not_write_is_told_before_the_work(folder: Path) -> None:
    """Root may do all: so another user tries."""
    open_to_all = Path(tempfile.mkdtemp(prefix="tw", dir="/tmp"))
    open_to_all.chmod(0o755)
    (open_to_all / "out.csv").write_bytes(BEFORE)
    asked = "import sys; from tagweave import writing\ntry: writing.check(sys.argv[1])\nexcept Exception as e: print(e)"
    capabilities = "-all,+dac_read_search"  # to read this checkout, which may be closed to others
    for target, words in ((open_to_all / "new.csv", "nothing can be written in the folder"),
                          (open_to_all / "out.csv", "there is no permission to write to it")):  # fmt: skip
        done = subprocess.run(
            ["setpriv", "--reuid", "65532", "--regid", "65532", "--clear-groups", "--inh-caps", capabilities,
             "--ambient-caps", capabilities, "--bounding-set", capabilities, sys.executable, "-c", asked, str(target)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert words in done.stdout
    shutil.rmtree(open_to_all)


@AS_ROOT
def test_a_device_that_is_full_is_told_in_a_line(folder: Path, tagweave: Tagweave) -> None:
    full = device(folder / "full", 7)
    done = tagweave("tag", folder / "in.csv", full)
    assert (done.code, done.err.splitlines()[-1]) == (1, f"tagweave: cannot write {full}: No space left on device")


# ---- ended in the middle


@pytest.mark.parametrize(
    "how", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGSEGV, signal.SIGKILL], ids=lambda how: how.name
)
def test_a_process_that_is_ended_leaves_the_file_as_it_was_and_no_part(how: signal.Signals, folder: Path) -> None:
    """No process can clean up behind SIGSEGV and SIGKILL: a part may stay, but not under the file's name."""
    (folder / "out.csv").write_bytes(BEFORE)
    os.mkfifo(folder / "slow")
    settings = environment() | {name: os.environ[name] for name in ("TAGWEAVE_CONFIG", "TAGWEAVE_DATA_DIR")}
    process = subprocess.Popen([PROGRAM, "tag", "slow", "out.csv"], cwd=folder, env=settings, stderr=subprocess.PIPE)
    with (folder / "slow").open("wb", buffering=0) as slow:
        slow.write(RECORDS)
        end = time.monotonic() + 30
        while not any(part.stat().st_size for part in folder.glob(".*.part")):  # in the middle of it
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(how)
        time.sleep(0.2)  # a read that waits keeps SIGINT waiting too: the input ends after it
    process.communicate(timeout=30)
    assert process.returncode == (130 if how is signal.SIGINT else -how)
    assert (folder / "out.csv").read_bytes() == BEFORE
    if how not in (signal.SIGSEGV, signal.SIGKILL):
        assert names(folder) == {"in.csv", "slow", "out.csv"}


def test_a_signal_that_was_ignored_stays_so(folder: Path) -> None:
    """`nohup tagweave tag …` goes on when its terminal has gone."""
    asked = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from tagweave import writing; writing.remove_parts_when_ended()\n"
        "print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
