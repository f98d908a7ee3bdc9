"""The configuration: `tagweave.yaml` as structs, with errors that name file, line and key.

The commented example that `tagweave init` writes and `docs/configuration.md` are made from the docstrings
under the fields: `python -m tagweave.config` prints the latter.
"""

import ast
import difflib
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import msgspec
import yaml

from tagweave import sources
from tagweave.errors import ConfigError

ENVIRONMENT: Final = "TAGWEAVE_CONFIG"
DATA_ENVIRONMENT: Final = "TAGWEAVE_DATA_DIR"
FILE_NAME: Final = "tagweave.yaml"

_PATHS: Final = frozenset({"path", "kubeconfig"})
_KEY_TAGS: Final = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")
_AT: Final = re.compile(r"(.*) - at `\$(.*)`", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`")


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `tagweave run` serves."""

    listen: str = "127.0.0.1:8080"
    """The address and port of HTTP. Other machines reach it on `0.0.0.0:8080`: give it tokens then."""
    token_file: str | None = None
    """A file with bearer tokens, one a line, `#` beginning a comment; a request to /api needs one of them.
    Default: no token is asked for."""
    max_body_bytes: int = 256 * 1024 * 1024
    """The largest body of a request, in bytes, also after decompression."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything in `tagweave.yaml` but the sources."""

    store: str | None = None
    """The inventory's database: `sqlite:///path` or `postgresql://host/db`. Default: SQLite in the data folder."""
    names: str = "otel"
    """The vocabulary of tag names: otel, deepflow or ecs."""
    groups: dict[str, list[str]] = {}
    """Custom groups: a name and an ordered list of tags, the first that is set wins; each is the tag
    `tagweave.group.NAME`. The group named `service` also is auto_service's custom service."""
    interval_seconds: float = 300
    """How long `tagweave run` waits between two passes over a source that cannot be followed, in seconds."""
    retention_days: float | None = None
    """How long `tagweave run` keeps versions that ended, in days. Default: for ever."""
    server: Server = Server()
    """What `tagweave run` serves; see below."""


class Configured(msgspec.Struct, frozen=True):
    """A source as configured: its type and that type's own `Config`."""

    type: str
    config: Any


class Config(msgspec.Struct, frozen=True):
    """A configuration that was read. Relative paths in it start at the file's folder."""

    path: Path
    settings: Settings
    sources: tuple[Configured, ...]

    def source_names(self) -> list[str]:
        """The names of all sources, in order."""
        return [source.config.name for source in self.sources]

    def accounts(self) -> dict[str, tuple[str, str]]:
        """The provider and account id of each source that tells them."""
        return {
            s.config.name: (getattr(s.config, "provider", ""), getattr(s.config, "account", ""))
            for s in self.sources
            if getattr(s.config, "provider", "") or getattr(s.config, "account", "")
        }


def find(option: str | None) -> Path:
    """The configuration file: the option, else $TAGWEAVE_CONFIG, else ./tagweave.yaml."""
    return Path(option or os.environ.get(ENVIRONMENT) or FILE_NAME)


def data_dir(option: str | None) -> Path:
    """The folder of Tagweave's own state: the option, else $TAGWEAVE_DATA_DIR, else the platform's."""
    chosen = option or os.environ.get(DATA_ENVIRONMENT)
    if chosen:
        return Path(chosen)
    from platformdirs import user_data_path  # noqa: PLC0415 - mostly the folder is given

    return user_data_path("tagweave", appauthor=False)


def load(path: Path) -> Config:
    """Read a configuration. Raises ConfigError, naming file, line, key, what was found and expected."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"there is no {path}: write one with `tagweave init`, or name it with --config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    return _Reader(path, text).read()


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        try:
            self._node = yaml.compose(text, Loader=yaml.CSafeLoader)
            self._value = yaml.load(text, Loader=_TextTimes)  # noqa: S506 - a CSafeLoader without times
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = self._line_of(mark) if mark else 1
            raise ConfigError(f"{path}:{line}: no YAML: {getattr(error, 'problem', error)}") from error
        self._check_keys(self._node, "", set())

    def read(self) -> Config:
        value = self._value
        if not isinstance(value, dict):
            found = "nothing" if value is None else type(value).__name__
            raise self._error("", f"expected a mapping with `sources`, found {found}")
        listed = value.pop("sources", None)
        known = [*Settings.__struct_fields__, "sources"]
        settings = self._convert(value, Settings, "", known)
        self._check(settings)
        if not isinstance(listed, list) or not listed:
            raise self._error(".sources", "expected a list of sources, each with `name` and `type`")
        made = tuple(self._source(one, f".sources[{i}]") for i, one in enumerate(listed))
        names = [source.config.name for source in made]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise self._error(f".sources[{i}].name", f"two sources are named {name!r}: names are unique")
        return Config(self._path, _absolute(settings, self._path.parent), made)

    def _check_keys(self, node: Any, path: str, seen: set[int]) -> None:  # noqa: ANN401 - a YAML node
        """Keys are words, each once: YAML itself takes the last of two without a word."""
        if id(node) in seen:
            return
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for i, one in enumerate(node.value):
                self._check_keys(one, f"{path}[{i}]", seen)
        if not isinstance(node, yaml.MappingNode):
            return
        known: set[str] = set()
        for key, value in node.value:
            shown = f"{path}.{key.value}" if isinstance(key, yaml.ScalarNode) else path
            what = "" if key.tag in _KEY_TAGS else "expected a word as the key: put it in quotes if it is meant"
            if what or key.value in known:
                line = self._line_of(key.start_mark)
                what = what or "this key is here twice"
                raise ConfigError(f"{self._path}:{line}: {shown.lstrip('.')}: {what}")
            known.add(key.value)
            self._check_keys(value, shown, seen)

    def _check(self, settings: Settings) -> None:
        if settings.names not in ("otel", "deepflow", "ecs"):
            raise self._error(".names", f"expected otel, deepflow or ecs, found {settings.names!r}")
        for key in ("interval_seconds", "retention_days"):
            value = getattr(settings, key)
            if value is not None and not value > 0:
                raise self._error(f".{key}", f"expected more than 0, found {value}")
        if settings.groups:
            from tagweave.index.vocabulary import refusal  # noqa: PLC0415 - NumPy, for few

            for name, tags in settings.groups.items():
                for i, tag in enumerate(tags):
                    if why := refusal(tag):
                        raise self._error(f".groups.{name}[{i}]", why)

    def _source(self, value: Any, path: str) -> Configured:  # noqa: ANN401 - any YAML
        if not isinstance(value, dict):
            raise self._error(path, f"expected a mapping with `name` and `type`, found {type(value).__name__}")
        fields = dict(value)
        kind = fields.pop("type", None)
        if not isinstance(kind, str) or kind not in sources.TYPES:
            choices = ", ".join(sources.TYPES)
            found = "no `type`" if kind is None else f"type {kind!r}{_nearest(str(kind), list(sources.TYPES))}"
            raise self._error(f"{path}.type" if kind else path, f"found {found}; expected one of {choices}")
        struct = sources.config_type(kind)
        config = self._convert(fields, struct, path, [*struct.__struct_fields__, "type"])
        if not config.name:
            raise self._error(f"{path}.name", "expected a name, found an empty one")
        return Configured(kind, _absolute(config, self._path.parent))

    def _convert(self, value: Any, struct: type[Any], path: str, known: list[str]) -> Any:  # noqa: ANN401
        try:
            return msgspec.convert(value, struct)
        except msgspec.ValidationError as error:
            match = _AT.fullmatch(str(error))
            what, at = (match[1], match[2]) if match else (str(error), "")
            at = _with_key(value, struct, at)
            unknown = _UNKNOWN.fullmatch(what)
            if unknown:
                at = f"{at}.{unknown[1]}"
                choices = known if at.count(".") == 1 else []
                what = f"unknown key {unknown[1]!r}{_nearest(unknown[1], choices)}"
            raise self._error(path + at, what) from None

    def _error(self, path: str, what: str) -> ConfigError:
        key = path.lstrip(".")
        line = self._line(path)
        return ConfigError(f"{self._path}:{line}: {f'{key}: ' if key else ''}{what}")

    def _line(self, path: str) -> int:
        """The line of a key, as far as the path leads."""
        node = self._node
        mark = node.start_mark if node else None
        for step in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path):
            key, position = step
            if isinstance(node, yaml.MappingNode) and key:
                found = next(((k, v) for k, v in node.value if k.value == key), None)
                if found is None:
                    break
                mark, node = found[0].start_mark, found[1]
            elif isinstance(node, yaml.SequenceNode) and position and int(position) < len(node.value):
                node = node.value[int(position)]
                mark = node.start_mark
            else:
                break
        return self._line_of(mark) if mark else 1

    def _line_of(self, mark: Any) -> int:  # noqa: ANN401 - a YAML mark
        """The line as editors count: YAML also breaks lines at characters that they do not."""
        return self._text.count("\n", 0, mark.index) + 1


def _with_key(value: Any, struct: type[Any], at: str) -> str:  # noqa: ANN401 - any YAML
    """A path with the key of a mapping for msgspec's `[...]`: the first one whose value alone is refused."""
    before, found, after = at.partition("[...]")
    field = before.removeprefix(".")
    if not found or not isinstance(value, dict) or not isinstance(value.get(field), dict):
        return at
    for key, one in value[field].items():
        try:
            msgspec.convert({**value, field: {key: one}}, struct)
        except msgspec.ValidationError:
            return f"{before}.{key}{after}"
    return at


class _TextTimes(yaml.CSafeLoader):
    """Times stay text: their structs read them."""


_TextTimes.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _absolute(config: Any, folder: Path) -> Any:  # noqa: ANN401 - a source's Config, or a part of one
    """A configuration with its paths made absolute: those fields that are called so."""
    changes: dict[str, Any] = {}
    for field in config.__struct_fields__:
        value = getattr(config, field)
        if isinstance(value, str) and (field in _PATHS or field.endswith("_file")):
            changes[field] = str(folder / Path(value).expanduser())
        elif isinstance(value, msgspec.Struct):
            changes[field] = _absolute(value, folder)
        elif isinstance(value, tuple) and any(isinstance(one, msgspec.Struct) for one in value):
            changes[field] = tuple(_absolute(one, folder) for one in value)
    return msgspec.structs.replace(config, **changes) if changes else config


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


# ---- what is generated from the docstrings

EXAMPLE_SOURCES: Final = """\
sources:
  # A dump of a cluster: `kubectl get … -o json|yaml`, a support bundle, any folder or archive of these.
  - name: cluster-1
    type: files
    path: ./dump
  # The same cluster at several moments is its history.
  # - name: cluster-2
  #   type: files
  #   snapshots:
  #     - {path: ./dump-0900, at: 2026-01-01T09:00:00Z}
  #     - {path: ./dump-1000, at: 2026-01-01T10:00:00Z}

  # A cluster that is watched, and clouds by their own credentials: `tagweave check` says what each may read.
  # - {name: prod, type: kubernetes, context: prod}
  # - {name: payments, type: aws, regions: [eu-*]}
  # - {name: group, type: azure}
  # - {name: games, type: tencent}
  # - {name: shop-cn, type: aliyun}
"""


def documented(struct: type[Any]) -> Iterator[tuple[str, str, str]]:
    """(field, default, docstring) of each field of a struct, as its source has them."""
    body = ast.parse(dedent(inspect.getsource(struct))).body[0]
    assert isinstance(body, ast.ClassDef)
    for field, text in zip(body.body, body.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            default = "required" if field.value is None else ast.unparse(field.value)
            yield field.target.id, default, " ".join(str(text.value.value).split())


def example() -> str:
    """The commented configuration that `tagweave init` writes."""
    lines = ["# Tagweave's configuration. Every key: `docs/configuration.md`.", "", EXAMPLE_SOURCES]
    for field, default, text in documented(Settings):
        shown = {
            "None": {"retention_days": "90"}.get(field, "sqlite:///inventory.db"),
            "{}": "{team: [k8s.pod.label.team, k8s.namespace.name]}",
            "Server()": "{listen: '127.0.0.1:8080'}",
        }
        lines += [f"# {text}", f"# {field}: {shown.get(default, default.strip(chr(39)))}", ""]
    return "\n".join(lines).rstrip() + "\n"


def reference() -> str:
    """docs/configuration.md."""
    out = [
        "# Configuration",
        "",
        "`tagweave.yaml`: `--config FILE`, else `$TAGWEAVE_CONFIG`, else `./tagweave.yaml`. State is kept under",
        "`--data-dir`, else `$TAGWEAVE_DATA_DIR`, else the platform's data folder. Relative paths start at the file's",
        "folder. A wrong file is refused with its line and key. `tagweave init` writes a commented example.",
        "",
        "This page is made from the code: `make docs`.",
        "",
        "## Settings",
        "",
        *_table(Settings),
        "",
        "### `server`",
        "",
        *_table(Server),
        "",
        "## Sources",
        "",
        "`sources` is a list; each has a `name`, a `type`, and the keys of its type.",
    ]
    for name in sources.TYPES:
        out += ["", f"### `type: {name}`", "", *_table(sources.config_type(name))]
    return "\n".join(out) + "\n"


def _table(struct: type[Any]) -> list[str]:
    rows = [f"| `{f}` | `{d}` | {t} |" for f, d, t in documented(struct)]
    return ["| key | default | meaning |", "|---|---|---|", *rows]


if __name__ == "__main__":
    import sys

    sys.stdout.write(reference())
