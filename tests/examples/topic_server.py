# SPDX-License-Identifier: BSL-1.0
"""topic_server.py SERVER: two clients subscribe, publish, and get what the other publishes."""

import socket
import sys
import urllib.parse

from running_server import SECONDS, running_server


class Client:
    """A WebSocket client that sends lines and receives messages; the frames are written by hand."""

    def __init__(self, url):
        where = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((where.hostname, where.port), SECONDS)
        self.received = self.socket.makefile("rb")
        self.socket.sendall(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert self.received.readline().startswith(b"HTTP/1.1 101 ")
        while self.received.readline() != b"\r\n":
            pass

    def close(self):
        """The stream has the socket, too; if either stayed open, the server would wait for an answer to its Close."""
        self.received.close()
        self.socket.close()

    def send(self, text):
        payload = text.encode()
        self.socket.sendall(bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload)

    def next(self):
        kind, size = self.received.read(2)
        assert kind == 0x81, f"a frame begins with {kind:#x}"
        return self.received.read(size).decode()

    def subscribe(self, topic):
        self.send(f"subscribe {topic}")
        assert self.next() == f"subscribed {topic}"


def main(server):
    with running_server(server, "0") as url:
        ann, bob = Client(url), Client(url)
        ann.subscribe("rooms/1")
        bob.subscribe("rooms/*")
        bob.subscribe("rooms/1")
        for text in ("hello", "", "two words"):
            ann.send(f"publish rooms/1 {text}")
            assert bob.next() == f"rooms/1 {text}"
        bob.send("publish rooms/1 back")
        assert ann.next() == "rooms/1 back"
        for wrong in ("subscribe **/a", "subscribe", "publish rooms/* x", "shout", ""):
            ann.send(wrong)
            answer = ann.next()
            assert answer.startswith("error: "), f"{wrong!r} gave {answer!r}"
        ann.send("unsubscribe rooms/1")
        ann.subscribe("last")
        bob.send("publish rooms/1 lost")
        bob.send("publish last seen")
        assert ann.next() == "last seen"
        bob.close()
        ann.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
