# SPDX-License-Identifier: BSL-1.0
"""arguments.py PROGRAM: with --help an example prints its arguments; with wrong arguments it ends with
status 2, after other failures with status 1. It always prints a sentence, and never ends by a signal."""

import os
import pathlib
import socket
import subprocess
import sys

from running_server import SECONDS, running_server

WRONG_PORTS = ["abc", "", "-1", "65536", "1x", " 1", "127.0.0.1:", "127.0.0.1:abc"]
WRONG_ADDRESSES = [":0", "::1:0", "[::1]", "[::1]x:0", "[]:0", "localhost:0", "[localhost]:0"]
WRONG = WRONG_PORTS + WRONG_ADDRESSES

SERVER = ["{listen}"]
CLIENT = ["{url}"]
FILES = ["certificate", "key"]

# For each example: valid arguments for each way to serve and to connect, and wrong arguments.
SERVES = {
    "cable_conformance_server": [SERVER],
    "chat_cable_server": [SERVER],
    "coroutine_echo_server": [SERVER],
    "deflate_echo": [["serve", *SERVER]],
    "echo_server": [SERVER],
    "event_echo_server": [SERVER],
    "hello_server": [SERVER],
    "http_beside": [SERVER],
    "redis_fanout": [["redis://127.0.0.1:1", *SERVER]],
    "tls_echo": [["serve", *FILES, *SERVER]],
    "tls_event_server": [[*FILES, *SERVER]],
    "topic_server": [SERVER],
}
CONNECTS = {
    "cable_client": [],
    "callback_client": [CLIENT],
    "deflate_echo": [["ask", *CLIENT, "text"]],
    "echo_client": [CLIENT, [*CLIENT, "--once", "text"]],
    "hello_client": [CLIENT],
    "reconnecting_client": [],
    "tls_echo": [["ask", *CLIENT, "text"]],
}
REFUSES = {
    "chat_cable_server": [["0", "a", "b"]],
    "cable_client": [[], ["a"], [*"abcde"]],
    "callback_client": [["a", "b"]],
    "custom_transport": [["a"]],
    "deflate_echo": [[], ["ask"], ["ask", "a"], ["serve", "0", "a"], ["a"], ["ask", "a", "b", "c"]],
    "echo_client": [[], ["a", "b"], ["a", "--once"], ["a", "b", "c"], ["a", "--once", "b", "c"]],
    "hello_client": [["a", "b"]],
    "http_beside": [["0", "a", "b"]],
    "reconnecting_client": [["a", "b"]],
    "redis_fanout": [["a", "0", "b"]],
    "sans_io": [["a"]],
    "tls_echo": [[], ["serve"], ["ask", "a"], ["serve", "a"], ["a", "b", "c"], [*"abcde"]],
    "tls_event_server": [[], ["a"], [*"abcd"]],
}


# Examples read no other variables of their own.
VARIABLES = {"cable_conformance_server": "REDIS_URL"}


def run(program, *arguments, **variables):
    """The result of a run of the program, which must not end by a signal."""
    given = subprocess.run(
        [program, *arguments],
        capture_output=True,
        env={**os.environ, **variables},
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
    )
    assert given.returncode >= 0, f"{arguments} ended with {given.returncode}"
    assert "terminate" not in given.stderr, f"{arguments} printed {given.stderr!r}"
    return given


def explains(program, name):
    given = run(program, "--help")
    assert (given.returncode, given.stderr) == (0, ""), f"--help gave {given}"
    assert given.stdout.startswith(f"usage: {name}"), f"--help printed {given.stdout!r}"
    assert f"\nExample: {name}" in given.stdout, f"--help has no example: {given.stdout!r}"
    wide = [line for line in given.stdout.splitlines() if len(line) > 90]
    assert not wide, f"--help has wide lines: {wide}"


def refuses(program, name, *arguments):
    given = run(program, *arguments)
    assert (given.returncode, given.stdout) == (2, ""), f"{arguments} gave {given}"
    first, *rest = given.stderr.splitlines()
    assert first.startswith(f"{name}: "), f"{arguments} printed {first!r}"
    assert rest[0].startswith(f"usage: {name}"), f"{arguments} printed {rest[0]!r}"


def fails(program, *arguments, **variables):
    given = run(program, *arguments, **variables)
    assert (given.returncode, given.stdout) == (1, ""), f"{arguments} gave {given}"
    assert given.stderr, f"{arguments} does not say why"


def filled(arguments, value):
    return [value if "{" in one else one for one in arguments]


def serves(program, name, arguments):
    for wrong in WRONG:
        refuses(program, name, *filled(arguments, wrong))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        fails(program, *filled(arguments, f"127.0.0.1:{taken.getsockname()[1]}"))
    if "certificate" in arguments:
        return  # there are no such files
    for listen, host in [("0.0.0.0:0", "0.0.0.0"), ("127.0.0.1:0", "127.0.0.1"), ("0", "127.0.0.1")]:
        with running_server(program, *filled(arguments, listen)) as url:
            assert f"//{host}:" in url, f"{listen} listens on {url}"


def connects(program, arguments):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        fails(program, *filled(arguments, f"ws://127.0.0.1:{closed.getsockname()[1]}/"))
    fails(program, *filled(arguments, "nonsense"))


def main(program):
    name = pathlib.Path(program).stem
    assert name in {*SERVES, *CONNECTS, *REFUSES}, f"{name} is not in the table"
    variable = VARIABLES.get(name)
    if variable:
        os.environ.pop(variable, None)
    explains(program, name)
    for arguments in REFUSES.get(name, [["0", "a"]]):
        refuses(program, name, *arguments)
    for arguments in SERVES.get(name, []):
        serves(program, name, arguments)
    for arguments in CONNECTS.get(name, []):
        connects(program, arguments)
    if variable:
        assert variable in run(program, "--help").stdout, f"--help does not name {variable}"
        fails(program, "0", **{variable: "nonsense"})


if __name__ == "__main__":
    main(*sys.argv[1:])
