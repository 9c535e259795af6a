# SPDX-License-Identifier: BSL-1.0
"""An umbrella header includes every header of its folders. Their subfolders contain the implementation."""

import source_tree

UMBRELLAS = {
    "hawser.hpp": ["base", "frame", "handshake", "protocol", "negotiation", "transport"],
    "asio.hpp": ["asio"],
    "tls.hpp": ["tls"],
    "deflate.hpp": ["deflate"],
    "pubsub.hpp": ["pubsub"],
    "cable.hpp": ["cable"],
    "credentials.hpp": ["credentials"],
    "redis.hpp": ["redis"],
    "testing.hpp": ["testing"],
}

# Headers for the tests of users, which the umbrellas leave out.
LEFT_OUT = {
    "hawser/cable/test_client.hpp",
    "hawser/pubsub/recording_broker.hpp",
    "hawser/transport/memory_pipe.hpp",
    "hawser/transport/pipe_faults.hpp",
    "hawser/transport/virtual_clock.hpp",
}


def check(root):
    headers = root / "include/hawser"
    for umbrella, folders in UMBRELLAS.items():
        path = headers / umbrella
        if not path.exists():
            yield f"include/hawser/{umbrella}: missing"
            continue
        included = {header for _, header, _ in source_tree.includes(path)}
        for folder in folders:
            for header in source_tree.files(root, f"include/hawser/{folder}", {".hpp"}):
                if header.parent.name != folder:
                    continue
                name = header.relative_to(root / "include").as_posix()
                if name not in included | LEFT_OUT:
                    yield f"include/hawser/{umbrella}: does not include {name}"


if __name__ == "__main__":
    source_tree.main(check)
