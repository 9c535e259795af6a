# SPDX-License-Identifier: BSL-1.0
"""HAProxy as a reverse proxy."""

import programs
import reverse_proxy

HAPROXY = reverse_proxy.find("haproxy")


class HaproxyTest(reverse_proxy.ReverseProxyTest):
    unreachable_status = 503

    def start_proxy(self, folder, listening, upstream):
        configuration = reverse_proxy.configuration(
            "haproxy.cfg", LISTEN=f"fd@{listening.fileno()}", UPSTREAM=upstream
        )
        (folder / "conf").write_text(configuration)
        self.enterContext(
            programs.Program(
                *(HAPROXY, "-db", "-f", str(folder / "conf")), pass_fds=[listening.fileno()]
            )
        )


if __name__ == "__main__":
    reverse_proxy.main(HAPROXY, "haproxy")
