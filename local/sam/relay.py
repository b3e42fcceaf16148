"""Lets containers reach the local AWS, which listens on loopback: a relay on the address of Docker's bridge alone.

Docker Desktop has no such bridge on this machine and needs no relay: there ``host.docker.internal`` reaches loopback.
"""

from __future__ import annotations

import fcntl
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from urllib.parse import urlsplit

BRIDGE = b"docker0"
GET_ADDRESS = 0x8915
"""Linux' ``SIOCGIFADDR``."""

CHUNK_BYTES = 65_536


def bridge_address() -> str | None:
    """Return this machine's address on Docker's bridge, or nothing if there is no such bridge."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, suppress(OSError):
        return socket.inet_ntoa(fcntl.ioctl(asking, GET_ADDRESS, struct.pack("256s", BRIDGE))[20:24])
    return None


@contextmanager
def reached_from_containers(endpoint: str, say: Callable[[str], None]) -> Iterator[None]:
    """Let containers reach an address of this machine's loopback, until the block ends, if Docker's bridge is here.

    Args:
        endpoint: the address, like ``http://127.0.0.1:4566``.
        say: told, in a sentence, when it cannot be done.
    """
    here, bridge = urlsplit(endpoint), bridge_address()
    with ExitStack() as running:
        if bridge:
            try:
                running.enter_context(relay(bridge, int(here.port or 0), to=str(here.hostname)))
            except OSError as fault:
                say(f"Containers cannot reach the local AWS: {bridge}, port {here.port}: {fault.strerror}.")
        yield


@contextmanager
def relay(host: str, port: int, *, to: str) -> Iterator[None]:
    """Pass every connection to an address on to the same port of another one, until the block ends.

    Args:
        host: the address to listen on.
        port: the port to listen on, and to pass on to.
        to: the address to pass on to.

    Raises:
        OSError: the address cannot be listened on.
    """
    with _Relay((host, port), _Connection) as server:
        server.target = (to, port)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


class _Relay(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    target: tuple[str, int]


class _Connection(BaseRequestHandler):
    server: _Relay
    request: socket.socket

    def handle(self) -> None:
        with suppress(ConnectionRefusedError), socket.create_connection(self.server.target) as target:
            answers = Thread(target=_pass_on, args=(target, self.request), daemon=True)
            answers.start()
            _pass_on(self.request, target)
            answers.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Copy what one side says to the other, until it has said all."""
    with suppress(OSError):
        while said := source.recv(CHUNK_BYTES):
            sink.sendall(said)
        sink.shutdown(socket.SHUT_WR)
