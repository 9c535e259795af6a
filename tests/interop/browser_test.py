# SPDX-License-Identifier: BSL-1.0
"""A page in Chromium talks to an echo server, and to an event server by TLS."""

import contextlib
import http.server
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import certificates
import counting_relay
import programs

SKIPPED = 77
# A browser's first start may be slow.
START_SECONDS = 90
PAGE = pathlib.Path(__file__).with_name("browser.html")
# Small windows, no contexts.
SMALL = "6 8 9 9 0 0 0"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
]


def find_browser():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return shutil.which(name)
    print("There is no Chromium here")
    sys.exit(SKIPPED)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the page, and receives its results."""

    def do_GET(self):
        self.answer(200, PAGE.read_bytes() if self.path.startswith("/?") else b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path.startswith("/stop/"):
            self.server.programs[self.path.removeprefix("/stop/")].signal(signal.SIGINT)
        else:
            self.server.results.put(json.loads(body))
        self.answer(200, b"")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(running):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.programs = running
        server.results = queue.Queue()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextlib.contextmanager
def browsing(browser, url, *flags):
    """A browser with its own home folder and process group."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        with open(f"{home}/log", "w+", encoding="utf-8") as log:
            process = subprocess.Popen(
                [browser, *FLAGS, *flags, f"--user-data-dir={home}/profile", url],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"HOME": home},
                start_new_session=True,
            )
            try:
                yield log
            finally:
                process.terminate()
                try:
                    process.wait(programs.SECONDS)
                finally:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)


def read_results(server, log):
    try:
        return server.results.get(timeout=START_SECONDS)
    except queue.Empty:
        log.seek(0)
        sys.exit(f"The page said nothing in {START_SECONDS} s. The browser:\n{log.read()}")


def main():
    browser = find_browser()
    with contextlib.ExitStack() as stack:
        secure = "event_server", "--origin", "any"
        commands = {
            "echo": ("echo_server", "0"),
            "strict": ("scripted_server",),
            "secure": (*secure, *certificates.server_options()),
            "deflate": ("deflate_server",),
            "small": ("deflate_server", *SMALL.split()),
            "stranger": (*secure, *certificates.server_options("stranger")),
        }
        running = {
            name: stack.enter_context(programs.Program(programs.built(program), *options))
            for name, (program, *options) in commands.items()
        }
        server = stack.enter_context(serving(running))
        urls = {name: one.url() for name, one in running.items()}
        relays = [counting_relay.CountingRelay(urls[name]) for name in ("deflate", "small")]
        urls |= {"deflate": relays[0].url, "small": relays[1].url}
        query = urllib.parse.urlencode(urls)
        url = f"http://127.0.0.1:{server.server_port}/?{query}"
        # Only this key is trusted, whatever signed it.
        trust = f"--ignore-certificate-errors-spki-list={certificates.public_key()}"
        results = read_results(server, stack.enter_context(browsing(browser, url, trust)))
        for relay in relays:
            counts = relay.sent, relay.received
            few = all(0 < count < 20_000 for count in counts)
            results.append(seen(f"{counts} bytes are few for a megabyte", few, True))
        results.append(seen("the echo server ends well", running["echo"].end(), (0, [], "")))
        code, output, errors = running["secure"].end()
        results.append(seen("the event server ends well", (code, errors), (0, "")))
        clean = sum(line.startswith("ended") and " clean " in line for line in output)
        results.append(seen("all endings were clean", (clean, len(output)), (22, 22)))
        refusal = "failed opening handshake: the Origin is not allowed"
        results.append(seen("the strict server says why", running["strict"].line(), refusal))
        results.append(seen("the stranger had no session", running["stranger"].pending(), []))

    for result in results:
        print("ok" if result["right"] else f"FAILED, got {result['got']}", result["what"], sep=": ")
    sys.exit(not all(result["right"] for result in results))


def seen(what, got, wanted):
    return {"what": what, "right": got == wanted, "got": got}


if __name__ == "__main__":
    main()
