# SPDX-License-Identifier: BSL-1.0
"""cable_client.py SERVER CLIENT: subscribes, performs an action, receives, and ends on SIGINT; a rejection ends it."""

import signal
import subprocess
import sys

from running_server import SECONDS, running_server

ECHO = "Anyt::TestChannels::SubscriptionPerformMethodsChannel"
REJECTS = "Anyt::TestChannels::SubscriptionAknowledgementRejectorChannel"


def main(server, client):
    with running_server(server, "0") as url:
        command = [client, url.replace("ws:", "http:") + "cable", ECHO, "echo", '{"text":"hello"}']
        with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as echoed:
            try:
                assert echoed.stdout.readline() == "connected\n"
                answer = echoed.stdout.readline()
                assert "hello" in answer, f"the answer to the action is {answer!r}"
                echoed.send_signal(signal.SIGINT)
                assert echoed.wait(SECONDS) == 0, f"{client} ended with {echoed.returncode}"
            finally:
                echoed.kill()
        rejected = subprocess.run(
            [client, url + "cable", REJECTS],
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )
        assert rejected.returncode == 1 and "rejected" in rejected.stderr, f"a rejection gave {rejected}"


if __name__ == "__main__":
    main(*sys.argv[1:])
