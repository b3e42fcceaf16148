"""Practices that ask every route with its sample event, for their own ids or for those that a test names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from client_lifecycle.edge import wiring
from local.samples.catalogue import BOOKING_HOOK, SAMPLES
from local.samples.given import Given
from local.signatures import signed_headers, webhook_headers
from tests.support.calls import MANAGER, ROUTES, Answer, request
from tests.support.places import Part, Place

ALL = sorted(" ".join(route) for route in ROUTES)
SIGNED = {"POST /hooks/bookings", "POST /hooks/records", "PUT /hooks/clients/{external_id}"}
"""Routes for systems, by their signature; each route for staff has a row in ``LEAST_ROLE`` instead."""

SOURCE = "calendar"
SECRET = "a secret"
SAMPLE_OF = {sample.route: sample for sample in reversed(SAMPLES) if sample.route}
INSTEAD_OF: Mapping[str, str] = {
    "POST /bulk-archives group_id": "client_ids",
    "POST /bulk-archives exclude_client_ids": "client_ids",
    "POST /bulk-archives filter": "client_ids",
    "POST /hooks/records client_external_id": "client_id",
}
"""What may not stand in a sample's body beside something else, by route and that."""

GOES_WITH: Mapping[str, str] = {"POST /bulk-archives exclude_client_ids": "group_id"}
"""What has to stand beside it."""


class Naming(Struct, frozen=True):
    """Ids that are named at a place of a request, in place of the sample's."""

    place: Place
    ids: Mapping[str, Any]

    @classmethod
    def of_one_a_page(cls, route: str) -> Naming:
        """Name no id, but the number of entries of a page of a list."""
        part = Part.QUERY if route.startswith("GET ") else Part.BODY
        return cls(Place(route, part, ("limit",)), {"limit": 1})

    @property
    def path(self) -> Mapping[str, Any]:
        """What stands in the path."""
        return {name: self.ids[name] for name in self.place.at} if self.place.part is Part.PATH else {}

    @property
    def query(self) -> Mapping[str, Any]:
        """What stands in the query; an external id is looked for in its source."""
        if self.place.part is not Part.QUERY:
            return {}
        [name] = self.place.at
        return {name: self.ids[self.place.names]} | ({"source": SOURCE} if name == "external_id" else {})

    def within(self, body: str | None, own: Mapping[str, str]) -> str | None:
        """Return a body with what is named, without what may not stand beside it and with an own id that has to."""
        if self.place.part is not Part.BODY:
            return body
        whole = json.loads(body or "{}")
        key = f"{self.place.route} {self.place.at[0]}"
        whole.pop(INSTEAD_OF.get(key), None)
        if beside := GOES_WITH.get(key):
            whole[beside] = own[beside]
        return json.dumps(self.place.within(whole, self.ids[self.place.names], SOURCE))


NOTHING = Naming(Place("", Part.PATH, ()), {})


class Practice(Struct, frozen=True):
    """A practice that has one at least of everything, and the ids of one of each."""

    provider_id: str
    ids: dict[str, str]

    def manages(self, route: str, named: Naming = NOTHING, headers: Mapping[str, str] | None = None) -> Answer:
        """Make a request as a manager or, where systems ask, as the practice's system."""
        if route not in SIGNED:
            manager = MANAGER | {"custom:provider_id": self.provider_id, "sub": self.ids["user_id"]}
            return self.ask(route, manager, named, headers)
        raw = (named.within(self._sample(route)["body"], self.ids) or "").encode()
        if route == BOOKING_HOOK.route:
            signed = signed_headers(SECRET, self.provider_id, raw, wiring.now())
        else:
            signed = webhook_headers(SECRET, self.provider_id, SOURCE, "message-1", raw, wiring.now())
        return self.ask(route, None, named, signed)

    def ask(
        self,
        route: str,
        claims: Mapping[str, Any] | None,
        named: Naming = NOTHING,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make the sample request of a route for this practice's ids, except what is named."""
        event = self._sample(route)
        method, _, path = route.partition(" ")
        address = path.format_map(self.ids | dict(named.path))
        query = urlencode((event["queryStringParameters"] or {}) | dict(named.query))
        raw = named.within(event["body"], self.ids)
        return request(method, f"{address}?{query}", raw=raw, claims=claims, headers=headers)

    def done(self, route: str) -> dict[str, Any]:
        """Do what a sample does, and return the answer."""
        answer = self.manages(route)
        assert answer.status < 300, answer.body
        body: dict[str, Any] = answer.body
        return body

    def _sample(self, route: str) -> dict[str, Any]:
        ids = {"archive_id": "", "run_id": "", "token": ""} | self.ids
        given = Given(
            at=wiring.now(),
            provider_id=self.provider_id,
            client_ids=(ids["client_id"], ids["member_id"]),
            archive_ids=(ids["archive_id"], ids["archive_id"]),
            run_id=ids["run_id"],
            token=ids["token"],
            group_id=ids["group_id"],
        )
        return dict(SAMPLE_OF[route].event(given))
