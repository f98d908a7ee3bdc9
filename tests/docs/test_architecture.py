"""The architecture's example is true: every table on the page is what the estate gives."""

from pathlib import Path

import example


def test_the_tables_on_the_page_are_those_of_the_estate(tmp_path: Path) -> None:
    made = example.blocks(tmp_path)
    page = example.PAGE.read_text()
    assert {block[2] for block in example.BLOCK.finditer(page)} == made.keys()
    assert page == example.rewritten(page, made), "run `python tests/docs/example.py`"
