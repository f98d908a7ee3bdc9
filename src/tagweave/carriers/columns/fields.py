"""Fields of delimited text by RFC 4180: a quote opens a field at its start only; within, two quotes are one."""

import re


class Dialect:
    """How records are split at a delimiter of one character."""

    def __init__(self, delimiter: str) -> None:
        d = re.escape(delimiter)
        inside = r'[^"]*+(?:""[^"]*+)*+'
        field = rf'"{inside}"[^{d}]*+|(?!")[^{d}]*+'
        self._field = re.compile(rf"({field})({d}|\Z)")
        self._open = re.compile(rf'(?>(?:{field}){d})*+"{inside}\Z')

    def is_open(self, text: str) -> bool:
        """Whether a quote was opened and not closed: then the record goes on with the next line."""
        return self._open.match(text) is not None

    def split(self, text: str) -> list[str]:
        """The fields of a record; none where a quote stays open."""
        out: list[str] = []
        at = 0
        while (found := self._field.match(text, at)) is not None:
            out.append(_unquoted(found[1]) if found[1].startswith('"') else found[1])
            if not found[2]:
                return out
            at = found.end()
        return []


def _unquoted(field: str) -> str:
    inner, _, behind = field[1:].replace('""', "\0").partition('"')
    return (inner + behind).replace("\0", '"')
