# SPDX-License-Identifier: BSL-1.0
"""silent_peer.py [URL [TEXT]]: a connection of websockets, as a client or for one client, that sends the text
and then only pongs. Prints a line for each pong."""

import asyncio
import logging
import sys

import websockets


class Pongs(logging.Handler):
    """Only the log reports automatic pongs."""

    def emit(self, record):
        if record.getMessage().startswith("> PONG"):
            print("pong", flush=True)


def make_logger():
    logger = logging.Logger("frames", logging.DEBUG)
    logger.addHandler(Pongs())
    return logger


async def listen(settings):
    async def accept(peer):
        await peer.wait_closed()

    async with websockets.serve(accept, "127.0.0.1", 0, **settings) as server:
        print(f"listening on ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
        await asyncio.Future()


async def connect(settings, url, text=None):
    async with websockets.connect(url, **settings) as peer:
        if text is not None:
            await peer.send(text)
            print("sent", flush=True)
        await peer.wait_closed()


if __name__ == "__main__":
    quiet = {"ping_interval": None, "logger": make_logger()}
    asyncio.run(connect(quiet, *sys.argv[1:]) if len(sys.argv) > 1 else listen(quiet))
