"""Every fault a caller can meet, by name. Imports nothing.

One name runs through the whole system: the class here is the ``type`` of the problem an HTTP caller reads, the
reason of a client's outcome in a run, and the entry of ``ErrorEquals`` in the workflow.
"""

from __future__ import annotations


class LifecycleError(Exception):
    """A request that cannot be carried out, with the reason in words for people.

    Args:
        message: one sentence for the caller; never holds a name, an e-mail address or message text.
        fields: the parts of the request at fault, as paths like ``client_ids[3]``; none where it is not the request.
    """

    def __init__(self, message: str, *fields: str) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields

    @property
    def name(self) -> str:
        """The stable name of the fault: its class name."""
        return type(self).__name__


class InvalidRequest(LifecycleError):
    """The request does not have the documented form."""


class NotPermitted(LifecycleError):
    """The caller is signed in but may not do this."""


class ClientNotFound(LifecycleError):
    """The provider has no client of this id; another provider's client counts as unknown."""


class GroupNotFound(LifecycleError):
    """The provider has no client group of this id."""


class ReceiptNotFound(LifecycleError):
    """The client has no receipt of this archive id."""


class RunNotFound(LifecycleError):
    """The provider has no bulk archive of this id."""


class TooManyClients(LifecycleError):
    """More clients were selected than one bulk archive takes."""


class PreviewExpired(LifecycleError):
    """The bulk archive was not confirmed in time; what was shown may be out of date."""


class PreviewMismatch(LifecycleError):
    """The token does not belong to what this bulk archive showed."""


class NothingSelected(LifecycleError):
    """A bulk archive was asked for, but the group has no active client."""


class Superseded(LifecycleError):
    """The client no longer carries the stamp this work was done under, so nothing was written (DESIGN, the stamp)."""


class StorageBusy(LifecycleError):
    """The table kept refusing with throttles or transaction conflicts until the retries ran out. Try again."""


class CommitContended(LifecycleError):
    """The client's records kept changing while the work was being committed. Try again."""
