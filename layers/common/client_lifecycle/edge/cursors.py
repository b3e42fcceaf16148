"""Cursors: a place in one list of one provider, sealed.

A place in a list sorted by name holds a name, and a cursor goes into URLs; so nothing in it can be read. One that was
made for another provider, another list or another query, or was changed, is refused.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct

from client_lifecycle.domain.errors import InvalidRequest
from client_lifecycle.edge import wiring
from client_lifecycle.storage.seal import BrokenSeal


class Listing(Struct, frozen=True):
    """A list of a provider as one query asks for it.

    Args:
        provider_id: whose list.
        name: which list; another name, should the places in it ever take another form.
        query: what was asked, except the length of a page, which may differ from page to page.
    """

    provider_id: str
    name: str
    query: tuple[str | None, ...] = ()

    def cursor(self, place: Any) -> str | None:
        """Return the cursor of a place, ``None`` for none.

        Args:
            place: where to go on, as the list's reader gives and takes it; made of texts, numbers and lists.
        """
        return None if place is None else wiring.seal().close(json.dumps([*self._bound_to(), place]))

    def place(self, cursor: str | None) -> Any:
        """Return the place that a cursor tells, ``None`` without one.

        Raises:
            InvalidRequest: the cursor does not come from an earlier page of this list.
        """
        if cursor is None:
            return None
        try:
            *bound_to, place = json.loads(wiring.seal().open(cursor))
        except BrokenSeal as error:
            raise _of_another_list() from error
        if bound_to != self._bound_to():
            raise _of_another_list()
        return place

    def _bound_to(self) -> list[str | None]:
        return [self.provider_id, self.name, *self.query]


def _of_another_list() -> InvalidRequest:
    return InvalidRequest(
        "This cursor does not come from an earlier page of this list.", "cursor", code="foreign_cursor"
    )
