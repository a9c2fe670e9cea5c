# SPDX-License-Identifier: GPL-2.0
"""QEMU's monitor (QMP) at a socket.  All that goes wrong is an OSError."""

import json
import socket

LIMIT = 60      # seconds for an answer


class Monitor:
    """A connection, for the time of a with statement."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX)

    def __enter__(self):
        self.socket.settimeout(LIMIT)
        self.socket.connect(self.path)
        self.channel = self.socket.makefile("rw", encoding="utf-8")
        self.channel.readline()
        self.order("qmp_capabilities")
        return self

    def __exit__(self, *_):
        self.socket.close()

    def order(self, command, **arguments):
        """Has QEMU execute a command; returns what it returns."""
        self.channel.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.channel.flush()
        for line in self.channel:
            answer = json.loads(line)
            if "error" in answer:
                raise OSError(answer["error"].get("desc"))
            if "return" in answer:
                return answer["return"]
        raise OSError("the monitor was closed")
