"""Compiled code is kept where it is told, and nothing depends on there being such a place."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

KERNEL = """\
import os, sys
sys.path.insert(0, sys.argv[1])
{before}
import kernel_of_the_test
{between}
print(kernel_of_the_test.double(21))
"""
MODULE = """\
from tagweave.kernels import njit

@njit(nogil=True, cache=True)
def double(number):
    return number + number
"""
NO_PLACE = """\
from numba.core import caching
caching._CacheLocator.ensure_cache_path = lambda self: (_ for _ in ()).throw(OSError(30, "Read-only file system"))
"""


def doubled(folder: Path, cache: Path, before: str = "", between: str = "") -> "subprocess.CompletedProcess[str]":
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code" / "kernel_of_the_test.py").write_text(MODULE)
    return subprocess.run(
        [sys.executable, "-B", "-c", KERNEL.format(before=before, between=between), str(folder / "code")],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_compiled_code_is_kept_in_the_folder_that_is_named_and_nowhere_else(tmp_path: Path) -> None:
    done = doubled(tmp_path, tmp_path / "cache")
    assert done.stdout == "42\n", done.stderr
    assert len(list((tmp_path / "cache").rglob("*.nbc"))) == 1
    assert [path.name for path in (tmp_path / "code").iterdir()] == ["kernel_of_the_test.py"]


@pytest.mark.parametrize(
    "disturbed",
    [
        {"before": NO_PLACE},
        {"between": "import shutil; shutil.rmtree(os.environ['NUMBA_CACHE_DIR']); "
                    "open(os.environ['NUMBA_CACHE_DIR'], 'w').close()"},
    ],
    ids=["there is no place", "the place is lost before the first call"],
)  # fmt: skip
def test_a_kernel_runs_where_nothing_can_be_kept(disturbed: dict[str, str], tmp_path: Path) -> None:
    done = doubled(tmp_path, tmp_path / "cache", **disturbed)
    assert done.stdout == "42\n", done.stderr
    assert not list(tmp_path.rglob("*.nbc"))


def test_a_cache_that_was_cut_is_compiled_anew(tmp_path: Path) -> None:
    assert doubled(tmp_path, tmp_path / "cache").stdout == "42\n"
    for path in (tmp_path / "cache").rglob("*.nb?"):
        path.write_bytes(b"")
    done = doubled(tmp_path, tmp_path / "cache")
    assert done.stdout == "42\n", done.stderr


def test_every_kernel_of_ours_is_made_here() -> None:
    source = Path(__file__).parents[2] / "src" / "tagweave"
    direct = [path for path in source.rglob("*.py") if "njit" in path.read_text() and path.name != "kernels.py"]
    assert direct
    assert all("from tagweave.kernels import njit" in path.read_text() for path in direct)
