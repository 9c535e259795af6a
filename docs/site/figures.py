# SPDX-License-Identifier: BSL-1.0
"""Draws the figures of the pages: python3 -B docs/site/figures.py writes docs/*.svg.

The durations of the time line are the defaults in the headers of the options.
"""

import html
import pathlib

import defaults

STYLE = """
  text { font: 13px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1d2530; }
  .title { font-weight: 650; }
  .quiet { fill: #5a6675; font-size: 12px; }
  .code { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }
  .page { fill: #ffffff; }
  .grid { stroke: #e3e8ee; }
  .edge { stroke: #8a96a5; fill: none; }
  .first { fill: #bcd7f2; stroke: #4a87c4; }
  .second { fill: #f6d9b8; stroke: #c98a3c; }
  .third { fill: #cfe6cb; stroke: #5c9a52; }
  .off { fill: none; stroke: #8a96a5; stroke-dasharray: 4 3; }
  .box { fill: #f5f7fa; stroke: #8a96a5; }
  .arrow { stroke: #5a6675; fill: none; marker-end: url(#head); }
  .head { fill: #5a6675; }
  @media (prefers-color-scheme: dark) {
    text { fill: #dde3ea; }
    .quiet { fill: #97a3b2; }
    .page { fill: #14181d; }
    .grid { stroke: #29313a; }
    .first { fill: #1f4468; stroke: #79b8ff; }
    .second { fill: #5c3d17; stroke: #f0b070; }
    .third { fill: #27482a; stroke: #8fc985; }
    .box { fill: #1c2229; stroke: #6c7885; }
    .arrow { stroke: #97a3b2; }
    .head { fill: #97a3b2; }
  }
"""


