# SPDX-License-Identifier: BSL-1.0
"""Runs an example server, which prints its URL first and ends with status 0 on SIGINT."""

import contextlib
import re
import signal
import subprocess

SECONDS = 20


@contextlib.contextmanager
def running(*command, **options):
    """Gives the server and its URL, and stops the server afterwards."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, encoding="utf-8", **options
    ) as server:
        try:
            first = server.stdout.readline()
            url = re.search(r"\b(?:ws|http)s?://(?:[\d.]+|\[::1\]):\d+/", first)
            assert url, f"the first line of {command[0]} names no URL: {first!r}"
            yield server, url[0]
            server.send_signal(signal.SIGINT)
            assert server.wait(SECONDS) == 0, f"{command[0]} ended with {server.returncode}"
        finally:
            server.kill()


@contextlib.contextmanager
def running_server(*command):
    """Gives the server's URL, and stops the server afterwards."""
    with running(*command) as (_, url):
        yield url
