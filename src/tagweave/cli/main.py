"""The `tagweave` command."""

import os
import sys
from contextlib import AbstractContextManager, closing, nullcontext
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tagweave import writing
from tagweave.cli import output
from tagweave.cli.output import Format, say
from tagweave.cli.state import ConfigOption, DataOption, State, moment
from tagweave.errors import ConfigError, LookupKeyError, TagweaveError
from tagweave.model.collection import seldom

if TYPE_CHECKING:
    from tagweave.index.opening import TagIndex

USAGE: Final = 2
NOT_FOUND: Final = 1
INTERRUPTED: Final = 130

app = typer.Typer(
    name="tagweave",
    help="What was this address at that moment? A live, historical inventory of clouds and clusters, "
    "woven into telemetry.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

OutputOption = Annotated[Format, typer.Option("-o", "--output", help="How to print.")]
NetworkOption = Annotated[
    str | None,
    typer.Option("--network", help="The VPC, cluster or node from where the key is seen: its id or name."),
]
AtOption = Annotated[str | None, typer.Option("--at", metavar="TIME", help="RFC 3339; else now.")]
KnownOption = Annotated[
    str | None,
    typer.Option("--known-at", metavar="TIME", help="Answer with what had been learned by then; derives it anew."),
]
NamesOption = Annotated[str | None, typer.Option("--names", help="otel, deepflow or ecs; else as configured.")]


def run() -> None:
    """The entry point: errors become one line and an exit code."""
    seldom()
    writing.remove_parts_when_ended()
    try:
        sys.exit(app(standalone_mode=False))  # the exit code of a command, None where it has none
    except typer.Abort:
        sys.exit(INTERRUPTED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (ConfigError, LookupKeyError) as error:
        say(f"tagweave: {error}")
        sys.exit(USAGE)
    except TagweaveError as error:
        say(f"tagweave: {error}")
        sys.exit(NOT_FOUND)
    except Exception as error:
        show = getattr(error, "show", None)  # a usage error of the command line shows itself
        if show is None:
            raise
        show()
        sys.exit(USAGE)


def _version(asked: bool) -> None:
    if asked:
        output.put(f"tagweave {installed('tagweave')}\n")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    config: ConfigOption = None,
    data_dir: DataOption = None,
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Set up what all commands share."""
    context.obj = State(config, data_dir)


@app.command()
def init(
    context: typer.Context,
    config: ConfigOption = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write a commented tagweave.yaml.

    Example: tagweave init
    """
    from tagweave import config as configuration  # noqa: PLC0415 - only this command needs its generator

    path = configuration.find(config or context.obj._config_file)
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already: --force writes over it")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(configuration.example(), "utf-8")
    say(f"wrote {path}: name your sources in it, then run `tagweave sync`")


@app.command()
def check(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Else all.")] = None,
    form: OutputOption = Format.table,
    config: ConfigOption = None,
) -> None:
    """Try the sources: credentials, each permission, each API. Exit code: 0 all, 3 partly, 1 none.

    Example: tagweave check -o json
    """
    from tagweave.cli import checking, syncing  # noqa: PLC0415 - other commands do without sources

    state: State = context.obj.also(config, None)
    raise typer.Exit(checking.run(syncing.choose(state.config.sources, names or []), form))


@app.command()
def sync(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Else all.")] = None,
    form: OutputOption = Format.table,
    config: ConfigOption = None,
    data_dir: DataOption = None,
) -> None:
    """Read the sources once, and bring the tag index up to date. Exit code: 0 all, 3 partly, 1 none.

    Example: tagweave sync cluster-1 -o json
    """
    from tagweave.cli import syncing  # noqa: PLC0415 - other commands do without sources

    state: State = context.obj.also(config, data_dir)
    chosen = syncing.choose(state.config.sources, names or [])
    with closing(state.inventory(create=True)) as inventory, inventory.one_writer(), state.writing(inventory) as writer:
        code = syncing.run(inventory, writer, chosen, form)
    raise typer.Exit(code)


@app.command()
def sources(
    context: typer.Context,
    form: OutputOption = Format.table,
    config: ConfigOption = None,
    data_dir: DataOption = None,
) -> None:
    """List each source and scope: how fresh it is, how much it holds, its last error.

    Example: tagweave sources -o json
    """
    from tagweave.inventory import reading  # noqa: PLC0415

    state: State = context.obj.also(config, data_dir)
    inventory = state.inventory()
    rows = reading.source_rows(inventory, state.config.source_names())
    inventory.close()
    output.listing(rows, reading.source_columns(rows), form)


@app.command()
def resources(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="Such as pod, vm, subnet.")],
    source: Annotated[str | None, typer.Option("--source", help="Of this source only.")] = None,
    at: AtOption = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="FIELD=VALUE", help="Repeatable: all must hold.")
    ] = None,
    contains: Annotated[
        str | None, typer.Option("--contains", metavar="TEXT", help="In the name or the id, in any case.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="At most so many; else all.")] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="CURSOR", help="The next page, as the one before told.")
    ] = None,
    form: OutputOption = Format.table,
    config: ConfigOption = None,
    data_dir: DataOption = None,
) -> None:
    """List the resources of a kind, as of now or of a time.

    Example: tagweave resources pod --where namespace=shop --at 2026-01-31T14:05:00Z --limit 100
    """
    from tagweave.inventory import reading  # noqa: PLC0415

    state: State = context.obj.also(config, data_dir)
    found = reading.kind_of(kind)
    if source is not None and source not in state.config.source_names():
        choices = ", ".join(state.config.source_names())
        raise ConfigError(f"there is no source {source!r}: choose from {choices}")
    inventory = state.inventory()
    rows = reading.Rows(inventory, found, source, moment(at), where or [], limit, after, contains)
    try:
        if form is Format.table:
            held = [*rows]
            output.table(held, reading.columns(found, held))
        else:
            output.listing(rows, reading.columns(found), form)
    finally:
        inventory.close()
    if rows.next is not None:
        say(f"there are more: the next page is that --after {rows.next}")


