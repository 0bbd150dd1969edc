"""A real sshd on loopback for one user, with keys of the test's own."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.needs import require_program
from tests.poller.service_process import eventually
from tests.ports import free_ports

_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
AcceptEnv LC_ALL
"""


@contextmanager
def ssh_command(folder: Path) -> Iterator[list[str]]:
    """Run sshd; yield the command that logs in there with a terminal, to which a remote command is added."""
    server = require_program("sshd", package="openssh-server")
    client = require_program("ssh", package="openssh-client")
    keygen = require_program("ssh-keygen", package="openssh-client")
    for name in ("host", "user"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with free_ports(1) as ports:
        (port,) = ports
    config = folder / "sshd_config"
    config.write_text(_CONFIG.format(port=port, folder=folder))
    if os.getuid() == 0:
        # Where sshd keeps what it does not trust; its package's own start makes it.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    # Whoever runs the tests under nohup ignores hang-ups, and so would every session.
    command = ["env", "--default-signal=HUP", server, "-D", "-e", "-f", str(config)]
    daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: _listens(port))
        options = ["StrictHostKeyChecking=no", f"UserKnownHostsFile={folder}/known", "LogLevel=ERROR", "SendEnv=LC_ALL"]
        yield [
            *(client, "-tt", "-F", "none", "-i", str(folder / "user"), "-p", str(port)),
            *(word for option in options for word in ("-o", option)),
            "127.0.0.1",
        ]
    finally:
        daemon.terminate()
        daemon.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
