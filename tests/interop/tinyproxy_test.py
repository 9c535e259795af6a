# SPDX-License-Identifier: BSL-1.0
"""Tinyproxy, an HTTP proxy that makes tunnels by CONNECT."""

import forward_proxy

TINYPROXY = forward_proxy.find("tinyproxy")
CONFIGURATION = """
Listen 127.0.0.1
Port {port}
Timeout 600
MaxClients 50
LogLevel Error
"""


class TinyproxyTest(forward_proxy.ForwardProxyTest):
    scheme = "http"

    def command(self, folder, port, credentials):
        text = CONFIGURATION.format(port=port)
        if credentials:
            text += "BasicAuth {} {}\n".format(*credentials)
        (folder / "conf").write_text(text)
        return TINYPROXY, "-d", "-c", str(folder / "conf")


if __name__ == "__main__":
    forward_proxy.main(TINYPROXY, "tinyproxy")
