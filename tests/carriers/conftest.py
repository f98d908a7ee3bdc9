"""The small estate that all carriers are asked about."""

import pytest

from tagweave.index.opening import TagIndex

from . import estate


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> TagIndex:
    return estate.write(tmp_path_factory.mktemp("estate"))
