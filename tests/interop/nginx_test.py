# SPDX-License-Identifier: BSL-1.0
"""nginx as a reverse proxy."""

import os

import programs
import reverse_proxy

NGINX = reverse_proxy.find("nginx")


class NginxTest(reverse_proxy.ReverseProxyTest):
    unreachable_status = 502

    def start_proxy(self, folder, listening, upstream):
        configuration = reverse_proxy.configuration(
            "nginx.conf",
            FOLDER=folder,
            LISTEN=f"127.0.0.1:{listening.getsockname()[1]}",
            UPSTREAM=upstream,
        )
        (folder / "conf").write_text(configuration)
        # nginx inherits the socket as in an upgrade of its program.
        nginx = programs.Program(
            *(NGINX, "-e", "stderr", "-p", str(folder), "-c", str(folder / "conf")),
            env=os.environ | {"NGINX": f"{listening.fileno()};"},
            pass_fds=[listening.fileno()],
        )
        self.enterContext(nginx)
        # SIGTERM ends its workers too.
        self.addCleanup(nginx.terminate)


if __name__ == "__main__":
    reverse_proxy.main(NGINX, "nginx")
