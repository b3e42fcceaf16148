"""E-mail addresses as they are compared: one mailbox written in two ways is one address (A3).

``idna`` is loaded for the few domains that are not plain ASCII, and adds nothing to a cold start otherwise.
"""

from __future__ import annotations

import unicodedata

FORM = 2
"""Kept with each address that is taken. One without it was taken by a version that compared addresses as spelled."""

MAX_BYTES = 254
"""The longest address that mail can be sent to (RFC 5321), in UTF-8 (RFC 6532)."""

MAX_LOCAL_BYTES = 64
"""The longest part before the ``@``, likewise."""


def normalized(address: str) -> str:
    """Return an address as it is compared: in small letters, in one spelling, with its domain decoded (IDNA 2008).

    A domain that breaks the rules of IDNA, as older records may have one, is compared as it is spelled.
    """
    local, at, domain = address.strip().rpartition("@")
    return f"{_folded_local(local)}{at}{_decoded(domain)}"


def require_sendable(address: str) -> None:
    """Require that mail can be sent to an address, and that it can be kept.

    Raises:
        ValueError: the address is too long in bytes, as it is spelled or as it is compared, or its domain breaks the
            rules of IDNA 2008.
    """
    for spelling in (address, normalized(address)):
        local, _, _ = spelling.rpartition("@")
        if len(spelling.encode()) > MAX_BYTES or len(local.encode()) > MAX_LOCAL_BYTES:
            raise ValueError(f"an address takes at most {MAX_BYTES} bytes, {MAX_LOCAL_BYTES} of them before the @")
    try:
        _encoded(address.rpartition("@")[2])
    except ValueError:
        raise ValueError("what follows the @ is no domain name") from None


def former_forms(address: str) -> list[str]:
    """Return the other forms under which this address may have been taken before it was compared as it is now.

    Those are its spelling without case, and the same with its domain in ASCII.
    """
    spelled = unicodedata.normalize("NFC", address).strip().casefold()
    local, _, domain = spelled.rpartition("@")
    try:
        in_ascii = f"{local}@{_encoded(domain)}"
    except ValueError:
        in_ascii = spelled
    return sorted({spelled, in_ascii} - {normalized(address)})


def _folded_local(local: str) -> str:
    """Fold the case of what is before the ``@``; ß is a letter of its own, not another way to write ss."""
    parts = unicodedata.normalize("NFKC", local).lower().split("ß")
    return unicodedata.normalize("NFKC", "ß".join(part.casefold() for part in parts))


def _decoded(domain: str) -> str:
    if _is_plain(domain):
        return domain.lower()
    import idna

    try:
        return idna.decode(_encoded(domain))
    except ValueError:
        return unicodedata.normalize("NFC", domain).casefold()


def _encoded(domain: str) -> str:
    """Return a domain in ASCII.

    Raises:
        ValueError: the domain breaks the rules of IDNA 2008.
    """
    if _is_plain(domain):
        return domain.lower()
    import idna

    return idna.encode(domain, uts46=True, std3_rules=True).decode()


def _is_plain(domain: str) -> bool:
    return domain.isascii() and "xn--" not in domain.lower()
