"""The package's face: what it exports is there, and is imported when it is used."""

import subprocess
import sys

import tagweave.index


def test_everything_that_is_exported_is_there() -> None:
    assert all(getattr(tagweave.index, name) is not None for name in tagweave.index.__all__)


def test_the_package_itself_imports_nothing_that_is_slow() -> None:
    code = (
        "import sys, tagweave.index, tagweave.index.vocabulary; print({'numpy', 'pyarrow', 'numba'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
