"""The configuration: what is wrong is named by file, line and key; what is right means what it says."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagweave import config, sources
from tagweave.config import Settings
from tagweave.errors import ConfigError

SOURCE = "sources:\n  - name: a\n    type: files\n    path: dump\n"


def load(folder: Path, text: str) -> config.Config:
    path = folder / "tagweave.yaml"
    path.write_text(text, "utf-8")
    return config.load(path)


def refusal(folder: Path, text: str) -> str:
    """Why a configuration is refused, without the folder."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return str(caught.value).removeprefix(f"{folder}{os.sep}")


# ---- what is wrong: the line and the key, what was found, what was expected

WRONG: dict[str, tuple[str, int, str, tuple[str, ...]]] = {
    "no source": ("names: otel\n", 1, "sources", ("list of sources",)),
    "an empty list": ("names: otel\nsources: []\n", 2, "sources", ("list of sources",)),
    "a mapping for a list": ("sources:\n  name: a\n", 1, "sources", ("list of sources",)),
    "a word for a source": ("sources:\n  - a\n", 2, "sources[0]", ("mapping", "str")),
    "no type": ("sources:\n  - name: a\n    path: x\n", 2, "sources[0]", ("no `type`", "files")),
    "an unknown type": (
        "sources:\n  - name: a\n    path: x\n    type: fils\n",
        4,
        "sources[0].type",
        ("'fils'", "did you mean 'files'?", "expected one of"),
    ),
    "a number for a type": ("sources:\n  - name: a\n    type: 5\n", 3, "sources[0].type", ("5", "files")),
    "no name": ("sources:\n  - type: files\n    path: x\n", 2, "sources[0]", ("required field `name`",)),
    "a number for a name": (
        "sources:\n  - type: files\n    name: 5\n    path: x\n",
        3,
        "sources[0].name",
        ("Expected `str`", "got `int`"),
    ),
    "an unknown key of a source": (
        f"{SOURCE}  - name: b\n    type: files\n    paht: x\n",
        7,
        "sources[1].paht",
        ("unknown key 'paht'", "did you mean 'path'?"),
    ),
    "an unknown key at the top": (
        f"{SOURCE}name: otel\n",
        5,
        "name",
        ("unknown key 'name'", "did you mean 'names'?"),
    ),
    "an unknown key of a moment": (
        "sources:\n  - name: a\n    type: files\n    snapshots:\n      - path: y\n        when: 2026-01-01T00:00:00Z\n",
        6,
        "sources[0].snapshots[0].when",
        ("unknown key 'when'",),
    ),
    "a moment that is no time": (
        "sources:\n  - name: a\n    type: files\n    snapshots:\n      - path: x\n        at: yesterday\n",
        6,
        "sources[0].snapshots[0].at",
        ("RFC3339",),
    ),
    "a moment without a zone": (
        "sources:\n  - name: a\n    type: files\n    snapshots:\n      - path: x\n        at: 2026-01-01T00:00:00\n",
        5,
        "sources[0].snapshots[0]",
        ("no time zone", "with Z or an offset"),
    ),
    "neither path nor snapshots": (
        "sources:\n  - name: a\n    type: files\n",
        2,
        "sources[0]",
        ("either `path` or `snapshots`",),
    ),
    "both path and snapshots": (
        f"{SOURCE}    snapshots: [{{path: x, at: 2026-01-01T00:00:00Z}}]\n",
        2,
        "sources[0]",
        ("either `path` or `snapshots`",),
    ),
    "two sources of one name": (
        f"{SOURCE}  - name: a\n    type: files\n    path: y\n",
        5,
        "sources[1].name",
        ("two sources are named 'a'",),
    ),
    "a vocabulary that is none": (f"{SOURCE}names: otle\n", 5, "names", ("otel, deepflow or ecs", "'otle'")),
    "a list for a vocabulary": (f"{SOURCE}names: [otel]\n", 5, "names", ("Expected `str`", "got `array`")),
    "a word for the tags of a group": (
        f"{SOURCE}groups:\n  first: [k8s.pod.name]\n  team: k8s.pod.name\n",
        7,
        "groups.team",
        ("Expected `array`", "got `str`"),
    ),
    "a tag that no vocabulary has": (
        f"{SOURCE}groups:\n  team: [k8s.pod.name, k8s.pot.name]\n",
        6,
        "groups.team[1]",
        ("no vocabulary has a tag 'k8s.pot.name'", "did you mean 'k8s.pod.name'?"),
    ),
    "a group within a group": (
        f"{SOURCE}groups:\n  service: [tagweave.service.name]\n",
        6,
        "groups.service[0]",
        ("may itself be read from a group",),
    ),
    "a number for a tag of a group": (
        f"{SOURCE}groups:\n  team:\n    - k8s.pod.name\n    - 5\n",
        8,
        "groups.team[1]",
        ("Expected `str`", "got `int`"),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named_by_file_line_and_key_with_what_was_expected(what: str, tmp_path: Path) -> None:
    text, line, key, words = WRONG[what]
    message = refusal(tmp_path, text)
    assert message.startswith(f"tagweave.yaml:{line}: {key}: ")
    for word in words:
        assert word in message


MOMENTS = "      - {path: x, at: 2026-01-01T00:00:00Z}\n      - {path: y, at: 2026-01-01T01:00:00+01:00}\n"


@pytest.mark.parametrize(
    ("text", "lines", "words"),
    [
        ("sources:\n  - type: files\n    path: x\n    name: ''\n", (2, 4), "name"),
        (f"sources:\n  - name: a\n    type: files\n    snapshots:\n{MOMENTS}", (2, 4, 5, 6), "x and .*y are both of"),
        (f"{SOURCE}1: otel\n", (5,), "1"),
        (f"names: ecs\n{SOURCE}names: otel\n", (1, 6), "names"),
        (f"{SOURCE}    path: other\n", (2, 4, 5), "path"),
    ],
    ids=["an empty name", "two dumps of one moment", "a key that is no word", "a key twice", "a source's key twice"],
)
def test_what_could_only_be_a_slip_is_refused_too(
    text: str, lines: tuple[int, ...], words: str, tmp_path: Path
) -> None:
    message = refusal(tmp_path, text)
    assert message.startswith(tuple(f"tagweave.yaml:{line}: " for line in lines))
    assert re.search(words, message.partition(": ")[2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "tagweave.yaml:1: expected a mapping with `sources`, found nothing"),
        ("- a\n", "tagweave.yaml:1: expected a mapping with `sources`, found list"),
        ("just words", "tagweave.yaml:1: expected a mapping with `sources`, found str"),
        ("sources:\n\t- name: a\n", "tagweave.yaml:2: no YAML: found character that cannot start any token"),
        ("names: otel\nsources: [\n", "tagweave.yaml:3: no YAML: "),
        ("a: *nobody\n", "tagweave.yaml:1: no YAML: found undefined alias"),
        ("a: !!python/object:os.system {}\n", "tagweave.yaml:1: no YAML: "),
    ],
)
def test_what_is_no_mapping_in_yaml_is_refused_at_its_line(text: str, message: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, text).startswith(message)


def test_a_file_that_is_missing_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no .*nowhere\.yaml: write one with `tagweave init`"):
        config.load(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("data", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(data: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "tagweave.yaml"
    path.mkdir() if data is None else path.write_bytes(data)
    with pytest.raises(ConfigError, match=r"cannot read .*tagweave\.yaml: "):
        config.load(path)


KEYS = st.sampled_from(["sources", "names", "store", "groups", "name", "type", "path", "snapshots", "at", "x"])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text("ab:[]{}'\"#- \n", max_size=6), st.just("files")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(VALUES.map(yaml.safe_dump), st.dictionaries(KEYS, VALUES).map(yaml.safe_dump), st.text(max_size=30)))
def test_anything_at_all_is_read_or_refused_at_a_line_of_the_file(tmp_path: Path, text: str) -> None:
    try:
        load(tmp_path, text)
    except ConfigError as error:
        said = str(error)
    else:
        return
    found = re.match(r".*tagweave\.yaml:(\d+): .", said)
    assert found, said
    assert 1 <= int(found[1]) <= text.count("\n") + 1


# ---- what is right


def test_what_nobody_says_has_its_default(tmp_path: Path) -> None:
    found = load(tmp_path, SOURCE)
    assert found.settings == Settings(store=None, names="otel", groups={})
    assert found.accounts() == {}
    assert found.source_names() == ["a"]


def test_everything_that_is_said_is_kept(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        "store: postgresql://db/inventory\nnames: ecs\ngroups: {team: [k8s.pod.label.team, k8s.namespace.name]}\n"
        "sources:\n  - {name: acme, type: files, path: x, provider: aws, account: '123456789012'}\n"
        "  - {name: shop, type: files, path: y}\n",
    )
    assert found.settings.store == "postgresql://db/inventory"
    assert found.settings.names == "ecs"
    assert found.settings.groups == {"team": ["k8s.pod.label.team", "k8s.namespace.name"]}
    assert found.source_names() == ["acme", "shop"]
    assert found.accounts() == {"acme": ("aws", "123456789012")}


def test_relative_paths_start_at_the_files_folder_and_absolute_ones_stay(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    found = load(
        tmp_path / "conf",
        "sources:\n  - {name: a, type: files, path: ../dump}\n  - {name: b, type: files, path: /srv/dump}\n"
        "  - name: c\n    type: files\n    snapshots: [{path: x, at: 2026-01-01T08:00:00+08:00}]\n",
    )
    relative, absolute, moments = (source.config for source in found.sources)
    assert Path(relative.path).resolve() == tmp_path / "dump"
    assert Path(absolute.path) == Path("/srv/dump")
    assert [(Path(m.path), m.at) for m in moments.snapshots] == [
        (tmp_path / "conf" / "x", datetime(2026, 1, 1, tzinfo=UTC))
    ]


def test_the_file_is_the_option_else_the_environments_else_the_one_in_the_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TAGWEAVE_CONFIG", "of-the-environment.yaml")
    assert config.find("of-the-option.yaml") == Path("of-the-option.yaml")
    assert config.find(None) == Path("of-the-environment.yaml")
    monkeypatch.setenv("TAGWEAVE_CONFIG", "")
    assert config.find(None) == Path("tagweave.yaml")
    monkeypatch.delenv("TAGWEAVE_CONFIG")
    assert config.find(None) == Path("tagweave.yaml")


def test_state_is_kept_where_the_option_says_else_the_environment_else_the_platform(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TAGWEAVE_DATA_DIR", "of-the-environment")
    assert config.data_dir("of-the-option") == Path("of-the-option")
    assert config.data_dir(None) == Path("of-the-environment")
    monkeypatch.delenv("TAGWEAVE_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    platform = config.data_dir(None)
    assert platform.name == "tagweave"
    assert platform.is_relative_to(tmp_path)


# ---- what is generated


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    found = load(tmp_path, config.example())
    assert [(source.type, source.config.name) for source in found.sources] == [("files", "cluster-1")]
    assert found.settings == Settings()


def test_what_the_example_has_in_comments_is_right_too(tmp_path: Path) -> None:
    lines = config.example().splitlines()
    keys = [
        line.removeprefix("# ") for line in lines if re.match(rf"# ({'|'.join(Settings.__struct_fields__)}):", line)
    ]
    at = next(i for i, line in enumerate(lines) if line.startswith("  # - name:"))
    until = next(i for i in range(at, len(lines)) if not lines[i].startswith("  #"))
    shown = [line.replace("  # ", "  ", 1) for line in lines[at:until]]
    found = load(tmp_path, "\n".join([*lines[:at], *shown, *keys, ""]))
    assert len(keys) == len(Settings.__struct_fields__)
    assert [source.config.name for source in found.sources] == ["cluster-1", "cluster-2"]
    assert len(found.sources[1].config.snapshots) == 2
    assert found.settings.groups == {"team": ["k8s.pod.label.team", "k8s.namespace.name"]}


def test_the_sources_that_the_example_names_in_comments_are_right_too(tmp_path: Path) -> None:
    named = re.findall(r"^  # (- \{name: .*\})$", config.example(), re.MULTILINE)
    found = load(tmp_path, "\n".join(["sources:", *(f"  {line}" for line in named), ""]))
    assert {source.type for source in found.sources} == set(sources.TYPES) - {"files"}


def structs() -> list[type[msgspec.Struct]]:
    return [Settings, *(sources.config_type(name) for name in sources.TYPES)]


@pytest.mark.parametrize("struct", structs(), ids=lambda struct: struct.__module__)
def test_every_field_is_explained_and_refuses_what_it_does_not_know(struct: type[msgspec.Struct]) -> None:
    rows = {field: (default, text) for field, default, text in config.documented(struct)}
    assert list(rows) == list(struct.__struct_fields__)
    assert all(len(text) > 10 for _, text in rows.values())
    assert struct.__struct_config__.forbid_unknown_fields
    assert struct.__struct_config__.frozen


@pytest.mark.parametrize("struct", structs(), ids=lambda struct: struct.__module__)
def test_the_reference_has_each_key_with_its_default_and_meaning(struct: type[msgspec.Struct]) -> None:
    page = config.reference()
    for field, default, text in config.documented(struct):
        assert f"| `{field}` | `{default}` | {text} |" in page


def test_the_reference_is_printed_by_the_module_and_has_each_source_type() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tagweave.config"], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout == config.reference()
    assert done.stderr == ""
    assert all(f"### `type: {name}`" in done.stdout for name in sources.TYPES)
    assert "| `name` | `required` |" in done.stdout
