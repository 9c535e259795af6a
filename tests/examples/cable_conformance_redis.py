# SPDX-License-Identifier: BSL-1.0
"""cable_conformance_redis.py SERVER CLIENT: clients of two servers get what is published by Redis, as anyt publishes."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

from redis_fanout import started
from running_server import SECONDS, running

STREAMS_FROM_A = "Anyt::TestChannels::BroadcastDataFromChannelChannel"


def publish(where, channel, text):
    """Publishes as another program does; two servers get it."""
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(SECONDS)
        one.connect(str(where))
        words = [word.encode() for word in ("PUBLISH", channel, text)]
        one.sendall(
            b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        )
        assert one.makefile("rb").readline() == b":2\r\n"


def main(server, client):
    redis = shutil.which("redis-server")
    if redis is None:
        print("redis-server is missing (Debian: redis-server)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        where = pathlib.Path(folder, "socket")
        environment = {**os.environ, "REDIS_URL": f"unix:{where}"}
        storage = started(redis, folder)
        clients = []
        try:
            with running(server, "0", env=environment) as (_, here):
                with running(server, "0", env=environment) as (_, there):
                    for url, action in ((here, []), (there, ["speak", '{"msg":"hello"}'])):
                        clients.append(
                            subprocess.Popen(
                                [client, url + "cable", STREAMS_FROM_A, *action],
                                stdout=subprocess.PIPE,
                                encoding="utf-8",
                            )
                        )
                        assert clients[-1].stdout.readline() == "connected\n"
                    for each in clients:
                        got = each.stdout.readline()
                        assert "hello" in got, f"a client printed {got!r}"
                    publish(where, "a", '{"text":"from outside"}')
                    for each in clients:
                        got = each.stdout.readline()
                        assert "from outside" in got, f"a client printed {got!r}"
                    for each in clients:
                        each.kill()
                        each.wait()
        finally:
            for each in (*clients, storage):
                each.kill()
                each.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
