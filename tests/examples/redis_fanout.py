# SPDX-License-Identifier: BSL-1.0
"""redis_fanout.py SERVER: clients of two server processes are in one room, also after Redis was restarted."""

import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from running_server import SECONDS, running
from topic_server import Client


def started(program, folder):
    """A Redis server at a Unix socket in the folder."""
    where = pathlib.Path(folder, "socket")
    command = [program, "--port", "0", "--unixsocket", where, "--save", "", "--dir", folder]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        with socket.socket(socket.AF_UNIX) as one:
            try:
                one.connect(str(where))
                return server
            except OSError:
                time.sleep(0.01)
    server.kill()
    raise AssertionError("redis-server does not listen")


def talk(*clients):
    for text in ("one", "", "two words"):
        for speaker in clients:
            speaker.send(text)
            for each in clients:
                assert each.next() == text


def main(server):
    redis = shutil.which("redis-server")
    if redis is None:
        print("redis-server is missing (Debian: redis-server)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        url = f"unix:{folder}/socket"
        first = started(redis, folder)
        try:
            with running(server, url, "0", stderr=subprocess.DEVNULL) as (one, here):
                with running(server, url, "0", stderr=subprocess.DEVNULL) as (two, there):
                    for each in (one, two):
                        assert each.stdout.readline() == "in the room\n"
                    ann, bob = Client(here), Client(there)
                    for each in (ann, bob):
                        assert each.next() == "(in the room)"
                    talk(ann, bob)
                    first.kill()
                    first.wait()
                    pathlib.Path(folder, "socket").unlink()
                    first = started(redis, folder)
                    for each in (ann, bob):
                        assert each.next() == "(messages may be missing here)"
                    talk(ann, bob)
                    ann.close()
                    bob.close()
        finally:
            first.kill()
            first.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