class Drawing:
    def __init__(self, width, height, title):
        self.width, self.height, self.title = width, height, title
        self.parts = []

    def add(self, markup):
        self.parts.append(markup)

    def text(self, x, y, text, kind="", anchor="start"):
        self.add(f'<text x="{x:g}" y="{y:g}" class="{kind}" text-anchor="{anchor}">{html.escape(text)}</text>')

    def box(self, x, y, width, height, kind="box"):
        self.add(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" class="{kind}"/>')

    def line(self, x1, y1, x2, y2, kind):
        self.add(f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" class="{kind}"/>')

    def svg(self):
        body = "\n".join(self.parts)
        return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" \
width="{self.width}" height="{self.height}" role="img" aria-label="{html.escape(self.title)}">
<style>{STYLE}</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">\
<path d="M0 0 L8 4 L0 8 z" class="head"/></marker></defs>
<rect width="{self.width}" height="{self.height}" class="page"/>
{body}
</svg>
"""


def timeouts(root):
    """Each row begins with its own event; all rows have one scale."""

    def default(option):
        return defaults.seconds(root, option)

    interval = default("connection_options::keep_alive_interval")
    answer = default("connection_options::keep_alive_timeout")
    # (phase, what begins the row, [(option, seconds, kind, what happens at its end)])
    rows = [
        ("Opening", "a client begins an attempt",
         [("connect_timeout", default("connect_options::connect_timeout"), "first", "connect_timeout")]),
        ("", "there is a connection: proxy, TLS, HTTP",
         [("handshake_timeout", default("connect_options::handshake_timeout"), "first", "handshake_timeout")]),
        ("", "a server accepts: TLS, HTTP, on_upgrade",
         [("handshake_timeout", default("server_options::handshake_timeout"), "first", "handshake_timeout")]),
        ("Open", "the last byte of the peer",
         [("keep_alive_interval", interval, "first", ""),
          ("keep_alive_timeout", answer, "second", "keep_alive_timeout")]),
        ("", "queued output makes no progress",
         [("write_timeout", default("connection_options::write_timeout"), "second", "write_timeout")]),
        ("", "an unfinished message makes no progress",
         [("message_timeout", default("connection_options::message_timeout"), "second", "message_timeout, 1008")]),
        ("", "the last message",
         [("idle_timeout", default("connection_options::idle_timeout"), "second", "1001")]),
        ("Closing", "a Close frame, until the stream has ended",
         [("close_timeout", default("connection_options::close_timeout"), "third", "close_timeout")]),
        ("", "a refusal, until the client has read it",
         [("close_timeout", default("connection_options::close_timeout"), "third", "dropped")]),
        ("", "shutdown() of a server",
         [("drain", default("shutdown_options::drain"), "first", ""),
          ("grace", default("shutdown_options::grace"), "third", "all connections end")]),
    ]
    base, cap = default("backoff::base"), default("backoff::cap")
    factor = int(defaults.initialiser(root, "backoff::factor"))
    waits, wait = [0], base
    while wait < cap:
        waits.append(wait)
        wait *= factor
    waits.append(cap)

    left, scale, top, step, most = 380, 7.4, 82, 34, 62
    height = top + step * (len(rows) + 1) + 62
    drawing = Drawing(left + int(most * scale) + 150, height, "The timeouts of a connection, with their defaults")
    bottom = top + step * (len(rows) + 1) + 4
    for second in range(0, most + 1, 10):
        x = left + second * scale
        drawing.line(x, top - 18, x, bottom, "grid")
        drawing.text(x, top - 26, f"{second} s", "quiet", "middle")
    drawing.text(16, 24, "Each row begins at its own event. At the end of a bar the attempt or the connection ends, "
                 "with the error beside it; a number is the close code.", "quiet")
    y = top
    for phase, event, bars in rows:
        if phase:
            if y > top:
                drawing.line(16, y - 8, drawing.width - 16, y - 8, "grid")
            drawing.text(16, y + 12, phase, "title")
        drawing.text(92, y + 12, event)
        x = left
        for option, duration, kind, end in bars:
            if duration == 0 and len(bars) == 1:
                drawing.box(x, y, 148, 18, "off")
                drawing.text(x + 6, y + 13.5, f"{option}: none", "code")
                drawing.text(x + 156, y + 13.5, f"if set: {end}", "quiet")
                continue
            if duration == 0:
                drawing.line(x, y - 2, x, y + 20, "edge")
                continue
            drawing.box(x, y, duration * scale, 18, kind)
            inside = duration * scale > 7.3 * len(option) + 8
            if inside:
                drawing.text(x + 6, y + 13.5, option, "code")
            x += duration * scale
            if end:
                if not inside and end != option:
                    end = f"{option}: {end}"
                drawing.text(x + 6, y + 13.5, end, "code")
        if len(bars) > 1 and bars[0][0] == "keep_alive_interval":
            drawing.text(left + interval * scale, y + 30, "ping", "quiet", "middle")
        y += step
    drawing.line(16, y - 8, drawing.width - 16, y - 8, "grid")
    drawing.text(16, y + 12, "Again", "title")
    drawing.text(92, y + 12, "a client's attempts fail: backoff")
    at = 0
    for number, wait in enumerate(waits, 1):
        if wait:
            drawing.box(left + at * scale, y, wait * scale, 18, "third")
            if wait * scale > 30:
                drawing.text(left + (at + wait / 2) * scale, y + 13.5, f"{wait} s", "code", "middle")
        at += wait
        drawing.line(left + at * scale, y - 2, left + at * scale, y + 20, "edge")
        drawing.text(left + at * scale - (3 if number == 1 else 0), y + 34, str(number), "quiet", "middle")
    drawing.text(92, y + 34, "the numbers are those of the attempts", "quiet")
    drawing.text(92, y + 50, "each wait is random, between zero and the shown one (jitter::full)", "quiet")
    return drawing.svg()


def threads(root):
    """Threads, and what outlives what."""
    drawing = Drawing(900, 620, "Threads and lifetimes")

    def panel(x, title, lines):
        drawing.box(x, 16, 280, 322)
        drawing.text(x + 14, 40, title, "title")
        for number, line in enumerate(lines):
            drawing.text(x + 14, 60 + 17 * number, line, "quiet")

    def thread(x, y, width, name, inside, kind="first"):
        drawing.box(x, y, width, 26 + 20 * len(inside), kind)
        drawing.text(x + 10, y + 18, name)
        for number, line in enumerate(inside):
            drawing.text(x + 10, y + 38 + 20 * number, line, "code")

    panel(16, "threaded_server, connect()", ["one thread per connection,", "calls block"])
    thread(30, 102, 252, "the thread of run(): accepts", [], "second")
    thread(30, 140, 252, "a thread", ["connection 1: run's handler"])
    thread(30, 198, 252, "a thread", ["connection 2: run's handler"])
    thread(30, 256, 252, "any other thread", ["write(), ping(), close()"], "third")

    panel(310, "server{options}, run()", ["options.threads threads of its own,", "a connection stays on one of them"])
    thread(324, 102, 252, "the thread of run()", ["sessions 1, 4, … : handlers"])
    thread(324, 160, 252, "another thread of run()", ["sessions 2, 3, … : handlers"])
    thread(324, 256, 252, "any other thread", ["send(), close(), broadcast()"], "third")

    panel(604, "server{executor, options}, start()", ["threads of yours run the executor,", "a strand per session"])
    thread(618, 102, 252, "your threads, any number", ["session 1: one call at a time", "session 2: one call at a time",
                                                       "on_upgrade, on_http: any thread"])
    thread(618, 256, 252, "any other thread", ["send(), close(), broadcast()"], "third")

    drawing.text(16, 376, "What must exist longer than what", "title")
    drawing.text(290, 376, "the left one at least as long as the right one", "quiet")

    def pair(y, longer, shorter, why):
        for x, name in ((16, longer), (290, shorter)):
            drawing.box(x, y, 200, 32)
            drawing.text(x + 100, y + 20, name, "code", "middle")
        drawing.line(216, y + 16, 288, y + 16, "arrow")
        drawing.text(506, y + 20, why, "quiet")

    pair(392, "what handlers refer to", "server, client", "no handler is called after their destructors")
    pair(434, "server, threaded_server", "the call of run()", "except that a handler may destroy a server")
    pair(476, "websocket, async_websocket", "open connection", "the destructor drops it: close first")
    pair(518, "broker", "cable::server", "which publishes and subscribes until its destructor")
    drawing.text(16, 580, "In any order", "title")
    drawing.text(120, 580, "a session (a handle) and its connection; a server or a client and its context;")
    drawing.text(120, 600, "a hub and its servers; a TLS context and what uses it")
    return drawing.svg()


def all_figures(root):
    return {"timeouts.svg": timeouts(root), "threads.svg": threads(root)}


if __name__ == "__main__":
    root = pathlib.Path(__file__).parents[2]
    for name, text in all_figures(root).items():
        (root / "docs" / name).write_text(text, "utf-8")
