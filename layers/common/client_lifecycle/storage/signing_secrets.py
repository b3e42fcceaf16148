"""Reads the secrets that other systems sign with, each by the name of who signs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from client_lifecycle.domain.errors import TooManyRequests
from client_lifecycle.storage.retries import persistently

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient
    from types_boto3_ssm.type_defs import ParameterTypeDef

NOT_THERE = frozenset({"ParameterNotFound", "ParameterVersionNotFound"})

KEPT_FOR = timedelta(minutes=1)
READS_WHILE_KEPT = 5
SIGNERS_KEPT = 256
"""How many signers with secrets are kept, and how many without any."""

READS_IN_VAIN = 20
"""The most reads within a minute that may find no secret; after them nobody is looked for who is not known."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A signer's secrets, since when they are kept, and how often they were read since then."""

    secrets: tuple[str, ...] = field(repr=False)
    since: datetime
    reads: int = 1


@dataclass(frozen=True, slots=True)
class SigningSecrets:
    """The secrets in Parameter Store, named ``<prefix>/<signer>``, kept in this process for a minute.

    Signers without a secret are kept apart: those that somebody makes up push out no other. Looking for them costs
    ``READS_IN_VAIN`` reads a minute and no more, however many are made up.
    """

    client: SSMClient
    prefix: str
    _known: dict[str, _Kept] = field(default_factory=dict, init=False, repr=False)
    _unknown: dict[str, _Kept] = field(default_factory=dict, init=False, repr=False)
    _in_vain: deque[datetime] = field(default_factory=lambda: deque(maxlen=READS_IN_VAIN), init=False, repr=False)

    def of(self, signer: str, at: datetime) -> Iterator[str]:
        """Yield the signer's current secret and, while one is being rotated out, the one before it.

        A caller who is not content with those that are kept gets them read again, in case they were rotated since; for
        one signer that happens ``READS_WHILE_KEPT`` times a minute at most, however many signatures do not fit.

        Args:
            signer: whose secrets: a provider, or a provider and a source, with a slash between them.
            at: the present moment, UTC.

        Raises:
            TooManyRequests: the signer is not known, and too many who have no secret were looked for within a minute.
            StorageBusy: Parameter Store kept throttling, or was out of reach.
        """
        if signer not in self._known:
            self._require_patience(at)
        kept = self._kept(signer, at)
        if kept is None:
            yield from self.current(signer, at)
            return
        yield from kept.secrets
        if kept.reads < READS_WHILE_KEPT:
            again = replace(kept, secrets=self._read(signer), reads=kept.reads + 1)
            yield from self._keep(signer, again, at)

    def current(self, signer: str, at: datetime) -> tuple[str, ...]:
        """Return the signer's current secret and the one before it, as they are kept.

        Args:
            signer: whose secrets.
            at: the present moment, UTC.

        Raises:
            StorageBusy: Parameter Store kept throttling, or was out of reach.
        """
        kept = self._kept(signer, at)
        return kept.secrets if kept else self._keep(signer, _Kept(self._read(signer), at), at)

    def _kept(self, signer: str, at: datetime) -> _Kept | None:
        """Return what is kept of a signer, unless that is too long ago."""
        kept = self._known.get(signer) or self._unknown.get(signer)
        return kept if kept and at - kept.since < KEPT_FOR else None

    def _require_patience(self, at: datetime) -> None:
        if len(self._in_vain) == READS_IN_VAIN and at - self._in_vain[0] < KEPT_FOR:
            raise TooManyRequests("Too many requests are signed by systems that nobody knows.")

    def _keep(self, signer: str, kept: _Kept, at: datetime) -> tuple[str, ...]:
        """Keep a signer's secrets, in place of those that were read longest ago if there are too many."""
        if not kept.secrets:
            self._in_vain.append(at)
        for place in (self._known, self._unknown):
            place.pop(signer, None)
        place = self._known if kept.secrets else self._unknown
        if len(place) >= SIGNERS_KEPT:
            del place[next(iter(place))]
        place[signer] = kept
        return kept.secrets

    def _read(self, signer: str) -> tuple[str, ...]:
        """Read the newest version of a parameter, which is the current secret, and the one before it."""
        name = f"{self.prefix}/{signer}"
        current = self._read_parameter(name)
        if current is None:
            return ()
        previous = self._read_parameter(f"{name}:{current['Version'] - 1}") if current["Version"] > 1 else None
        return tuple(version["Value"] for version in (current, previous) if version)

    def _read_parameter(self, name: str) -> ParameterTypeDef | None:
        try:
            return persistently(lambda: self.client.get_parameter(Name=name, WithDecryption=True))["Parameter"]
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                return None
            raise
