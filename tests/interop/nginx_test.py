# SPDX-License-Identifier: BSL-1.0
"""nginx as a reverse proxy."""

import os

import programs
import reverse_proxy

NGINX = reverse_proxy.find("nginx")
CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://{upstream};
      proxy_http_version 1.1;
      proxy_read_timeout {idle}ms;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
    }}
  }}
}}
"""


class NginxTest(reverse_proxy.ReverseProxyTest):
    unreachable_status = 502

    def start_proxy(self, folder, listening, upstream):
        (folder / "conf").write_text(
            CONFIGURATION.format(
                folder=folder,
                port=listening.getsockname()[1],
                upstream=upstream,
                idle=int(reverse_proxy.IDLE * 1000),
            )
        )
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
