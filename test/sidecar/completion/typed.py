"""Types at a shell in a terminal of its own, and prints what comes back.

typed.py KEYS SHELL [ARGUMENT...]: starts the shell, waits for its prompt "ready> ", types the keys, and reads until
the line "end" or the shell's end. Exit status 1: it did not come to either in time.
"""

import os
import pty
import select
import sys
import time

PATIENCE_SECONDS = 30


def read_until(fd: int, marker: bytes, deadline: float) -> bytes:
    seen = b""
    while marker not in seen:
        ready, _, _ = select.select([fd], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            sys.stderr.write(f"no {marker!r} in {seen!r}\n")
            sys.exit(1)
        try:
            chunk = os.read(fd, 4096)
        except OSError:
            chunk = b""
        if chunk == b"":
            break
        seen += chunk
    return seen


def main() -> None:
    keys, *command = sys.argv[1:]
    child, fd = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    deadline = time.monotonic() + PATIENCE_SECONDS
    read_until(fd, b"ready> ", deadline)
    os.write(fd, keys.encode())
    sys.stdout.write(read_until(fd, b"\nend\r", deadline).decode())
    os.close(fd)
    os.waitpid(child, 0)


main()
