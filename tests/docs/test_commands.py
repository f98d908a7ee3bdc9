"""The docs are true: every command in them runs, prints what they show, and every option of the CLI is in them."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import typer.main

from tagweave import config
from tagweave.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
COMMAND = re.compile(r"^( *)```console\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
NEEDS_SAMPLES = "$TAGWEAVE_SAMPLES"


class Step(NamedTuple):
    """A command, the code it ends with, and the lines that the page shows of what it prints."""

    command: str
    code: int
    shown: list[str]


def steps(page: Path) -> Iterator[Step]:
    """The steps of a page. `# exits N` behind a command states a code other than 0."""
    for block in COMMAND.finditer(page.read_text()):
        current: Step | None = None
        for line in block[2].splitlines():
            if line.startswith("$ "):
                if current is not None:
                    yield current
                command, _, remark = line[2:].partition("  # exits ")
                current = Step(command, int(remark or 0), [])
            elif current is not None and goes_on(current.command):
                current = current._replace(command=f"{current.command}\n{line}")
            elif current is not None:
                current.shown.append(line)
        if current is not None:
            yield current


def goes_on(command: str) -> bool:
    """Whether the next line still is of the command: after a backslash, or within a here-document."""
    mark = re.search(r"<<(\w+)", command)
    return command.endswith("\\") or (mark is not None and command.splitlines()[-1] != mark[1])


def squeezed(text: str) -> str:
    return " ".join(text.split())


def shows(line: str, printed: str) -> bool:
    """Whether a line that a page shows was printed; `…` stands for anything."""
    pattern = "[^\n]*".join(re.escape(part) for part in squeezed(line).split("…"))
    return re.search(f"^{pattern}$", "\n".join(map(squeezed, printed.splitlines())), re.MULTILINE) is not None


WITH_COMMANDS = [page for page in PAGES if any(steps(page))]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_runs_and_prints_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    if NEEDS_SAMPLES in page.read_text() and "TAGWEAVE_SAMPLES" not in os.environ:
        if os.environ.get("CI") == "true":
            pytest.fail("TAGWEAVE_SAMPLES is not set")
        pytest.skip("TAGWEAVE_SAMPLES is not set: it is the folder with the real dumps that this page is about")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TAGWEAVE_") or k == "TAGWEAVE_SAMPLES"}
    environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONUTF8": "1"}
    for step in steps(page):
        if step.command.startswith("export "):
            environment |= dict(one.split("=", 1) for one in shlex.split(step.command)[1:])
            continue
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", step.command],
            cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == step.code, f"{step.command}\n{done.stdout}"
        for line in step.shown:
            assert shows(line, done.stdout), f"{step.command}\ndid not print: {line}\nbut:\n{done.stdout}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_and_link_of_a_page_exists(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)\s*make (\w+)", text, re.MULTILINE)) <= targets
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / link).exists(), link


def test_every_command_and_option_is_on_the_page_of_the_command_line() -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    for name, command in typer.main.get_group(app).commands.items():
        section = page.partition(f"\n## tagweave {name}\n")[2].partition("\n## ")[0]
        assert section, f"docs/cli.md has no section on {name}"
        within = getattr(command, "commands", {})  # of a group, such as `tagweave index`
        for one in within:
            assert f"`tagweave {name} {one}`" in section, f"docs/cli.md does not tell of {name} {one}"
        for part in (command, *within.values()):
            for option in {opt for parameter in part.params for opt in parameter.opts if opt.startswith("--")}:
                if option not in {"--help", "--config", "--data-dir"}:
                    assert f"`{option}" in section or f", {option}" in section, f"{name} {option} is not in docs/cli.md"


def test_the_page_of_the_configuration_is_that_of_the_code() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text() == config.reference(), "run `make docs`"


def test_the_packages_in_the_architecture_are_those_of_the_source() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    held = {p.name for p in (ROOT / "src" / "tagweave").iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    assert {name for name in held if f"`{name}`" not in page} == set()
