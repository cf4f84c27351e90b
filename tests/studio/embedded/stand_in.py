"""A supervised process to try the supervisor with: `stand_in.py FILE [stubborn|brief]`.

It appends its process number to FILE, starts a child of its own and waits; `stubborn` ignores SIGTERM, `brief`
ends at once with code 7.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path


def main() -> None:
    path, *manners = sys.argv[1:]
    if "stubborn" in manners:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    child = subprocess.Popen(["sleep", "600"])
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {child.pid}\n")
    print("I have something to say.", flush=True)
    if "brief" in manners:
        sys.exit(7)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
