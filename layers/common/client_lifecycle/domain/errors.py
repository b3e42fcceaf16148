"""Every fault a caller can meet, by name, under the kind that decides its HTTP status.

One name runs through the whole system: the class here is the ``type`` of the problem an HTTP caller reads, the reason
of a client's outcome in a run, and the entry of ``ErrorEquals`` in the workflow.

LifecycleError
  Invalid           what was sent is not valid: InvalidRequest, IdempotencyKeyReused, EventIdReused
  RequestTooLarge
  BadSignature
  TooManyRequests
  NotPermitted
  NotFound          the provider has no such thing: ClientNotFound, GroupNotFound, ReceiptNotFound, RestoreNotFound,
                    RunNotFound, ImportNotFound
  RecordsAreKept
  ChangedMeanwhile  not as the caller has read it
  Conflict          not as things stand: ArchiveBlocked, EmailInUse, RunUndone, Superseded and others
  TryLater          passes by itself: StorageBusy, CommitContended
  UnreadableRecord
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict

from client_lifecycle.domain.unreadable import MOST_NAMED, Unreadable


class LifecycleError(Exception):
    """A request that cannot be carried out, with the reason in words for people.

    Args:
        message: one sentence for the caller; never holds a name, an e-mail address or message text.
        fields: the parts of the request at fault, as paths like ``client_ids[3]``; none where it is not the request.
        code: the stable name of what is wrong with these parts, where one fault has several; else that of the fault.
        facts: what the caller may need to go on, such as the id of the client in the way; plain, as JSON has it.
    """

    def __init__(self, message: str, *fields: str, code: str | None = None, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields
        self.code = code or self.name
        self.facts = facts

    @property
    def name(self) -> str:
        """The stable name of the fault: its class name."""
        return type(self).__name__


class Invalid(LifecycleError):
    """What was sent is not valid; sending it again does not help."""


class NotFound(LifecycleError):
    """The provider has no such thing; another provider's counts as unknown."""


class Conflict(LifecycleError):
    """What was asked for is not possible as things stand."""


class TryLater(LifecycleError):
    """What was asked for is not possible for the moment. Asking again is safe."""


class InvalidRequest(Invalid):
    """The request does not have the documented form."""


class RequestTooLarge(LifecycleError):
    """The body of the request is larger than any that this route takes."""


class BadSignature(LifecycleError):
    """The request is not signed as it must be; it is not known who calls."""


class TooManyRequests(LifecycleError):
    """More was asked for than is answered within so short a time. Try again, more slowly."""


class NotPermitted(LifecycleError):
    """The caller is signed in but may not do this."""


class ChangedMeanwhile(LifecycleError):
    """What was to be changed is no longer as it was when the caller read it; nothing was written."""


class ClientNotFound(NotFound):
    """The provider has no client of this id; another provider's client counts as unknown."""


class GroupNotFound(NotFound):
    """The provider has no client group of this id."""


class ReceiptNotFound(NotFound):
    """The client has no receipt of this archive id."""


class RestoreNotFound(NotFound):
    """Nothing was ever restored from this receipt."""


class RunNotFound(NotFound):
    """The provider has no bulk archive of this id."""


class ImportNotFound(NotFound):
    """The provider has no import of this id, or it has no report yet."""


class ImportNotChecked(Conflict):
    """The import was not checked, or the file could not be read; there is nothing to confirm."""


class ImportMismatch(Conflict):
    """The token does not belong to what the last check of this import showed."""


class ImportStarted(Conflict):
    """The import is being checked, or was confirmed; it cannot be checked again."""


class ImportNotStarted(Conflict):
    """The import was never confirmed; there is nothing to retry."""


class ImportExpired(Conflict):
    """What was uploaded for this import is kept no longer."""


class TooManyClients(Conflict):
    """More clients were selected than one bulk archive takes."""


class PreviewExpired(Conflict):
    """The bulk archive was not confirmed in time; what was shown may be out of date."""


class PreviewMismatch(Conflict):
    """The token does not belong to what this bulk archive showed."""


class RunNotStarted(Conflict):
    """The bulk archive was never started; there is nothing to retry or undo."""


class RunNotFinished(Conflict):
    """The bulk archive is still running; it can be undone once it has ended."""


class RunStarted(Conflict):
    """The bulk archive was confirmed or cancelled; its clients can no longer be chosen."""


class RunUndone(Conflict):
    """The bulk archive was undone, so its clients are not tried again; ``undone_by`` names the run that did it."""


class UndoExpired(Conflict):
    """The bulk archive ended too long ago to be undone as a whole (the provider's ``undo_window_days``)."""


class NothingToUndo(Conflict):
    """The run has archived nobody, or is an undo itself."""


class NothingSelected(Conflict):
    """A bulk archive was asked for, but no active client is in the group, or found by the filter, and not left out."""


class ArchiveBlocked(Conflict):
    """A safety rule of the provider forbids to archive this client now; ``rules`` names each."""


class AlreadyArchived(Conflict):
    """An archive was planned for a client that is archived."""


class StillArchived(Conflict):
    """Something was to be restored for a client that is archived; it is activated first."""


class AcknowledgementNeeded(Conflict):
    """A safety rule of the provider wants to be acknowledged first; ``rules`` names each."""


class EmailInUse(Conflict):
    """A client of this provider, active or archived, has this e-mail address already (A3)."""


class ExternalIdInUse(Conflict):
    """Another client of this provider has this id in that source already; ``client_id`` names it (I14)."""


class GroupNotEmpty(Conflict):
    """A client group that still has clients, active or archived, cannot be deleted."""


class RecordsAreKept(LifecycleError):
    """A client cannot be deleted (A4)."""


class IdempotencyKeyReused(Invalid):
    """The key of this request was sent before, with another request."""


class EventIdReused(Invalid):
    """The event id was sent before, with another booking, or with other changes of which some were refused."""


class RequestStillRunning(Conflict):
    """The same request, with the same key, has not been answered yet. Try again."""


class Superseded(Conflict):
    """The client no longer carries the stamp this work was done under; nothing more was written."""


class StorageBusy(TryLater):
    """AWS kept refusing for the moment, or could not be reached, until there was no time for another try. Try again.

    Any of its services: DynamoDB, and also S3, Lambda, Step Functions, KMS, EventBridge and SQS. Callers, stored
    outcomes and the workflow know the fault by this name, from when there was storage alone.
    """


class CommitContended(TryLater):
    """What was read kept changing while the work was being committed. Try again."""


class UnreadableRecord(LifecycleError):
    """What is stored of the client, or of what else was named, is damaged; ``unreadable`` names each record at fault.

    A record is missing a field, or has a value no such field can have: another version stored it, or another system
    before it had a door. Trying again does not help; its source has to tell the record again.
    """

    def __init__(self, *found: Unreadable) -> None:
        named = found[:MOST_NAMED]
        message = f"A stored record cannot be read: {', '.join(map(str, named))}."
        super().__init__(message, unreadable=[_told(one) for one in named])
        self.found = found


def _told(one: Unreadable) -> dict[str, object]:
    return {name: value for name, value in asdict(one).items() if value is not None}
