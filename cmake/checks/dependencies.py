# SPDX-License-Identifier: BSL-1.0
"""A header includes only the standard library, hawser, and the package of its folder."""

import source_tree

PACKAGES = {
    "deflate": ["zlib.h"],
    "asio": ["asio"],
    "testing": ["asio"],
    "tls": ["asio", "openssl"],
    "pubsub": ["asio"],
    "json": ["nlohmann"],
    "credentials": ["openssl"],
    "cable": ["asio", "nlohmann"],
    "redis": ["asio", "hiredis"],
}
# These headers cost every program that includes hawser up to half a second of compile time.
TOO_SLOW = ["format", "iostream", "ranges", "regex"]
# Headers for one operating system or processor.
SYSTEM = [
    "asio/accepting/close_on_exec.hpp",
    "asio/socket_transport.hpp",
    "asio/driver/unacknowledged.hpp",
    "base/simd.hpp",
    "base/system_entropy.hpp",
    "redis/link/client_name.hpp",
]


def check(root):
    for path in source_tree.sources(root, "include/hawser"):
        where = path.relative_to(root / "include/hawser")
        packages = PACKAGES.get(where.parts[0], [])
        for number, header, bracket in source_tree.includes(path):
            place = f"{path.relative_to(root)}:{number}"
            package = header.split("/")[0]
            if bracket == '"':
                if package != "hawser":
                    yield f"{place}: our headers are included as \"hawser/...\", not \"{header}\""
            elif package in TOO_SLOW:
                yield f"{place}: <{header}> is too slow to compile"
            elif ("/" in header or "." in header) and package not in packages:
                if where.as_posix() not in SYSTEM or package in sum(PACKAGES.values(), []):
                    yield f"{place}: <{header}> is a stray dependency"


if __name__ == "__main__":
    source_tree.main(check)
