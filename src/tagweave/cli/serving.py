"""`tagweave run`: the service in the foreground, until it is told to stop."""

import logging
import signal
import sys

import structlog
import uvicorn
from structlog.tracebacks import ExceptionDictTransformer

from tagweave.config import Config
from tagweave.errors import ConfigError
from tagweave.index.folder import Folder
from tagweave.inventory import Inventory
from tagweave.server.api import application
from tagweave.server.following import Following
from tagweave.server.metrics import Metrics


def run(config: Config, inventory: Inventory, folder: Folder, listen: str | None) -> None:
    """Serve until SIGINT or SIGTERM; requests at work are finished, sources let go."""
    host, port = address(listen or config.settings.server.listen)
    _log_json()
    following = Following(config, inventory, folder, Metrics())
    app = application(following)
    structlog.get_logger("tagweave").info("serving", host=host, port=port, sources=config.source_names())
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, _end)  # uvicorn, when it is done, raises again what it was ended by
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=10)


def _end(_signal: int, _frame: object) -> None:
    raise SystemExit(0)


def address(text: str) -> tuple[str, int]:
    """Host and port. Raises ConfigError for what is neither `HOST:PORT` nor `:PORT`."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"server.listen: {text!r} is no address; expected HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - `:8080` asks for all of them


def _log_json() -> None:
    """One JSON object a line, on stderr. A traceback tells where, and no variable's value: a frame may hold secrets."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
