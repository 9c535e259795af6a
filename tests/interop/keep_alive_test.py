# SPDX-License-Identifier: BSL-1.0
"""The keep-alive detects a stopped peer; a peer that only sends nothing stays connected."""

import itertools
import pathlib
import shutil
import signal
import sys
import time
import unittest

import programs

KEEP_ALIVE = 0.3
OPTION = ("--keep-alive", str(int(KEEP_ALIVE * 1000)))
PONGS = 4
LIBRARIES = ("websockets", "ws")
DEAD = "ended 1006: the peer did not answer the keep-alive ping"
FOLDER = pathlib.Path(__file__).parent


def silent_peer(library, *arguments):
    command = {
        "websockets": [sys.executable, "-B", FOLDER / "silent_peer.py"],
        "ws": [shutil.which("node") or "node", FOLDER / "silent_peer.mjs"],
    }[library]
    return programs.Program(*command, *arguments)


class KeepAliveTest(unittest.TestCase):
    def assert_alive_until_stopped(self, peer, ours):
        """`peer` is the silent process and `ours` the program that watches it."""
        start = time.monotonic()
        for _ in range(PONGS):
            self.assertEqual(peer.line(), "pong")
        # Longer than a stopped peer stays connected.
        self.assertGreater(time.monotonic() - start, 2 * KEEP_ALIVE)
        self.assertEqual(ours.pending(), [])

        peer.signal(signal.SIGSTOP)
        start = time.monotonic()
        self.assertEqual(ours.line(), DEAD)
        elapsed = time.monotonic() - start
        print(f"found after {elapsed:.2f} s", end=" ", file=sys.stderr, flush=True)
        self.assertLess(elapsed, 2 * KEEP_ALIVE + 2)
        peer.signal(signal.SIGCONT)

    def start(self, name, *arguments):
        return self.enterContext(programs.Program(programs.built(name), *arguments, *OPTION))

    def test_a_stopped_client_is_found_once(self):
        for library, name in itertools.product(LIBRARIES, ("scripted_server", "event_server")):
            with self.subTest(library=library, server=name):
                server = self.start(name)
                client = self.enterContext(silent_peer(library, server.url()))
                self.assert_alive_until_stopped(client, server)
                client.end()
                self.assertEqual(server.interrupt(), (0, [], ""))

    def test_a_stopped_server_is_found_once(self):
        for library, name in itertools.product(LIBRARIES, ("scripted_client", "event_client")):
            with self.subTest(library=library, client=name):
                server = self.enterContext(silent_peer(library))
                client = self.start(name, server.url())
                self.assertRegex(client.line(), "^subprotocol")
                self.assert_alive_until_stopped(server, client)
                self.assertEqual(client.end(), (0, [], ""))

    def test_a_stopped_client_is_found_while_it_is_written_to(self):
        server = self.start("scripted_server")
        client = self.enterContext(silent_peer("websockets", server.url(), "/flood 1000"))
        self.assertEqual(client.line(), "sent")
        client.signal(signal.SIGSTOP)
        self.assertEqual(server.line(), "not written: the peer took no data for too long")
        self.assertEqual(server.line(), "ended 1006: the peer took no data for too long")
        self.assertEqual(server.interrupt(), (0, [], ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
