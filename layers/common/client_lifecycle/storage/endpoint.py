"""Posts to another system on the internet; never to an address inside a network, whatever a name resolves to."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException, HTTPSConnection
from ipaddress import ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct, field

TIMEOUT_SECONDS = 5
"""For each step of a call: connecting, sending, and the first line of the answer."""

Resolve: TypeAlias = Callable[[str], Sequence[str]]


class NotDelivered(Exception):
    """The other system did not take what was posted; the message says why, and never what."""


def addresses_of(host: str) -> list[str]:
    """Return the IPv4 addresses of a host that others on the internet could reach too.

    IPv6 is left out: it has many forms that hide an address inside a network.

    Raises:
        NotDelivered: one of them is private, loopback, link-local, multicast or reserved, or there is none.
    """
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError as fault:
        raise NotDelivered("name not resolved") from fault
    addresses = [str(place[0]) for *_, place in found]
    if not all(ip_address(address).is_global and not ip_address(address).is_multicast for address in addresses):
        raise NotDelivered("address not public")
    return addresses


class _Pinned(HTTPSConnection):
    """A connection to an address that was checked; the certificate must be that of the name."""

    def __init__(self, host: str, port: int, address: str, trust: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=TIMEOUT_SECONDS, context=trust)
        self._address = address
        self._trust = trust

    def connect(self) -> None:
        """Connect to the address, and to no other that the name may have by now."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)


class Endpoint(Struct, frozen=True):
    """An HTTPS address of another system.

    Args:
        url: the address; ``https`` only.
        resolve: from a host to the addresses that may be connected to; another only in tests.
        trust: whose certificates are taken; others only in tests.
    """

    url: str
    resolve: Resolve = addresses_of
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Post a body; redirects are not followed.

        Raises:
            NotDelivered: the address is not allowed or not reached, or the answer is no 2xx.
        """
        to = urlsplit(self.url)
        if to.scheme != "https" or not to.hostname:
            raise NotDelivered("not https")
        connection = _Pinned(to.hostname, to.port or 443, self.resolve(to.hostname)[0], self.trust)
        try:
            connection.request("POST", f"{to.path or '/'}{'?' + to.query if to.query else ''}", body, dict(headers))
            status = connection.getresponse().status
        except (OSError, HTTPException) as fault:
            raise NotDelivered(type(fault).__name__) from fault
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise NotDelivered(f"answered {status}")
