# SPDX-License-Identifier: BSL-1.0
"""HAProxy as a reverse proxy."""

import programs
import reverse_proxy

HAPROXY = reverse_proxy.find("haproxy")
CONFIGURATION = """
global
  log stderr local0 err
defaults
  mode http
  timeout connect 10s
  timeout client {idle}ms
  timeout server {idle}ms
  timeout tunnel {idle}ms
listen proxy
  bind fd@{socket}
  server upstream {upstream}
"""


class HaproxyTest(reverse_proxy.ReverseProxyTest):
    unreachable_status = 503

    def start_proxy(self, folder, listening, upstream):
        idle = int(reverse_proxy.IDLE * 1000)
        (folder / "conf").write_text(
            CONFIGURATION.format(socket=listening.fileno(), upstream=upstream, idle=idle)
        )
        self.enterContext(
            programs.Program(
                *(HAPROXY, "-db", "-f", str(folder / "conf")), pass_fds=[listening.fileno()]
            )
        )


if __name__ == "__main__":
    reverse_proxy.main(HAPROXY, "haproxy")