def _index(state: State, known_at: str | None) -> "AbstractContextManager[TagIndex]":
    """The index as it is, or of what had been learned by a time."""
    known = moment(known_at, "--known-at")
    return nullcontext(state.index()) if known is None else state.index_known_at(known)


@app.command()
def lookup(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="IP address, pod uid, namespace/pod, container id, VM id, host, MAC.")],
    network: NetworkOption = None,
    at: AtOption = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Picks the service.")] = None,
    protocol: Annotated[str, typer.Option("--protocol", help="Of the port.")] = "tcp",
    names: NamesOption = None,
    known_at: KnownOption = None,
    why: Annotated[bool, typer.Option("--why", help="Tell how it was found.")] = False,
    form: OutputOption = Format.table,
    config: ConfigOption = None,
    data_dir: DataOption = None,
) -> None:
    """Tell what a key was at a time. Exit code: 0 found, 1 not.

    Example: tagweave lookup 10.3.7.12 --at 2026-01-31T14:05:00Z --why
    """
    from tagweave.cli import asking  # noqa: PLC0415

    state: State = context.obj.also(config, data_dir)
    when = moment(at)
    vocabulary = names or state.config.settings.names
    with _index(state, known_at) as index:
        answer = index.lookup(key, network=network, at=when, port=port, protocol=protocol, names=vocabulary)
    asking.show(answer, form, why=why)
    raise typer.Exit(0 if answer.match else NOT_FOUND)


@app.command()
def history(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="As for lookup.")],
    network: NetworkOption = None,
    known_at: KnownOption = None,
    form: OutputOption = Format.table,
    config: ConfigOption = None,
    data_dir: DataOption = None,
) -> None:
    """List who held a key, and when. Exit code: 0 somebody did, 1 nobody.

    Example: tagweave history 10.3.7.12
    """
    from tagweave.cli import asking  # noqa: PLC0415

    state: State = context.obj.also(config, data_dir)
    with _index(state, known_at) as index:
        found = index.history(key, network=network)
    asking.show_history(found, form)
    raise typer.Exit(0 if found else NOT_FOUND)


@app.command()
def tag(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="INPUT", help="A file, or - for stdin.")],
    target: Annotated[str, typer.Argument(metavar="[OUTPUT]", help="A file, or - for stdout.")] = "-",
    input_format: Annotated[
        str | None, typer.Option("--from", metavar="FORMAT", help="Else by content and name.")
    ] = None,
    output_format: Annotated[
        str | None, typer.Option("--to", metavar="FORMAT", help="Else by OUTPUT's name, else as INPUT.")
    ] = None,
    mapped: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=ROLE", help="Repeatable, such as cli=source.ip."),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="NAME", help="Repeatable: these tags in place of the usual."),
    ] = None,
    names: NamesOption = None,
    encode: Annotated[str, typer.Option("--encode", help="names: a column a tag; ids: a tagset id an end.")] = "names",
    network: NetworkOption = None,
    at: AtOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace tags that records carry.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="An address that another network's range holds too may be of either.")
    ] = False,
    config: ConfigOption = None,
    data_dir: DataOption = None,
) -> None:
    """Weave tags into flow records, as of the time of each. Exit code: 0 all, 3 partly, 1 none.

    Example: tagweave tag flows.parquet tagged.parquet
    """
    state: State = context.obj.also(config, data_dir)
    when = moment(at)
    writing.check(target)
    state.keep_kernels()
    index = state.index()
    from tagweave.cli import tagging  # noqa: PLC0415 - Arrow, for few commands

    vocabulary = names or state.config.settings.names
    options = tagging.options(
        mapped or [], input_format, output_format, encode, network, when, overwrite, tags, vocabulary, strict=strict
    )  # fmt: skip
    raise typer.Exit(tagging.run(index, source, target, options))


