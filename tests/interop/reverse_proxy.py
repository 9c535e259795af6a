# SPDX-License-Identifier: BSL-1.0
"""The tests of every reverse proxy, between two of our programs and between ours and websockets."""

import asyncio
import http.client
import logging
import os
import pathlib
import re
import shutil
import socket
import sys
import tempfile
import time
import unittest
import urllib.parse

import programs
import websockets

SKIPPED = 77
# The idle timeout of the proxy, and the interval of our keep-alive.
IDLE = 1.5
KEEP_ALIVE = 0.4
LOST = "^ended 1006: .*(the peer ended|reset)"


def find(name):
    """The path of a program, also in the system's folders for servers."""
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")


def configuration(name, **values):
    """The file of that name, with a value in place of each word in capitals."""
    text = pathlib.Path(__file__).with_name(name).read_text("utf-8")
    for word, value in (values | {"IDLE": f"{int(IDLE * 1000)}ms"}).items():
        text = re.sub(rf"\b{word}\b", str(value), text)
    return text


def keep_alive(seconds):
    """The arguments that set the keep-alive interval of our program."""
    return "--keep-alive", str(int(seconds * 1000))


async def within(awaitable):
    return await asyncio.wait_for(awaitable, programs.SECONDS)


class Pings(logging.Handler):
    """Counts the received pings, which only the log of websockets reports."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.came = asyncio.Semaphore(0)
        self.logger = logging.Logger("frames", logging.DEBUG)
        self.logger.addHandler(self)

    def emit(self, record):
        if record.getMessage().startswith("< PING"):
            self.came.release()


class ReverseProxyTest(unittest.IsolatedAsyncioTestCase):
    # Each test of a proxy defines the status for a client when there is no server,
    unreachable_status = None

    def start_proxy(self, folder, listening, upstream):
        """and how to start it, on a listening socket, in front of that host and port."""
        raise NotImplementedError

    def proxy(self, url):
        """The address of a proxy for this one."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        # The proxy inherits a socket that already listens, so no other program can take the port,
        # and no client has to wait.
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.start_proxy(folder, listening, urllib.parse.urlsplit(url).netloc)
            return f"ws://127.0.0.1:{listening.getsockname()[1]}/"

    def start(self, name, *arguments):
        return self.enterContext(programs.Program(programs.built(name), *arguments))

    async def connect(self, url, **settings):
        peer = await within(websockets.connect(url, ping_interval=None, **settings))
        self.addAsyncCleanup(peer.close)
        return peer

    async def assert_echo(self, peer, message):
        await peer.send(message)
        self.assertEqual(await within(peer.recv()), message)

    async def line(self, program):
        return await asyncio.to_thread(program.line)

    async def test_messages_come_back_equal(self):
        peer = await self.connect(self.proxy(self.start("scripted_server").url()))
        for message in ("", "ἀγκύρα ⚓", b"", bytes(125), bytes(126), bytes(65_536), bytes(10**6)):
            await self.assert_echo(peer, message)
        await within(await peer.ping(b"ahoy"))

    async def test_closings_go_through_both_ways(self):
        server = self.start("scripted_server")
        url = self.proxy(server.url())
        peer = await self.connect(url)
        await within(peer.close(3000, "χαῖρε"))
        self.assertEqual(peer.close_code, 3000)
        self.assertEqual(await self.line(server), "ended 3000 clean χαῖρε")

        peer = await self.connect(url)
        await peer.send("/close 4000 χαῖρε")
        await within(peer.wait_closed())
        self.assertEqual((peer.close_code, peer.close_reason), (4000, "χαῖρε"))
        self.assertEqual(await self.line(server), "ended 4000 clean χαῖρε")

        peer = await self.connect(url)
        peer.transport.abort()
        self.assertRegex(await self.line(server), LOST)

    async def test_pages_of_the_proxys_origin_are_let_in(self):
        url = self.proxy(self.start("scripted_server").url())
        await self.connect(url, origin=url.replace("ws:", "http:").rstrip("/"))
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            await self.connect(url, origin="http://example.com")
        self.assertEqual(refused.exception.status_code, 403)

    async def test_a_plain_get_gets_426(self):
        address = urllib.parse.urlsplit(self.proxy(self.start("scripted_server").url())).netloc
        connection = http.client.HTTPConnection(address, timeout=programs.SECONDS)
        self.addCleanup(connection.close)
        connection.request("GET", "/")
        response = connection.getresponse()
        self.assertEqual(response.status, 426)
        self.assertEqual(len(response.read()), int(response.headers["Content-Length"]))

    async def test_our_client_talks_to_our_server(self):
        server = self.start("echo_server", "0")
        url = self.proxy(server.url())
        client = self.start("echo_client", url, "--once", "ἀγκύρα ⚓")
        self.assertEqual(await asyncio.to_thread(client.end), (0, ["ἀγκύρα ⚓"], ""))

        client = self.start("echo_client", url)
        client.write("ahoy")
        self.assertEqual(await self.line(client), "ahoy")
        self.assertEqual(await asyncio.to_thread(server.interrupt), (0, [], ""))
        code = await asyncio.to_thread(client.process.wait, programs.SECONDS)
        self.assertEqual(code, 0)

    async def test_a_server_that_is_gone_is_named_by_its_status(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = self.proxy(f"ws://127.0.0.1:{closed.getsockname()[1]}/")
            client = self.start("echo_client", url, "--once", "ahoy")
            code, output, errors = await asyncio.to_thread(client.end)
        self.assertEqual((code, output), (1, []))
        self.assertIn(f"HTTP status {self.unreachable_status}", errors)

    async def test_the_servers_keep_alive_outlives_the_proxys_timeout(self):
        pings = Pings()
        server = self.start("event_server", *keep_alive(KEEP_ALIVE))
        peer = await self.connect(self.proxy(server.url()), logger=pings.logger)
        await self.assert_echo(peer, "ahoy")
        start = time.monotonic()
        while time.monotonic() - start < 2 * IDLE:
            await within(pings.came.acquire())
        await self.assert_echo(peer, "still here")
        await within(peer.close(3000))
        self.assertEqual(await self.line(server), "ended 3000 clean ")

    async def test_the_clients_keep_alive_outlives_the_proxys_timeout(self):
        pings = Pings()
        peers = asyncio.Queue()

        async def keep(peer):
            await peers.put(peer)
            await peer.wait_closed()

        settings = {"ping_interval": None, "logger": pings.logger}
        async with websockets.serve(keep, "127.0.0.1", 0, **settings) as server:
            url = self.proxy(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
            client = self.start("event_client", url, "--stay", "ahoy", *keep_alive(KEEP_ALIVE))
            peer = await within(peers.get())
            self.assertEqual(await within(peer.recv()), "ahoy")
            start = time.monotonic()
            while time.monotonic() - start < 2 * IDLE:
                await within(pings.came.acquire())
            await peer.send("still here")
            self.assertEqual(await self.line(client), "still here")
            await within(peer.close(3000))
            self.assertEqual(await self.line(client), "ended 3000 clean ")

    async def test_without_a_keep_alive_an_idle_connection_is_lost_to_both(self):
        server = self.start("event_server", *keep_alive(0))
        url = self.proxy(server.url())
        client = self.start("event_client", url, "--stay", "ahoy", *keep_alive(0))
        self.assertEqual(await self.line(client), "ahoy")
        start = time.monotonic()
        self.assertRegex(await self.line(client), LOST)
        self.assertRegex(await self.line(server), LOST)
        # Not earlier, or something other than the proxy's timeout has ended the connection.
        self.assertGreater(time.monotonic() - start, IDLE - 0.2)


def main(where, name):
    if where is None:
        print(f"There is no {name} here")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
