"""The README's picture: what `tagweave demo` prints, as it ran here. `python -m tagweave.demo.picture FILE`."""

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from tagweave.demo.run import run

WIDTH = 128
_FONT_FACES = re.compile(r"@font-face \{.*?\}", re.DOTALL)


def draw(target: Path) -> None:
    """Run the demo and write what it printed as SVG, with no font from elsewhere."""
    console = Console(record=True, width=WIDTH, emoji=False, highlight=False, file=io.StringIO(), force_terminal=True)
    console.print("[bold]$ make demo[/]")
    run(Path("tagweave-demo"), 1_000_000, console)
    svg = console.export_svg(title="tagweave demo")
    target.write_text(_FONT_FACES.sub("", svg), "utf-8")


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
