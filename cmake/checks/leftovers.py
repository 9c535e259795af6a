# SPDX-License-Identifier: BSL-1.0
"""The sources contain no unfinished work and no compiled files."""

import source_tree

# Written so that the expression does not match this file.
UNFINISHED = r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"
COMPILED = {
    b"\x7fELF": "ELF",
    b"MZ": "PE32",
    b"\xcf\xfa\xed\xfe": "Mach-O",
    b"\xca\xfe\xba\xbe": "Mach-O",
    b"!<arch>\n": "a static library",
}
FOLDERS = ["include", "tests", "examples", "tools", "bench", "cmake"]
SCRIPTS = {".py", ".sh", ".cmake", ".txt", ".js", ".mjs", ".html"}


def check(root):
    paths = source_tree.sources(root, *FOLDERS)
    for folder in FOLDERS:
        paths += source_tree.files(root, folder, SCRIPTS)
    yield from source_tree.grep(root, paths, UNFINISHED, "{}")
    for path in source_tree.files(root):
        with path.open("rb") as file:
            start = file.read(8)
        for magic, name in COMPILED.items():
            if start.startswith(magic):
                yield f"{path.relative_to(root)}: {name}"


if __name__ == "__main__":
    source_tree.main(check)
