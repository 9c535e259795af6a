# SPDX-License-Identifier: BSL-1.0
"""Headers have no macros and no preprocessor branches, except for differences between systems or processors,
for errors about an unsuitable compiler or Asio, and for what the compiled form instantiates."""

import source_tree

EXCEPT = [
    "asio/accepting/close_on_exec.hpp",
    "asio/language.hpp",
    "asio/socket_transport.hpp",
    "asio/driver/unacknowledged.hpp",
    "asio/executor/cancel.hpp",
    "base/language.hpp",
    "base/simd.hpp",
    "base/system_entropy.hpp",
    "redis/link/client_name.hpp",
    "version.hpp",
]


def check(root):
    headers = root / "include/hawser"
    paths = [
        path
        for path in source_tree.sources(root, "include")
        if path.relative_to(headers).as_posix() not in EXCEPT
    ]
    yield from source_tree.grep(
        root, paths, r"^\s*#\s*(define|undef|if|ifdef|ifndef|elif|else)\b(?! !?defined\(HAWSER_COMPILED(_TLS|_CABLE|_TESTING)?\)$)",
        "{} in a header",
    )


if __name__ == "__main__":
    source_tree.main(check)
