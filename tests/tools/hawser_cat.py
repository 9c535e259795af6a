# SPDX-License-Identifier: BSL-1.0
"""hawser_cat.py PROGRAM: the tool as a client and as a server, by what it prints and how it ends."""

import contextlib
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "examples"))

from tls_echo import make_certificate  # noqa: E402

SECONDS = 20
SOON = ["--wait", "0.3"]


@contextlib.contextmanager
def listening(program, *options, scheme="ws", feed=None):
    """Gives the URL of a server, and stops it afterwards. `feed` is a file that it reads."""
    with subprocess.Popen(
        [program, "--listen", "0", *options],
        stdin=feed or subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as server:
        try:
            found = re.search(rf"{scheme}://127\.0\.0\.1:\d+/", server.stderr.readline())
            assert found, "the server names no URL"
            yield found[0]
            server.send_signal(signal.SIGINT)
            assert server.wait(SECONDS) == 0, server.returncode
        finally:
            server.kill()


def ask(program, *options, said=b"", status=0):
    """What a client prints, and what it reports."""
    done = subprocess.run([program, *options], input=said, capture_output=True, timeout=SECONDS, check=False)
    assert done.returncode == status, (options, done)
    return done.stdout, done.stderr.decode()


def equal(got, wanted):
    assert got == wanted, f"{got!r} instead of {wanted!r}"


def echoes(program):
    with listening(program, "--echo", "--compress") as url:
        equal(ask(program, url, *SOON, said=b"one\ntwo\n")[0], b"one\ntwo\n")
        equal(ask(program, url, "--message", "a", "--message", "b", "--count", "2")[0], b"a\nb\n")
        equal(ask(program, url, "--message", '{"b":1,"a":[]}', "--json", "--count", "1")[0],
              b'{\n  "b": 1,\n  "a": []\n}\n')
        large = bytes(range(256)) * 4096
        equal(ask(program, url, "--whole", "--binary", "--raw", "--count", "1", said=large)[0], large)
        out, reported = ask(program, url, "--compress", "--verbose", "--time", "--count", "1", "--message", "x" * 300)
        equal(len(out.split()[1]), 300)
        for part in "HTTP 101", "permessage-deflate", "-> text, 300 bytes", "<- text, 300 bytes", "code 1000":
            assert part in reported, reported
        reported = ask(program, url, "--ping", "0.05", *SOON)[1]
        assert "pong after " in reported, reported
        reported = ask(program, url, "--progress", "--wait", "1.5", "--message", "abc")[1]
        assert "sent 3 bytes, 0 queued; received 3" in reported, reported
        # A message that is too large ends the conversation, a text that is not UTF-8 is not sent.
        assert "1009" in ask(program, url, "--max-size", "3", "--count", "1", "--message", "long", status=3)[1]
        assert "UTF-8" in ask(program, url, *SOON, said=b"\xff\n", status=3)[1]
        assert "1 of 2 messages" in ask(program, url, "--count", "2", *SOON, "--message", "a", status=3)[1]


def recordings(program, folder):
    path = folder / "recorded"
    with listening(program, "--echo") as url:
        ask(program, url, "--record", str(path), "--message", "one", "--message", "two", "--count", "2")
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        equal(sorted((one["from"], one["text"]) for one in lines),
              [("client", "one"), ("client", "two"), ("server", "one"), ("server", "two")])
        again = ["--replay", str(path), "--check", "--fast", *SOON]
        equal(ask(program, url, *again)[0], b"one\ntwo\n")
        for line in lines:
            if line["from"] == "server":
                line["text"] += "!"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert "message 1 is not that" in ask(program, url, *again, status=4)[1]
        lines += [{"at": 9, "from": "server", "binary": "00ff"}]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert "have not arrived" in ask(program, url, *again, status=4)[1]
        for wrong in '{"at":1}', "[]", '{"at":-1,"from":"client","text":"a"}', '{"at":1,"from":"client","binary":"0"}':
            path.write_text(wrong + "\n")
            assert ":1: no message" in ask(program, url, *again, status=1)[1]


def servers(program, folder):
    with listening(program, "--message", "welcome", "--subprotocol", "chat", "--origin", "https://a.example") as url:
        equal(ask(program, url, "--count", "1", "--origin", "https://a.example")[0], b"welcome\n")
        assert "403" in ask(program, url, "--origin", "https://b.example", status=1)[1]
        reported = ask(program, url, "--count", "1", "--subprotocol", "chat", "--header", "X-One: two", "--verbose")[1]
        assert "chat" in reported, reported
    with tempfile.TemporaryFile(dir=folder) as lines:
        lines.write(b"first\nsecond\n")
        lines.seek(0)
        with listening(program, feed=lines) as url:
            equal(ask(program, url, "--count", "2", "--stay")[0], b"first\nsecond\n")


def tls(program, folder):
    certificate, key = make_certificate(folder)
    with listening(program, "--echo", "--cert", certificate, "--key", key, scheme="wss") as url:
        url = url.replace("127.0.0.1", "localhost")
        said = ["--message", "hello", "--count", "1"]
        equal(ask(program, url, *said, "--cacert", certificate)[0], b"hello\n")
        assert "TLSv1.3" in ask(program, url, *said, "--insecure", "--verbose")[1]
        assert "certificate" in ask(program, url, *said, status=1)[1]


def wrong_arguments(program):
    for options in (
        [], ["--frob"], ["a", "b"], ["--count"], ["--count", "x"], ["--count=-1"], ["--wait", "nan", "ws://a"],
        ["--echo=1"], ["--echo", "ws://a"], ["--listen", "0", "ws://a"], ["--listen", "a:b"], ["--cert", "x", "ws://a"],
        ["--header", ":x", "ws://a"], ["--fast", "ws://a"], ["--whole", "--message", "x", "ws://a"],
        ["--listen", "0", "--insecure"], ["--redirects", "6", "ws://a"],
    ):
        reported = ask(program, *options, status=2)[1]
        assert "--help" in reported, reported
    assert b"--header" in ask(program, "--help")[0]
    assert ask(program, "--version")[0].startswith(b"hawser-cat ")
    for options in ["http://a/"], ["ws://127.0.0.1:1/"], ["--replay", "/nowhere", "ws://a"], ["--listen", "nowhere:0"]:
        ask(program, *options, status=1)


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        echoes(program)
        recordings(program, folder)
        servers(program, folder)
        tls(program, folder)
        wrong_arguments(program)


if __name__ == "__main__":
    main(sys.argv[1])
