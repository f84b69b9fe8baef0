"""Find out whether a connection on loopback was opened by another user. This works on Linux only."""

import os
import socket
import struct

__all__ = ["is_another_users"]

# The kernel's tables of IPv4 and IPv6 connections. Source: proc_pid_net(5). An IPv6 socket may speak IPv4, by a mapped address.
_TABLES = (("/proc/net/tcp", ""), ("/proc/net/tcp6", "0000000000000000FFFF0000"))


def is_another_users(client: tuple[str, int], server: tuple[str, int]) -> bool:
    """Return whether the client's socket belongs to another user. If the socket's owner is unknown, return False.

    The socket's owner is unknown on macOS and Windows, and on Linux if the client runs in another network namespace. The server
    needs this check because other users can read the page's address in the browser's command line.

    Root does not count as another user. Under ``sudo``, the user who called ``sudo`` does not count as another user either.

    Args:
        client: The client's IPv4 address and port.
        server: The server's IPv4 address and port.
    """
    if not hasattr(os, "geteuid"):
        return False
    trusted = {0, os.geteuid()}
    invoker = os.environ.get("SUDO_UID", "")
    if os.geteuid() == 0 and invoker.isdecimal():
        trusted.add(int(invoker))
    for path, prefix in _TABLES:
        pair = [f"{prefix}{_hexadecimal(address)}:{port:04X}" for address, port in (client, server)]
        try:
            with open(path, encoding="ascii") as table:
                for line in table:
                    fields = line.split()
                    if fields[1:3] == pair:
                        return int(fields[7]) not in trusted
        except (OSError, ValueError, IndexError):
            continue
    return False


def _hexadecimal(address: str) -> str:
    (number,) = struct.unpack("=I", socket.inet_aton(address))
    return f"{number:08X}"
