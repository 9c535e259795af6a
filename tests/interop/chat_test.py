# SPDX-License-Identifier: BSL-1.0
"""Two people talk in the page of examples/chat_cable_server, in Chromium, with its own client and with that of npm.

With a folder as its argument, it also writes the pictures of docs/ there.
"""

import asyncio
import base64
import itertools
import json
import pathlib
import re
import signal
import sys
import time

import browser_test
import programs
import websockets

# A client that lost its server may wait for some seconds before it tries again.
SECONDS = 60
NPM = pathlib.Path(__file__).with_name("node_modules") / (
    "@rails/actioncable/app/assets/javascripts/actioncable.esm.js"
)


class Browser:
    """The DevTools of a browser, by one connection for all its windows."""

    def __init__(self, connection):
        self.connection = connection
        self.numbers = itertools.count(1)
        self.answers = {}
        self.troubles = []
        self.reading = asyncio.create_task(self.read())

    async def read(self):
        async for text in self.connection:
            message = json.loads(text)
            if "id" in message:
                self.answers.pop(message["id"]).set_result(message)
            elif message["method"] == "Runtime.exceptionThrown":
                self.troubles.append(message["params"]["exceptionDetails"])
            elif message["method"] == "Log.entryAdded":
                entry = message["params"]["entry"]
                # An attempt to connect to a server that is not there is no trouble.
                if entry["level"] == "error" and "WebSocket" not in entry["text"]:
                    self.troubles.append(entry)

    async def call(self, method, session=None, **parameters):
        number = next(self.numbers)
        self.answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        answer = self.answers[number]
        await self.connection.send(json.dumps(message))
        result = await asyncio.wait_for(answer, SECONDS)
        if "error" in result:
            raise RuntimeError(f"{method}: {result['error']}")
        return result["result"]

    async def open(self, url, width, height, scheme):
        made = await self.call("Target.createTarget", url="about:blank", newWindow=True)
        attached = await self.call(
            "Target.attachToTarget", targetId=made["targetId"], flatten=True
        )
        window = Window(self, attached["sessionId"])
        for domain in ("Page", "Runtime", "Log"):
            await window.call(f"{domain}.enable")
        await window.call("Emulation.setFocusEmulationEnabled", enabled=True)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await window.call("Emulation.setEmulatedMedia", features=[feature])
        await window.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        await window.visit(url)
        return window


class Window:
    def __init__(self, browser, session):
        self.browser = browser
        self.session = session

    async def call(self, method, **parameters):
        return await self.browser.call(method, self.session, **parameters)

    async def visit(self, url):
        await self.call("Page.navigate", url=url)

    async def ask(self, expression):
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def until(self, expression):
        deadline = time.monotonic() + SECONDS
        while not await self.ask(expression):
            if time.monotonic() > deadline:
                text = await self.ask("document.body?.innerText")
                raise AssertionError(f"never true: {expression}\n{text}")
            await asyncio.sleep(0.05)

    async def type(self, field, text):
        await self.until(f"document.getElementById('{field}') !== null")
        await self.ask(f"document.getElementById('{field}').focus()")
        await self.call("Input.insertText", text=text)

    async def press_enter(self):
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    async def enter(self, name):
        await self.until("document.readyState === 'complete'")
        await self.type("name", name)
        await self.press_enter()
        await self.connected()

    async def connected(self):
        await self.until("document.getElementById('state')?.className === 'up'")

    async def say(self, text):
        await self.type("text", text)
        await self.press_enter()

    async def sees(self, *texts):
        """All that was said in this place, in this order, and that nothing waits."""
        shown = "JSON.stringify([...document.querySelectorAll('#log .words')].map(e => e.textContent))"
        wanted = json.dumps(json.dumps(texts, ensure_ascii=False, separators=(",", ":")))
        await self.until(f"{shown} === {wanted} && !document.querySelector('#log .waits')")

    async def visit_place(self, name):
        find = f"[...document.querySelectorAll('nav button')].find(e => e.textContent.startsWith({json.dumps(name)}))"
        await self.ask(f"{find}.click()")

    async def picture(self, path):
        shot = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))


def start(port, client):
    program = programs.Program(programs.built("chat_cable_server"), str(port), *client)
    line = program.line()
    return program, re.search(r"http://\S+", line or "")[0]


async def talk(browser, client, pictures):
    server, url = start(0, client)
    try:
        anna = await browser.open(url, 1000, 640, "light")
        bert = await browser.open(url, 390, 760, "dark")
        await anna.enter("Anna")
        await bert.enter("Bert")
        for window in (anna, bert):
            names = "[...document.querySelectorAll('#present li')].map(e => e.textContent).join()"
            await window.until(f"{names} === 'Anna,Bert'")
        said = ["Ahoy, Bert! Is the kettle on?", "Aye. Tea in the galley at four. ☕"]
        await anna.say(said[0])
        await bert.sees(*said[:1])
        await bert.say(said[1])
        await anna.sees(*said)

        # The other places do not show it.
        await anna.visit_place("galley")
        await anna.sees()
        said.append("I bring the biscuits.")
        await bert.say(said[2])
        await anna.until("document.querySelector('nav .unread')?.textContent === '1'")
        await anna.visit_place("harbour")
        await anna.sees(*said)

        # What is said while he is away is there when he comes back.
        await bert.visit("about:blank")
        await anna.until("document.querySelectorAll('#present li').length === 1")
        for text in ("Bert?", "He must be in the galley already."):
            said.append(text)
            await anna.say(text)
        await anna.sees(*said)
        await bert.visit(url)
        await bert.connected()
        await bert.sees(*said)
        await bert.call("Page.reload")
        await bert.sees(*said)

        await bert.type("text", "Here I am")
        await anna.until("document.getElementById('typing').textContent.startsWith('Bert')")
        if pictures:
            await asyncio.sleep(0.5)  # the last animation
            await anna.picture(pictures / "chat-light.png")
            await bert.picture(pictures / "chat-dark.png")
        await bert.press_enter()
        said.append("Here I am")
        await anna.sees(*said)

        # The server is started again: both come back by themselves, and what was said meanwhile arrives.
        server.signal(signal.SIGINT)
        code, _, errors = server.end()
        assert (code, errors) == (0, ""), (code, errors)
        await anna.until("document.getElementById('state').className === ''")
        await anna.say("Is this thing on?")
        await anna.until("document.querySelector('#log .waits') !== null")
        server, _ = start(re.search(r":(\d+)/", url)[1], client)
        for window in (anna, bert):
            await window.connected()
            await window.sees(*said, "Is this thing on?")
        said.append("Is this thing on?")
        # A text is no HTML.
        said.append("<img src=x onerror=alert(1)> & \"friends\"")
        await bert.say(said[-1])
        await anna.sees(*said)
        assert not browser.troubles, browser.troubles
    finally:
        server.kill()


async def main():
    pictures = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
    clients = {"its own client": []}
    if NPM.is_file():
        clients["@rails/actioncable"] = [str(NPM)]
    for name, client in clients.items():
        flags = ("--remote-debugging-port=0",)
        with browser_test.browsing(browser_test.find_browser(), "about:blank", *flags) as log:
            devtools = None
            deadline = time.monotonic() + browser_test.START_SECONDS
            while not devtools and time.monotonic() < deadline:
                await asyncio.sleep(0.1)
                log.seek(0)
                devtools = re.search(r"DevTools listening on (ws://\S+)", log.read())
            async with websockets.connect(devtools[1], max_size=None) as connection:
                await talk(Browser(connection), client, pictures)
        print("ok:", name)
        pictures = None


if __name__ == "__main__":
    asyncio.run(main())
