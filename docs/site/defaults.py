# SPDX-License-Identifier: BSL-1.0
"""The defaults of the options, read from the headers, and the table of docs/limits_and_timeouts.md that names them."""

import re

HEADERS = {
    "server_options": "asio/server_options.hpp",
    "threaded_server_options": "asio/threaded_server_options.hpp",
    "connection_options": "protocol/options.hpp",
    "connect_options": "asio/connect_options.hpp",
    "client_options": "asio/client_options.hpp",
    "backoff": "transport/backoff.hpp",
    "shutdown_options": "asio/shutdown_options.hpp",
    "send_budget": "asio/send_budget.hpp",
    "outage_queue": "asio/outage_queue.hpp",
    "head_limits": "handshake/http_head.hpp",
    "http_limits": "handshake/http_exchange.hpp",
    "http_options": "asio/http_request.hpp",
    "turn_limits": "protocol/turn_budget.hpp",
    "hub_options": "pubsub/hub_options.hpp",
}
# The row of an option: | `struct::field` | default | meaning |
ROW = re.compile(r"^\| `(\w+)::(\w+)` \| ([^|]+) \|", re.MULTILINE)


def initialiser(root, option):
    """What follows the = of `struct::field`, or an empty text if it has none."""
    struct, field = option.split("::")
    text = (root / "include/hawser" / HEADERS[struct]).read_text("utf-8")
    body = re.search(rf"^struct {struct} {{$(.*?)^}};$", text, re.MULTILINE | re.DOTALL)
    found = body and re.search(rf"^  [\w:<>]+(?: [\w:<>]+)* {field}(?: = ([^;]*))?;", body[1], re.MULTILINE)
    if not found:
        raise SystemExit(f"{HEADERS[struct]} has no {option}: see docs/site/defaults.py")
    return found[1] or ""


def seconds(root, option):
    """The default of a duration; 0 is none."""
    value = initialiser(root, option)
    if value in ("{}", "duration::zero()"):
        return 0
    return int(re.fullmatch(r"std::chrono::seconds\{(\d+)\}", value)[1])


def words(root, option):
    """The default as the page writes it."""
    value = initialiser(root, option).replace("'", "")
    if found := re.fullmatch(r"std::chrono::seconds\{(\d+)\}", value):
        return f"{found[1]} s"
    if value in ("{}", "duration::zero()", "0"):
        return "none"
    if "*" in value:
        size = 1
        for factor in value.split("*"):
            size *= int(factor)
        for unit, bytes_of in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
            if size % bytes_of == 0:
                return f"{size // bytes_of} {unit}"
    return f"{int(value):,}"


def check(root):
    page = "docs/limits_and_timeouts.md"
    text = (root / page).read_text("utf-8")
    for row in ROW.finditer(text):
        option, said = f"{row[1]}::{row[2]}", row[3].strip()
        actual = words(root, option)
        if said != actual:
            line = text.count("\n", 0, row.start()) + 1
            yield f"{page}:{line}: the default of {option} is {actual}, not {said}"
