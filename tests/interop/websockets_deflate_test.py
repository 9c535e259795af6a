# SPDX-License-Identifier: BSL-1.0
"""Python's websockets and ours with compression, in both roles: the negotiated parameters, the echo of each
message, and that fewer bytes are sent."""

import asyncio
import json
import unittest

import counting_relay
import programs
import websockets
from websockets.extensions import permessage_deflate

JSON = json.dumps([{"id": n, "name": f"hawser {n * 7}", "on": n % 3 == 0} for n in range(200)])
TEXTS = ["", "ahoy", JSON, JSON, "ἀγκύρα ⚓ 錨 🚢" * 5000, "a" * 300_000]
NOISE = bytes((n * n * 31 + (n >> 3)) & 255 for n in range(70_000))
WINDOWS = [9, 12, 15]


def settings(own=15, peer=15, own_takeover=True, peer_takeover=True):
    """The options of our programs: no threshold."""
    return [str(int(one)) for one in (6, 8, own, peer, own_takeover, peer_takeover, 0)]


async def within(awaitable):
    return await asyncio.wait_for(awaitable, programs.SECONDS)


async def converse(peer):
    """Sends all messages and receives their echoes. Returns the bytes of messages in each direction."""
    for text in TEXTS:
        await peer.send(text)
        assert await within(peer.recv()) == text
    await peer.send([JSON[:1000], JSON[1000:1001], "", JSON[1001:]])
    assert await within(peer.recv()) == JSON
    return sum(len(text.encode()) for text in TEXTS) + len(JSON)


class WithoutContexts:
    """The tests of both sides; talk() returns what was negotiated."""

    async def test_without_contexts(self):
        wanted = "agreed permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        ours = settings(own_takeover=False, peer_takeover=False)
        self.assertEqual(await self.talk(ours), wanted)
        theirs = {"server_no_context_takeover": True, "client_no_context_takeover": True}
        self.assertEqual(await self.talk(settings(), **theirs), wanted)


class ClientOfTheirs(WithoutContexts, unittest.IsolatedAsyncioTestCase):
    async def talk(self, ours, **theirs):
        """The negotiated parameters that our server prints, with a client of these settings."""
        factory = permessage_deflate.ClientPerMessageDeflateFactory(**theirs)
        with programs.Program(programs.built("deflate_server"), *ours) as server:
            relay = counting_relay.CountingRelay(server.url())
            self.addCleanup(relay.close)
            connecting = websockets.connect(relay.url, compression=None, extensions=[factory])
            async with connecting as peer:
                agreed = server.line()
                size = await converse(peer)
                self.assertLess(relay.sent, size / 10)
                self.assertLess(relay.received, size / 10)
                await peer.send(NOISE)
                self.assertEqual(await within(peer.recv()), NOISE)
            self.assertEqual(server.line(), "ended 1000 clean ")
        return agreed

    async def test_the_usual_offer(self):
        agreed = await self.talk(settings(), client_max_window_bits=True)
        self.assertEqual(agreed, "agreed permessage-deflate")

    async def test_windows_that_the_client_wants(self):
        for bits in WINDOWS:
            with self.subTest(bits=bits):
                agreed = await self.talk(
                    settings(), server_max_window_bits=bits, client_max_window_bits=bits
                )
                wanted = f"agreed permessage-deflate; server_max_window_bits={bits}"
                if bits < 15:
                    wanted += f"; client_max_window_bits={bits}"
                self.assertEqual(agreed, wanted)

    async def test_windows_that_the_server_wants(self):
        for bits in (9, 12):
            with self.subTest(bits=bits):
                agreed = await self.talk(settings(own=bits, peer=bits), client_max_window_bits=True)
                self.assertEqual(agreed, f"agreed permessage-deflate; client_max_window_bits={bits}")


class ServerOfTheirs(WithoutContexts, unittest.IsolatedAsyncioTestCase):
    async def talk(self, ours, **theirs):
        """The negotiated parameters that our client prints, with a server of these settings."""
        factory = permessage_deflate.ServerPerMessageDeflateFactory(**theirs)
        done = asyncio.get_running_loop().create_future()
        counted = []

        async def handler(peer):
            try:
                size = await converse(peer)
                counted.extend([relay.sent, relay.received, size])
                await peer.send(NOISE)
                self.assertEqual(await within(peer.recv()), NOISE)
                await peer.close()
                done.set_result(None)
            except Exception as error:
                done.set_exception(error)

        serving = websockets.serve(
            handler, "127.0.0.1", 0, compression=None, extensions=[factory]
        )
        async with serving as server:
            port = server.sockets[0].getsockname()[1]
            relay = counting_relay.CountingRelay(f"ws://127.0.0.1:{port}/")
            self.addCleanup(relay.close)
            with programs.Program(programs.built("deflate_client"), relay.url, *ours) as client:
                await within(done)
                agreed = client.line()
                self.assertEqual(client.line(), "ended 1000 clean ")
        self.assertLess(counted[0], counted[2] / 10)
        self.assertLess(counted[1], counted[2] / 10)
        return agreed

    async def test_the_usual_offer(self):
        self.assertEqual(await self.talk(settings()), "agreed permessage-deflate")

    async def test_windows_that_the_server_wants(self):
        for bits in WINDOWS:
            with self.subTest(bits=bits):
                agreed = await self.talk(
                    settings(), server_max_window_bits=bits, client_max_window_bits=bits
                )
                self.assertEqual(
                    agreed,
                    f"agreed permessage-deflate; server_max_window_bits={bits}; "
                    f"client_max_window_bits={bits}",
                )

    async def test_windows_that_the_client_wants(self):
        for bits in (9, 12):
            with self.subTest(bits=bits):
                agreed = await self.talk(settings(own=bits, peer=bits))
                self.assertEqual(agreed, f"agreed permessage-deflate; server_max_window_bits={bits}")


if __name__ == "__main__":
    unittest.main()
