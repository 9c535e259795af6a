# SPDX-License-Identifier: BSL-1.0
"""Python's websockets as the client of our server and as the server of our client."""

import asyncio
import contextlib
import http
import logging
import re
import ssl
import unittest

import certificates
import programs
import websockets

TEXTS = ["", "ahoy", "ἀγκύρα ⚓ 錨 🚢", "a\0b", "\ufeff\ufffe", "é" * 40_000]
SIZES = [0, 125, 126, 65_535, 65_536, 1_000_000]
CLOSINGS = [(1000, ""), (1001, "on its way"), (1011, "broken"), (3000, "χαῖρε"), (4999, "x" * 123)]


def pattern(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


async def within(awaitable):
    return await asyncio.wait_for(awaitable, programs.SECONDS)


class Seen(logging.Handler):
    """Waits for frames in the log of websockets, because only that reports automatic pings and pongs."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []
        self.came = asyncio.Event()
        self.logger = logging.Logger("frames", logging.DEBUG)
        self.logger.addHandler(self)

    def emit(self, record):
        self.lines.append(record.getMessage())
        self.came.set()

    async def frames(self, start, count=1):
        while sum(line.startswith(start) for line in self.lines) < count:
            self.came.clear()
            await within(self.came.wait())


class EitherRole:
    """The tests of both roles. `open(**settings)` connects websockets to one of ours, and `ended()` returns
    what ours prints at the end of the connection."""

    async def test_text_comes_back_equal(self):
        peer = await self.open()
        for text in TEXTS:
            await peer.send(text)
            self.assertEqual(await within(peer.recv()), text)

    async def test_binary_comes_back_equal(self):
        peer = await self.open()
        for size in SIZES:
            await peer.send(pattern(size))
            self.assertEqual(await within(peer.recv()), pattern(size))

    async def test_nothing_is_compressed(self):
        peer = await self.open(compression="deflate")
        self.assertEqual(peer.extensions, [])
        await peer.send("a" * 100_000)
        self.assertEqual(await within(peer.recv()), "a" * 100_000)

    async def test_fragments_become_one_message(self):
        peer = await self.open()
        whole = pattern(100_000)
        sizes = [1, 125, 126, 4096, 99_999, 100_000]
        for size in sizes:

            async def pieces():
                for start in range(0, len(whole), size) if size > 1 else range(1000):
                    yield whole[start : start + size]

            await peer.send(pieces())
            self.assertEqual(await within(peer.recv()), whole if size > 1 else whole[:1000])
        await peer.send(["", "ἀγ", "", "κύρα", ""])
        self.assertEqual(await within(peer.recv()), "ἀγκύρα")

    async def test_a_slow_reader_gets_everything(self):
        peer = await self.open(max_queue=1)
        await peer.send("/flood 64")
        for _ in range(64):
            self.assertEqual(await within(peer.recv()), "a" * 1_000_000)
        await within(peer.close())
        self.assertEqual(await self.ended(), "ended 1000 clean ")

    async def test_pings_are_answered_with_their_payload(self):
        peer = await self.open()
        for payload in (b"", b"ahoy", pattern(125)):
            # websockets waits for the pong with this payload.
            await within(await peer.ping(payload))

    async def test_pings_between_fragments_are_answered(self):
        peer = await self.open()

        async def pieces():
            for piece in ("one ", "two ", "three"):
                yield piece
                await within(await peer.ping())

        await within(peer.send(pieces()))
        self.assertEqual(await within(peer.recv()), "one two three")

    async def test_our_pings_are_answered(self):
        seen = Seen()
        peer = await self.open(logger=seen.logger)
        await peer.send("/pong?")
        self.assertEqual(await within(peer.recv()), "no")
        await peer.send("/ping ahoy")
        await seen.frames("< PING 'ahoy'")
        await seen.frames("> PONG 'ahoy'")
        await peer.send("/pong?")
        self.assertEqual(await within(peer.recv()), "yes")

    async def test_its_keep_alive_is_content(self):
        seen = Seen()
        peer = await self.open(ping_interval=0.02, ping_timeout=10, logger=seen.logger)
        await seen.frames("< PONG", count=5)
        self.assertTrue(peer.open)

    async def test_closing_is_answered_with_the_code_and_the_reason_seen(self):
        for code, reason in CLOSINGS:
            peer = await self.open()
            await within(peer.close(code, reason))
            self.assertEqual(peer.close_code, code)
            self.assertEqual(await self.ended(), f"ended {code} clean {reason}")

    async def test_our_closing_is_answered(self):
        for code, reason in CLOSINGS:
            peer = await self.open()
            await peer.send(f"/close {code} {reason}")
            await within(peer.wait_closed())
            self.assertEqual((peer.close_code, peer.close_reason), (code, reason))
            self.assertEqual(await self.ended(), f"ended {code} clean {reason}")

    async def test_closing_without_a_code(self):
        peer = await self.open()
        await peer.send("/close")
        await within(peer.wait_closed())
        self.assertEqual((peer.close_code, peer.close_reason), (1005, ""))
        self.assertEqual(await self.ended(), "ended 1005 clean ")

    async def test_a_lost_connection_is_1006(self):
        peer = await self.open()
        peer.transport.abort()
        self.assertRegex(await self.ended(), "^ended 1006: .*(the peer ended|reset|truncated)")
        peer = await self.open()
        await peer.send("/drop")
        await within(peer.wait_closed())
        self.assertEqual(peer.close_code, 1006)
        self.assertEqual(await self.ended(), "ended 1006: the connection was ended from this side")

    async def test_too_large_a_message_is_1009(self):
        peer = await self.open(max_size=1000)
        await peer.send("a" * 1001)
        await within(peer.wait_closed())
        self.assertEqual(await self.ended(), "ended 1009 clean ")

    async def test_too_large_a_message_for_us_is_1009(self):
        peer = await self.open()
        with contextlib.suppress(websockets.ConnectionClosed):
            await within(peer.send(bytes(self.limit + 1)))
        await within(peer.wait_closed())
        self.assertEqual(peer.close_code, 1009)
        self.assertEqual(await self.ended(), "ended 1009: the message is too big")

    async def test_broken_text_is_1007(self):
        peer = await self.open()
        await peer.write_frame(True, websockets.frames.Opcode.TEXT, b"\xe1\xbd")
        await within(peer.wait_closed())
        self.assertEqual(peer.close_code, 1007)
        self.assertEqual(await self.ended(), "ended 1007: text is not UTF-8")


class Fragments:
    """The tests of fragments, which sessions do not send."""

    async def test_our_fragments_become_one_message(self):
        peer = await self.open()
        text = "ἀγκύρα ⚓ 錨 🚢" * 100
        for size in (1, 3, 125, 126, 10_000):
            await peer.send(f"/fragments {size} {text}")
            self.assertEqual(await within(peer.recv()), text)


class AsClient(EitherRole):
    """A client of websockets and our program of that name."""

    limit = 1024 * 1024
    program = "event_server"
    options = staticmethod(tuple)

    def setUp(self):
        command = programs.built(self.program), *self.options()
        self.server = self.enterContext(programs.Program(*command))
        self.url = self.server.url()

    async def open(self, **settings):
        settings = {"ping_interval": None, "close_timeout": programs.SECONDS} | settings
        if self.url.startswith("wss:"):
            settings = {"ssl": certificates.client_context()} | settings
        peer = await within(websockets.connect(self.url, **settings))
        self.addAsyncCleanup(peer.close)
        return peer

    async def ended(self):
        return await asyncio.to_thread(self.server.line)

    async def test_a_subprotocol_is_agreed_on(self):
        for offered, chosen in [(None, None), (["other"], None), (["other", "script"], "script")]:
            peer = await self.open(subprotocols=offered)
            self.assertEqual(peer.subprotocol, chosen)

    async def test_the_origin_decides(self):
        own = re.sub("^ws", "http", self.url).rstrip("/")
        await self.open(origin=own)
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            await self.open(origin="https://example.com")
        self.assertEqual(refused.exception.status_code, 403)

    async def test_our_server_says_1001_when_it_stops(self):
        peer = await self.open()
        await within(await peer.ping())
        stopping = asyncio.create_task(asyncio.to_thread(self.server.interrupt))
        await within(peer.wait_closed())
        self.assertEqual(peer.close_code, 1001)
        self.assertEqual(await within(stopping), (0, ["ended 1001 clean "], ""))


class SecureClient:
    options = staticmethod(certificates.server_options)

    async def test_our_server_is_not_believed_without_its_authority(self):
        for untrusting in (certificates.client_context("stranger"), ssl.create_default_context()):
            with self.assertRaisesRegex(ssl.SSLCertVerificationError, "issuer"):
                await self.open(ssl=untrusting)
        with self.assertRaisesRegex(ssl.SSLCertVerificationError, "127.0.0.1"):
            await websockets.connect(
                self.url.replace("localhost", "127.0.0.1"), ssl=certificates.client_context()
            )
        # The refused client has not affected the server.
        peer = await self.open()
        await peer.send("ahoy")
        self.assertEqual(await within(peer.recv()), "ahoy")


class ThreadedServerTest(AsClient, Fragments, unittest.IsolatedAsyncioTestCase):
    program = "scripted_server"


class EventServerTest(AsClient, unittest.IsolatedAsyncioTestCase):
    pass


class SecureThreadedServerTest(SecureClient, ThreadedServerTest):
    pass


class SecureEventServerTest(SecureClient, EventServerTest):
    pass


class Serving:
    secure = False

    async def serve(self, handler, **settings):
        """The address of a server of websockets."""
        stack = contextlib.AsyncExitStack()
        if self.secure:
            settings["ssl"] = certificates.server_context()
        server = await stack.enter_async_context(
            websockets.serve(handler, "127.0.0.1", 0, **settings)
        )
        self.addAsyncCleanup(stack.aclose)
        origin = "wss://localhost" if self.secure else "ws://127.0.0.1"
        return f"{origin}:{server.sockets[0].getsockname()[1]}/"


class AsServer(Serving, EitherRole):
    """A server of websockets and our program of that name."""

    limit = 16 * 1024 * 1024
    program = "event_client"

    async def open(self, **settings):
        peers = asyncio.Queue()

        async def keep(peer):
            await peers.put(peer)
            await peer.wait_closed()

        settings = {"ping_interval": None, "close_timeout": programs.SECONDS} | settings
        url = await self.serve(keep, subprotocols=["script"], **settings)
        client = self.client = self.start_client(url)
        peer = await within(peers.get())
        self.assertEqual(await asyncio.to_thread(client.line), "subprotocol script")
        self.assertEqual(peer.subprotocol, "script")
        return peer

    def start_client(self, url, authority="authority"):
        options = certificates.client_options(authority) if self.secure and authority else ()
        return self.enterContext(programs.Program(programs.built(self.program), url, *options))

    async def ended(self):
        ending = await asyncio.to_thread(self.client.line)
        self.assertEqual(await asyncio.to_thread(self.client.end), (0, [], ""))
        return ending


class EventClientTest(AsServer, unittest.IsolatedAsyncioTestCase):
    pass


class BlockingClientTest(AsServer, Fragments, unittest.IsolatedAsyncioTestCase):
    program = "scripted_client"


class SecureClientTest:
    secure = True

    async def test_a_server_is_not_believed_without_its_authority(self):
        url = await self.serve(None)
        for client, why in [
            (self.start_client(url, "stranger"), "authority is unknown or not trusted"),
            (self.start_client(url, authority=None), "authority is unknown or not trusted"),
            (self.start_client(url.replace("localhost", "127.0.0.1")), "not for this address"),
        ]:
            code, output, errors = await asyncio.to_thread(client.end)
            self.assertEqual((code, errors), (0, ""))
            self.assertRegex("\n".join(output), f"^failed: the certificate.*{why}$")


class SecureEventClientTest(SecureClientTest, EventClientTest):
    pass


class SecureBlockingClientTest(SecureClientTest, BlockingClientTest):
    pass


class EchoClientTest(Serving, unittest.IsolatedAsyncioTestCase):
    async def run_echo_client(self, *arguments):
        client = self.enterContext(programs.Program(programs.built("echo_client"), *arguments))
        return await asyncio.to_thread(client.end)

    async def test_the_echo_client_prints_the_echo(self):
        async def echo(peer):
            async for message in peer:
                await peer.send(message)

        url = await self.serve(echo)
        for text in ("ahoy", "ἀγκύρα ⚓ 錨 🚢"):
            self.assertEqual(await self.run_echo_client(url, "--once", text), (0, [text], ""))

    async def test_the_echo_client_names_the_status_of_a_refusal(self):
        for status in (401, 403, 404, 503):

            async def refuse(path, headers):
                return http.HTTPStatus(status), [("X-Why", "because")], b"no\n"

            url = await self.serve(None, process_request=refuse)
            code, output, errors = await self.run_echo_client(url, "--once", "ahoy")
            self.assertEqual((code, output), (1, []))
            self.assertIn(f"HTTP status {status}", errors)

    async def test_the_echo_client_names_the_code_of_a_closing(self):
        async def close(peer):
            await peer.recv()
            await peer.close(1011, "out of rope")

        url = await self.serve(close)
        code, output, errors = await self.run_echo_client(url, "--once", "ahoy")
        self.assertEqual((code, output), (1, []))
        self.assertIn("code 1011 (internal error): out of rope", errors)


if __name__ == "__main__":
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    unittest.main(verbosity=2)
