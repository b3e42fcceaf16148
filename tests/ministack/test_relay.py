"""Containers reach the local AWS by a relay on the address of Docker's bridge, which listens nowhere else."""

from __future__ import annotations

import socket
import sys
from threading import Thread

import pytest

from local.sam import relay

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Docker's bridge is on this machine on Linux only.")


def test_what_is_said_arrives_and_the_answer_comes_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        Thread(target=answer, args=(listener,), daemon=True).start()
        with (
            relay.relay("127.0.0.2", port, to="127.0.0.1"),
            socket.create_connection(("127.0.0.2", port)) as caller,
        ):
            caller.sendall(b"hello")
            caller.shutdown(socket.SHUT_WR)
            assert caller.recv(100) == b"HELLO"


def answer(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(connection.recv(100).upper())


def test_it_listens_on_the_one_address_and_only_while_the_block_runs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with relay.relay("127.0.0.2", port, to="127.0.0.1"):
        assert listens("127.0.0.2", port)
        assert not listens("127.0.0.1", port)
        assert not listens("127.0.0.3", port)
    assert not listens("127.0.0.2", port)


def listens(host: str, port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex((host, port)) == 0


def test_without_a_bridge_there_is_no_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "BRIDGE", b"no-such-bridge")
    assert relay.bridge_address() is None
    with relay.reached_from_containers("http://127.0.0.1:4566", lambda told: pytest.fail(told)):
        pass


def test_a_port_that_is_taken_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "bridge_address", lambda: "127.0.0.2")
    told: list[str] = []
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        with relay.reached_from_containers(f"http://127.0.0.1:{port}", told.append):
            pass
    assert told == [f"Containers cannot reach the local AWS: 127.0.0.2, port {port}: Address already in use."]
