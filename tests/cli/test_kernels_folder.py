"""The command keeps compiled code in its data folder, unless it is told where."""

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import environment
from .test_outputs import PROGRAM, RECORDS


@pytest.mark.parametrize("told", ["by an option", "by the environment", "$NUMBA_CACHE_DIR"])
def test_compiled_code_is_kept_in_the_data_folder_unless_it_is_told_where(
    told: str, synced: Path, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_bytes(RECORDS)
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    data.mkdir()
    (data / "inventory.db").write_bytes((synced / "data" / "inventory.db").read_bytes())
    settings = {k: v for k, v in environment().items() if k != "NUMBA_CACHE_DIR"}
    settings |= {"TAGWEAVE_CONFIG": os.environ["TAGWEAVE_CONFIG"], "HOME": str(tmp_path / "home")}
    options = ["--data-dir", "data"] if told == "by an option" else []
    settings |= {} if options else {"TAGWEAVE_DATA_DIR": str(data)}
    settings |= {"NUMBA_CACHE_DIR": str(elsewhere)} if told == "$NUMBA_CACHE_DIR" else {}
    done = subprocess.run(
        [PROGRAM, "tag", "in.csv", "out.csv", *options], cwd=tmp_path, env=settings, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kept = elsewhere if told == "$NUMBA_CACHE_DIR" else data / "numba"
    assert list(kept.rglob("*.nbc"))
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv", "data"} | ({kept.name} - {"numba"})


def test_a_data_folder_that_is_not_there_is_not_made(synced: Path, tmp_path: Path) -> None:
    settings = {k: v for k, v in environment().items() if k != "NUMBA_CACHE_DIR"}
    (tmp_path / "in.csv").write_bytes(RECORDS)
    command = [PROGRAM, "tag", "in.csv", "out.csv", "--data-dir", "typo", "--config", os.environ["TAGWEAVE_CONFIG"]]
    done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, check=False)
    assert (done.returncode, "run `tagweave sync` first" in done.stderr) == (1, True)
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv"}
