# SPDX-License-Identifier: BSL-1.0
"""The pages of the site, in the order of its sidebar, and what Doxygen reads in their place.

A page remains what GitHub shows. Here its headings get GitHub's anchors, and its relative links become
Doxygen's references: to pages, to headers, and to pages that show files and folders of the repository.
"""

import html
import os
import pathlib
import re
import shutil
import typing

from links import CODE, LINK, headings, plain

GROUPS = {
    "Start": ["README.md", "docs/getting-started.md"],
    "Guide": [
        "docs/channels.md",
        "docs/channels_from_rails.md",
        "docs/authentication.md",
        "docs/security.md",
        "docs/testing-your-code.md",
        "docs/websockets_in_ruby.md",
    ],
    "Operation": [
        "docs/deployment.md",
        "docs/more_than_one_machine.md",
        "docs/limits_and_timeouts.md",
        "docs/options.md",
        "docs/errors.md",
        "docs/incidents.md",
        "docs/performance.md",
        "docs/hawser-cat.md",
    ],
    "How it works": [
        "docs/architecture.md",
        "docs/threads_and_lifetimes.md",
        "docs/state-machines.md",
        "docs/testing.md",
        "CHANGELOG.md",
    ],
}
IMAGES = {".png", ".svg"}
LANGUAGES = {".cpp": "cpp", ".hpp": "cpp", ".html": "html", ".py": "py", ".mjs": "js"}


class Page(typing.NamedTuple):
    path: str
    title: str
    name: str
    html: str
    sections: list


def name_of(path):
    if path == "README.md":
        return "index"
    return re.sub(r"\W", "_", path.removeprefix("docs/").removesuffix(".md").lower())


def groups(root):
    for group, paths in GROUPS.items():
        yield group, [page_of(root, path) for path in paths]


def page_of(root, path):
    (_, _, title, _), *rest = headings((root / path).read_text("utf-8"))
    name = name_of(path)
    sections = [(f"{name}_{anchor}", plain(heading)) for _, _, heading, anchor in rest]
    return Page(path, plain(title), name, f"{name}.html", sections)


def code_in_line(code):
    """In one backtick a quotation mark, and at the start a colon, would mean something to Doxygen."""
    code = " ".join(code.split())
    return f"<tt>\\{html.escape(code)}</tt>" if code.startswith("::") else f"``{code}``"


def all_pages(root):
    return [page for _, listed in groups(root) for page in listed]


class Converter:
    def __init__(self, root, out):
        self.root = root
        self.out = out
        self.pages = {page.path: page for page in all_pages(root)}
        self.shown = {}

    def reference(self, path):
        """What Doxygen calls the page of a file or folder."""
        if path in self.pages:
            return self.pages[path].name
        if path.startswith("include/") and path.endswith(".hpp"):
            return path.removeprefix("include/")
        return self.shown.setdefault(path, "source_" + re.sub(r"\W", "_", path))

    def link(self, page, match):
        mark, text, target = match[1], " ".join(match[2].split()), match[3]
        if re.match(r"[a-z]+:", target):
            return match[0]
        target, _, anchor = target.partition("#")
        path = os.path.normpath(pathlib.PurePosixPath(page).parent / target) if target else page
        if pathlib.PurePosixPath(path).suffix in IMAGES:
            shutil.copy(self.root / path, self.out)
            name = pathlib.PurePosixPath(path).name
            if mark:
                return f'<div class="figure"><img src="{name}" alt="{text}"/></div>'
            return f'<a href="{name}">{text}</a>'
        name = self.reference(path)
        return f"[{text}](@ref {name}_{anchor})" if anchor else f"[{text}](@ref {name})"

    def prose(self, page, text):
        text = re.sub(r"([@\\])(?=\w)", r"\\\1", text)
        text = re.sub(r"(?<![\w(&{])#(?=\w)", r"\\#", text)
        return LINK.sub(lambda match: self.link(page, match), text)

    def convert(self, page):
        """The page as Doxygen reads it."""
        text = (self.root / page).read_text("utf-8")
        name = self.pages[page].name
        for start, level, heading, anchor in reversed(list(headings(text))):
            end = start + level + 1 + len(heading)
            label = ("mainpage" if name == "index" else name) if level == 1 else f"{name}_{anchor}"
            title = html.escape(plain(heading), quote=False)
            text = f"{text[:start]}{'#' * level} {title} {{#{label}}}{text[end:]}"
        if text.count("\n## ") > 2 and name != "index":
            text = text.replace("\n\n", "\n[TOC]\n", 1)
        # The codes are set aside, so that a link may have one in its text.
        codes = []

        def keep(code):
            codes.append(code[0] if not code[1] else code_in_line(code[2]))
            return f"\0{len(codes) - 1}\0"

        text = self.prose(page, CODE.sub(keep, text))
        return re.sub("\0(\\d+)\0", lambda number: codes[int(number[1])], text)

    def show(self, path):
        """A page with the text of a file, or with the names of the files in a folder."""
        name, source = self.shown[path], self.root / path
        if source.is_dir():
            files = sorted(file for file in source.iterdir() if file.is_file())
            lines = [f"- [{file.name}](@ref {self.reference(f'{path}/{file.name}')})\n" for file in files]
            return f"# {path} {{#{name}}}\n\n" + "".join(lines)
        language = LANGUAGES.get(source.suffix, "txt")
        text = source.read_text("utf-8")
        return f"# {path} {{#{name}}}\n\n~~~~~~~~{{.{language}}}\n{text}\n~~~~~~~~\n"


def headers(root):
    """The page of the headers that programs include, with the comment at the beginning of each."""
    lines = [
        "# Headers {#headers}\n\n",
        'Programs include these. The <a href="files.html">list of all headers</a> has the others.\n\n',
    ]
    for path in sorted((root / "include/hawser").glob("*.hpp")):
        said = re.match(r".*\n#pragma once\n\n((?:// .*\n)*)", path.read_text("utf-8"))[1]
        text = " ".join(said.replace("// ", "").split())
        name = f"hawser/{path.name}"
        lines.append(f"- [{name}](@ref {name}){': ' + text if text else ''}\n")
    return "".join(lines)


def write(root, folder, out):
    """Writes what Doxygen reads into the folder, and copies images to `out`."""
    folder.mkdir(parents=True)
    converter = Converter(root, out)
    listed = {path for path in converter.pages if path.startswith("docs/")}
    present = {path.relative_to(root).as_posix() for path in (root / "docs").glob("*.md")}
    for path in sorted(listed ^ present):
        raise SystemExit(f"{path} is either missing or not in the sidebar, docs/site/pages.py")
    for path in converter.pages:
        (folder / (name_of(path) + ".md")).write_text(converter.convert(path), "utf-8")
    (folder / "headers.md").write_text(headers(root), "utf-8")
    written = set()
    while todo := converter.shown.keys() - written:
        for path in sorted(todo):
            (folder / (converter.shown[path] + ".md")).write_text(converter.show(path), "utf-8")
            written.add(path)
