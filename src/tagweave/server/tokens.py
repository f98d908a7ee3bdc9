"""Bearer tokens: those of a file, and whether a request has one of them."""

import codecs
import hmac
from pathlib import Path
from typing import Final

from tagweave.errors import ConfigError

_COMMENT: Final = b"#"
_VISIBLE: Final = range(0x20, 0x7F)
"""The characters that a token may have: those that an HTTP header carries as they are."""


def read(path: str) -> list[bytes]:
    """The tokens of a file, one a line; blank lines and lines that begin with `#` are none.

    Raises ConfigError with the number of the first line that can be no token, without its text.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"server.token_file: cannot read {path}: {error.strerror}") from error
    lines = [line.strip() for line in content.removeprefix(codecs.BOM_UTF8).split(b"\n")]
    tokens = {number: line for number, line in enumerate(lines, 1) if line and not line.startswith(_COMMENT)}
    for number, token in tokens.items():
        if not all(byte in _VISIBLE for byte in token):
            raise ConfigError(f"server.token_file: {path}:{number}: a token has visible ASCII characters only")
    if not tokens:
        raise ConfigError(f"server.token_file: {path} holds no token")
    return list(tokens.values())


def has_one(authorization: str, tokens: list[bytes]) -> bool:
    """Whether an Authorization header is `Bearer` with one of the tokens, in a time that does not tell which."""
    scheme, _, given = authorization.partition(" ")
    sent = given.strip().encode("latin-1", "replace")  # as a header came over the wire
    found = [hmac.compare_digest(sent, token) for token in tokens]
    return scheme.lower() == "bearer" and any(found)
