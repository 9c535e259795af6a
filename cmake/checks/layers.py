# SPDX-License-Identifier: BSL-1.0
"""Each folder under include/hawser is a layer, which includes only itself and the layers listed here."""

import source_tree

LAYERS = {
    "base": [],
    "frame": ["base"],
    "handshake": ["base"],
    "protocol": ["base", "frame"],
    "negotiation": ["base", "frame", "handshake", "protocol"],
    "transport": ["base", "frame", "handshake", "protocol", "negotiation"],
    "deflate": ["base", "frame", "handshake", "protocol", "negotiation"],
    "asio": ["base", "frame", "handshake", "protocol", "negotiation", "transport"],
    "tls": ["base", "handshake", "transport", "asio"],
    "testing": ["base", "frame", "handshake", "protocol", "transport", "asio"],
    "pubsub": ["base", "protocol", "transport", "asio"],
    "json": ["base"],
    "credentials": ["base", "handshake", "json"],
    "cable": ["base", "frame", "handshake", "protocol", "transport", "pubsub", "asio", "json"],
    "redis": ["base", "handshake", "protocol", "transport", "pubsub", "asio"],
}


def check(root):
    for path in source_tree.sources(root, "include/hawser"):
        where = path.relative_to(root / "include/hawser").parts
        if len(where) == 1:
            continue  # An umbrella, or the version
        layer = where[0]
        if layer not in LAYERS:
            yield f"{path.relative_to(root)}: {layer} is not a layer"
            continue
        for number, header, _ in source_tree.includes(path):
            parts = header.split("/")
            if parts[0] != "hawser" or header == "hawser/version.hpp":
                continue
            if len(parts) < 3 or parts[1] not in [layer, *LAYERS[layer]]:
                yield f"{path.relative_to(root)}:{number}: {layer} may not include {header}"


if __name__ == "__main__":
    source_tree.main(check)