@app.command("names")
def name(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="INPUT", help="A file with encoded ids, or - for stdin.")],
    target: Annotated[str, typer.Argument(metavar="[OUTPUT]", help="A file, or - for stdout.")] = "-",
    input_format: Annotated[
        str | None, typer.Option("--from", metavar="FORMAT", help="Else by content and name.")
    ] = None,
    output_format: Annotated[
        str | None, typer.Option("--to", metavar="FORMAT", help="Else by OUTPUT's name, else as INPUT.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="COLUMN", help="Repeatable; else those that end in `tagset`."),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="NAME", help="Repeatable: these tags in place of the usual."),
    ] = None,
    names: NamesOption = None,
    mapped: Annotated[list[str] | None, typer.Option("--map", metavar="COLUMN=ROLE", help="Such as when=time.")] = None,
    at: AtOption = None,
    config: ConfigOption = None,
    data_dir: DataOption = None,
) -> None:
    """Turn the ids that `tag --encode ids` wrote into tags. Exit code: 0 all, 3 partly, 1 none.

    Example: tagweave names encoded.parquet named.parquet --tag k8s.pod.name
    """
    state: State = context.obj.also(config, data_dir)
    when = moment(at)
    writing.check(target)
    state.keep_kernels()
    index = state.index()
    from tagweave.cli import naming, tagging  # noqa: PLC0415 - Arrow, for few commands

    vocabulary = names or state.config.settings.names
    options = tagging.options(
        mapped or [], input_format, output_format, "names", None, when, False, tags, vocabulary
    )  # fmt: skip
    raise typer.Exit(naming.run(index, source, target, options, columns or []))


index_app = typer.Typer(
    name="index",
    help="The tag index: what it is made of, whether it is right, and making it anew.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(index_app)


@index_app.command("status")
def index_status(
    context: typer.Context,
    form: OutputOption = Format.table,
    config: ConfigOption = None,
    data_dir: DataOption = None,
) -> None:
    """Tell of what segments the index is made, and how far it is.

    Example: tagweave index status
    """
    from tagweave.cli import indexing  # noqa: PLC0415 - NumPy, for few commands

    state: State = context.obj.also(config, data_dir)
    with closing(state.inventory()) as inventory:
        raise typer.Exit(indexing.status(state.folder(), inventory, form))


@index_app.command("verify")
def index_verify(context: typer.Context, config: ConfigOption = None, data_dir: DataOption = None) -> None:
    """Check the index's files, and that it says what deriving it anew says. Exit code: 0 it does, 1 it does not.

    Example: tagweave index verify
    """
    from tagweave.cli import indexing  # noqa: PLC0415 - NumPy, for few commands

    state: State = context.obj.also(config, data_dir)
    state.keep_kernels()
    with closing(state.inventory()) as inventory:
        raise typer.Exit(indexing.verify(state.folder(), inventory))


@index_app.command("rebuild")
def index_rebuild(context: typer.Context, config: ConfigOption = None, data_dir: DataOption = None) -> None:
    """Derive the whole index anew from the inventory, in place of what there is.

    Example: tagweave index rebuild
    """
    state: State = context.obj.also(config, data_dir)
    with closing(state.inventory()) as inventory, state.writing(inventory) as writer:
        writer.rebuild()
        writer.close()
    say(f"made {state.folder().path} anew")


@app.command("run")
def serve(
    context: typer.Context,
    listen: Annotated[
        str | None, typer.Option("--listen", metavar="HOST:PORT", help="Else as configured, else 127.0.0.1:8080.")
    ] = None,
    config: ConfigOption = None,
    data_dir: DataOption = None,
) -> None:
    """Follow all sources for ever, and answer over HTTP.

    Example: tagweave run --listen :8080
    """
    state: State = context.obj.also(config, data_dir)
    settings = state.config
    state.keep_kernels()
    try:
        from tagweave.cli import serving  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigError(f"`tagweave run` needs {error.name}: pip install 'tagweave[server]'") from error

    inventory = state.inventory(create=True)
    try:
        with inventory.one_writer(), state.folder().lock():
            serving.run(settings, inventory, state.folder(), listen)
    finally:
        inventory.close()


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where to put it; else ./tagweave-demo.")
    ] = None,
    records: Annotated[int, typer.Option("--records", min=1000, help="How many flow records.")] = 1_000_000,
) -> None:
    """Run the product on a sample estate with known truth, in a minute.

    Example: tagweave demo
    """
    chosen = folder or Path("tagweave-demo")
    State(None, str(chosen / "data")).keep_kernels()
    from tagweave.demo import run as run_demo  # noqa: PLC0415

    run_demo(chosen, records)
