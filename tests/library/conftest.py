"""A folder with the tag index of the carriers' small estate."""

from pathlib import Path

import pytest

import tagweave
from carriers import estate


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `data/index` is a tag index."""
    made = tmp_path_factory.mktemp("library")
    (made / "data").mkdir()
    estate.write(made / "data")
    return made


@pytest.fixture(scope="session")
def index(folder: Path) -> tagweave.Index:
    return tagweave.open(folder / "data" / "index")
