# SPDX-License-Identifier: BSL-1.0
"""Starts the programs that the tests talk to, on free ports, and ends them."""

import os
import pathlib
import queue
import re
import signal
import subprocess
import threading

# The limit of every wait. Only a failing test waits so long.
SECONDS = 20


def built(name):
    """The path of a built example, or of a program of this folder."""
    for variable in ("HAWSER_PROGRAMS", "HAWSER_EXAMPLES"):
        for folder in os.environ.get(variable, "").split(os.pathsep):
            path = pathlib.Path(folder) / name
            if folder and path.is_file():
                return str(path)
    raise FileNotFoundError(f"{name} is in none of HAWSER_PROGRAMS and HAWSER_EXAMPLES")


class Program:
    """A process whose output is read line by line, each line within SECONDS."""

    def __init__(self, *command, **settings):
        self.name = pathlib.Path(command[0]).name
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            **settings,
        )
        self._lines = queue.Queue()
        self._errors = []
        self._threads = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read_output(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _read_errors(self):
        self._errors.extend(self.process.stderr)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def line(self):
        """The next line of its output, or None at the end."""
        try:
            return self._lines.get(timeout=SECONDS)
        except queue.Empty:
            raise TimeoutError(f"{self.name} printed nothing for {SECONDS} s") from None

    def pending(self):
        """The lines that have arrived and were not read yet."""
        lines = []
        while not self._lines.empty():
            lines.append(self._lines.get())
        return lines

    def url(self):
        """The address in its first line."""
        line = self.line()
        found = re.search(r"wss?://\S+", line or "")
        if not found:
            raise AssertionError(f"the first line of {self.name} names no address: {line!r}")
        return found[0]

    def write(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        """Waits until it ends. Returns its exit code, the rest of its output and its errors."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        code = self.process.wait(SECONDS)
        for thread in self._threads:
            thread.join(SECONDS)
        output = [line for line in self.pending() if line is not None]
        return code, output, "".join(self._errors)

    def interrupt(self):
        """Sends SIGINT, then the same."""
        self.signal(signal.SIGINT)
        return self.end()

    def terminate(self):
        """Ends it by SIGTERM, so that it can end its own child processes."""
        self.process.terminate()
        self.process.wait(SECONDS)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(SECONDS)
        for thread in self._threads:
            thread.join(SECONDS)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass
