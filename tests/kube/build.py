#!/usr/bin/env python3
"""Build etcd, Kubernetes and KWOK from their Go modules into a cache folder, once per machine.

The versions are those of go/*/go.mod. The folder is ``$TAGWEAVE_KUBE_CACHE`` (default
``~/.cache/tagweave/kube``) and in it one folder for each set of versions.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

GO = Path(__file__).parent / "go"


class Module(NamedTuple):
    """One Go module under go/, the module it pins and the programs that are built from it."""

    folder: str
    pins: str
    programs: tuple[str, ...]
    version_variables: str = ""


MODULES = (
    Module("etcd", "go.etcd.io/etcd/server/v3", ("tagweave.dev/tests/kube/etcd",)),
    Module(
        "kubernetes",
        "k8s.io/kubernetes",
        (
            "k8s.io/kubernetes/cmd/kube-apiserver",
            "k8s.io/kubernetes/cmd/kube-controller-manager",
            "k8s.io/kubernetes/cmd/kube-scheduler",
        ),
        "-X k8s.io/component-base/version.gitVersion=v{version}"
        " -X k8s.io/component-base/version.gitMajor={major}"
        " -X k8s.io/component-base/version.gitMinor={minor}"
        " -X k8s.io/component-base/version.gitCommit="
        " -X k8s.io/component-base/version.gitTreeState=archive",
    ),
    Module("kubectl", "k8s.io/kubectl", ("tagweave.dev/tests/kube/kubectl",)),
    Module("kwok", "sigs.k8s.io/kwok", ("sigs.k8s.io/kwok/cmd/kwok",)),
)


class BuildError(Exception):
    """The binaries cannot be built; the message says what to install or what failed."""


def version_of(module: Module) -> str:
    """The version that go.mod pins, without its ``v``."""
    text = (GO / module.folder / "go.mod").read_text()
    found = re.search(rf"^(?:require)?\s*{re.escape(module.pins)} v(\S+)", text, re.MULTILINE)
    if found is None:
        raise BuildError(f"go/{module.folder}/go.mod does not require {module.pins}")
    return found[1]


def least_go() -> str:
    """The least Go version that builds every module."""
    texts = [(GO / module.folder / "go.mod").read_text() for module in MODULES]
    numbers = [re.findall(r"^go (\d+)\.(\d+)", text, re.MULTILINE)[0] for text in texts]
    return ".".join(max(numbers, key=lambda number: [int(part) for part in number]))


def programs() -> tuple[str, ...]:
    """The names of all binaries."""
    return tuple(path.rpartition("/")[2] for module in MODULES for path in module.programs)


def folder() -> Path:
    """Where the binaries of these versions, for this kind of machine, are or will be."""
    root = os.environ.get("TAGWEAVE_KUBE_CACHE") or Path.home() / ".cache/tagweave/kube"
    pinned = sorted(path for path in GO.glob("*/*") if path.name in ("go.mod", "go.sum", "main.go"))
    inputs = [platform.system(), platform.machine(), repr(MODULES)]
    inputs += [path.read_text() for path in pinned]
    digest = hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:8]
    names = "-".join(f"{module.folder}-{version_of(module)}" for module in MODULES)
    return Path(root) / f"{names}-{digest}"


def is_built() -> bool:
    """Whether every binary is there."""
    return all((folder() / name).is_file() for name in programs())


def build() -> Path:
    """Build what is missing and return the folder; a second caller waits for the first."""
    target = folder()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _only_one_at_a_time(target.parent):
        if not is_built():
            _build_into(target)
    return target


@contextmanager
def _only_one_at_a_time(root: Path) -> Iterator[None]:
    import fcntl

    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build_into(target: Path) -> None:
    if shutil.which("go") is None:
        raise BuildError(f"Go is not installed: install Go ≥ {least_go()}")
    unfinished = Path(tempfile.mkdtemp(prefix=".building-", dir=target.parent))
    try:
        for module in MODULES:
            _build_module(module, unfinished)
        shutil.rmtree(target, ignore_errors=True)
        unfinished.chmod(0o755)
        unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _build_module(module: Module, target: Path) -> None:
    version = version_of(module)
    major, minor, _ = version.split(".", 2)
    variables = module.version_variables.format(version=version, major=major, minor=minor)
    command = ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {variables}"]
    print(f"building {module.folder} {version} …", file=sys.stderr, flush=True)
    begin = time.monotonic()
    run = subprocess.run(
        [*command, "-o", f"{target}/", *module.programs],
        cwd=GO / module.folder,
        env=os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"},
        check=False,
    )
    if run.returncode:
        raise BuildError(f"go build failed in {GO / module.folder} (its output is above)")
    print(f"  {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)


def main() -> int:
    """Build, then say where the binaries are."""
    try:
        target = build()
    except BuildError as error:
        print(f"cannot build the control plane: {error}", file=sys.stderr)
        return 1
    for name in programs():
        path = target / name
        print(f"{path}  {path.stat().st_size / 2**20:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
