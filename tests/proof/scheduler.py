"""Lets one AWS call through at a time, so that what happens in which order is a sequence of choices.

Each operation runs in a thread of its own and stands before each of its calls until it is let go. Nothing else moves
meanwhile: the same choices give the same order of events, always.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.support.made_up_answers import Answer, made_up

PATIENCE_SECONDS = 30


class Crash(BaseException):
    """The end of an operation that nothing catches, as when its process is killed."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that an operation is about to make, or has made: the operation's name at AWS, and the request."""

    name: str
    body: Answer


@dataclass(frozen=True, slots=True)
class Let:
    """What becomes of a call: it goes through, is answered here, or is the end of its operation."""

    answer: Answer | None = None
    crash_before: bool = False
    crash_after: bool = False


GO = Let()


class Running:
    """An operation running in a thread of its own; whenever it can be looked at, it stands before a call or has ended.

    ``since`` is the moment at which it began; ``carried_out`` is the call that AWS has just answered with success.
    """

    _of_this_thread = threading.local()

    def __init__(self, name: str, work: Callable[[], Any], since: int) -> None:
        self.name = name
        self.work = work
        self.since = since
        self.stands_before: Call | None = None
        self.carried_out: Call | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self._let = GO
        self._let_go = threading.Semaphore(0)
        self._standing = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(work,), name=name, daemon=True)
        self._thread.start()
        self._wait()

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing more to let go."""
        return self.stands_before is None

    @property
    def crashed(self) -> bool:
        """Whether it was ended by force."""
        return isinstance(self.error, Crash)

    def let_go(self, let: Let = GO) -> Call | None:
        """Let the call it stands before go, wait until it stands again, and return the call if AWS carried it out."""
        self.carried_out = None
        self._let = let
        self._let_go.release()
        self._wait()
        return self.carried_out

    def _wait(self) -> None:
        if not self._standing.acquire(timeout=PATIENCE_SECONDS):
            raise TimeoutError(f"{self.name} neither made a call nor ended")

    def _run(self, work: Callable[[], Any]) -> None:
        Running._of_this_thread.running = self
        try:
            self.result = work()
        except BaseException as error:
            self.error = error
        finally:
            self.stands_before = None
            self._standing.release()

    # What botocore tells of the calls

    @staticmethod
    def before_send(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
        """Stand before a call, if the thread that makes it is an operation's."""
        running = getattr(Running._of_this_thread, "running", None)
        return running._stand_before_sending(request, event_name) if running else None

    @staticmethod
    def after_call(http_response: AWSResponse, event_name: str, **_: Any) -> None:
        """Note a call that was answered."""
        running = getattr(Running._of_this_thread, "running", None)
        if running:
            running._answered(http_response.status_code)

    # What stands for a call that is not made to AWS

    @staticmethod
    def stand_before(call: Call) -> None:
        """Stand before a call that is carried out in the test itself, if the thread that makes it is an operation's."""
        running = getattr(Running._of_this_thread, "running", None)
        if running:
            running._stand(call)

    def _stand_before_sending(self, request: AWSPreparedRequest, event_name: str) -> AWSResponse | None:
        self._stand(Call(event_name.rpartition(".")[2], _document(request.body)))
        return made_up(request, self._let.answer) if self._let.answer is not None else None

    def _stand(self, call: Call) -> None:
        self.stands_before = call
        self._standing.release()
        self._let_go.acquire()
        if self._let.crash_before:
            raise Crash

    def _answered(self, status: int) -> None:
        if self._let.answer is None and status < 300:
            self.carried_out = self.stands_before
        if self._let.crash_after:
            raise Crash


def _document(body: Any) -> Answer:
    """Read a request; one that is no JSON document, like an S3 object, is of no interest."""
    try:
        document = json.loads(body)
    except (TypeError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


@contextmanager
def scheduled(*clients: Any) -> Iterator[None]:
    """Put the calls of operations that are made through these boto3 clients under the scheduler."""
    for client in clients:
        client.meta.events.register("before-send", Running.before_send)
        client.meta.events.register("after-call", Running.after_call)
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister("before-send", Running.before_send)
            client.meta.events.unregister("after-call", Running.after_call)
