# SPDX-License-Identifier: BSL-1.0
"""MicroSocks, a proxy that speaks SOCKS5."""

import forward_proxy

MICROSOCKS = forward_proxy.find("microsocks")


class MicrosocksTest(forward_proxy.ForwardProxyTest):
    scheme = "socks5"

    def command(self, _, port, credentials):
        password = ["-u", credentials[0], "-P", credentials[1]] if credentials else []
        return MICROSOCKS, "-i", "127.0.0.1", "-p", str(port), *password


if __name__ == "__main__":
    forward_proxy.main(MICROSOCKS, "microsocks")
