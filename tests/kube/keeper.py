"""Kill the components of a control plane whose test run died without stopping them.

The test run writes ``+PID`` and ``-PID`` lines to this process's standard input. When the pipe
closes, however the test run ended, every process that is still noted is killed.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    """Note processes until the pipe closes, then kill those that are left."""
    kept: set[int] = set()
    for line in sys.stdin:
        (kept.add if line[0] == "+" else kept.discard)(int(line[1:]))
    for pid in kept:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
