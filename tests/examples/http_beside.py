# SPDX-License-Identifier: BSL-1.0
"""http_beside.py SERVER: answers plain HTTP, and sends the body of each POST to all WebSocket clients."""

import http.client
import socket
import sys
import urllib.parse

from running_server import SECONDS, running_server

UPGRADE = (
    "GET /room HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def main(server):
    with running_server(server, "0") as url:
        where = urllib.parse.urlsplit(url)
        page = http.client.HTTPConnection(where.hostname, where.port, timeout=SECONDS)

        def ask(method, path, body=None, credentials=None):
            headers = {"Content-Type": "text/plain"}
            if credentials:
                headers["Authorization"] = credentials
            page.request(method, path, body, headers)
            answer = page.getresponse()
            return answer.status, answer.read(), answer

        assert ask("GET", "/health")[:2] == (200, b"well\n")
        assert ask("HEAD", "/health")[:2] == (200, b"")
        status, _, answer = ask("OPTIONS", "/say")
        assert status == 204 and answer.getheader("Access-Control-Allow-Methods") == "POST"
        assert ask("GET", "/say")[0] == 405
        assert ask("GET", "/nothing")[0] == 404

        page = http.client.HTTPConnection(where.hostname, where.port, timeout=SECONDS)
        # The stream must be closed, too, or the server would wait for an answer to its Close.
        with (
            socket.create_connection((where.hostname, where.port), SECONDS) as member,
            member.makefile("rb") as received,
        ):
            member.sendall(UPGRADE.encode())
            assert received.readline().startswith(b"HTTP/1.1 101 ")
            while received.readline() != b"\r\n":
                pass
            # The body in one piece, and in chunks.
            assert ask("POST", "/say", b"hello")[0] == 204
            assert ask("POST", "/say", iter([b"in ", b"chunks"]))[0] == 204
            assert received.read(7) == b"\x81\x05hello"
            assert received.read(11) == b"\x81\x09in chunks"
            assert ask("POST", "/say", b"x", "Bearer t0k3n")[0] == 401
            with socket.create_connection((where.hostname, where.port), SECONDS) as other:
                other.sendall(UPGRADE.replace("/room", "/room?name=Anna+M%2E", 1).encode())
                assert received.read(17) == b"\x81\x0fAnna M. is here"
        page.close()

    with running_server(server, "0", "t0k3n") as url:
        where = urllib.parse.urlsplit(url)
        page = http.client.HTTPConnection(where.hostname, where.port, timeout=SECONDS)
        assert ask("POST", "/say", b"x")[0] == 401
        assert ask("POST", "/say", b"x", "Bearer t0k3")[0] == 401
        assert ask("POST", "/say", b"x", "Bearer t0k3n")[0] == 204
        page.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
