"""``ETag`` and ``If-Match``: a change is made only to what its sender has seen (RFC 9110, 13.1.1)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header
from pydantic import BaseModel

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.errors import ChangedMeanwhile

T = TypeVar("T")
Shown = TypeVar("Shown", bound=BaseModel)
Route = TypeVar("Route", bound=Callable[..., Any])

TAG = re.compile(r'"([!#-~]*)"')

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        examples=['"12"'],
        pattern="^[ -~]{1,1000}$",
        description="The ETag of what was seen; if it is no longer so, nothing is written (412 ChangedMeanwhile).",
    ),
]
"""The header, as a parameter of each route that changes something with an ETag."""

TAGGED: set[Callable[..., Any]] = set()
"""The routes whose answers have an ``ETag``, for the API's description."""


def answers_with_tag(route: Route) -> Route:
    """Tell that the answers of a route have an ``ETag``."""
    TAGGED.add(route)
    return route


def tagged(view: Shown, tag: str) -> Response[Shown]:
    """Answer with something and its ``ETag``."""
    return Response(status_code=HTTPStatus.OK, content_type="application/json", body=view, headers={"ETag": f'"{tag}"'})


def tag_of_client(client: Client) -> str:
    """Return the tag of a client: its revision. Balance and last activity are facts that do not change it (I15)."""
    return str(client.revision)


def tag_of_view(view: BaseModel) -> str:
    """Return the tag of what has no revision: a digest of all that is shown of it."""
    return hashlib.sha256(view.model_dump_json().encode()).hexdigest()[:32]


def only_if(if_match: str | None, tag: Callable[[T], str]) -> Callable[[T], None]:
    """Return what a use case asks about each reading that it is about to change, and commits over.

    Whether a tag is weak is ignored: CloudFront makes every tag weak when it compresses an answer.

    Args:
        if_match: the header, ``None`` if it was not sent; a change is then made whatever there is.
        tag: the tag of a reading.

    Raises:
        ChangedMeanwhile: by what is returned, if the reading has none of the tags.
    """
    wanted = set(TAG.findall(if_match or ""))
    anything = if_match is None or if_match == "*"

    def require(found: T) -> None:
        if not anything and tag(found) not in wanted:
            raise ChangedMeanwhile("It was changed by others since you have read it.", "If-Match")

    return require


def edit_only_if(require: Callable[[T], None], edit: Callable[[T], T]) -> Callable[[T], T]:
    """Return an edit that is made only to a reading which is as it is required."""

    def edited(found: T) -> T:
        require(found)
        return edit(found)

    return edited
