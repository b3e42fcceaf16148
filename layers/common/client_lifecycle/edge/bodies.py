"""Parts of request bodies: ids, names, texts, whole numbers, options and switches."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any

from msgspec.structs import replace
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from client_lifecycle.domain import names
from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import (
    ArchiveOptions,
)
from client_lifecycle.domain.settings import PortalSettings
from client_lifecycle.edge.field_errors import Misfit
from client_lifecycle.edge.id_forms import EXTERNAL_ID_PATTERN, ID_PATTERN


class Body(BaseModel):
    """The base of every request body: fields that are not documented are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


IdField = Annotated[str, Field(pattern=ID_PATTERN)]
"""An id inside a body."""


ExternalId = Annotated[str, Field(pattern=EXTERNAL_ID_PATTERN)]
"""A client's id in another system."""

MAX_SOURCES = 10
"""The most systems in which one client has an id."""


def name_keys(schema: dict[str, Any]) -> None:
    """Describe a map by what its names are, and refuse other names."""
    [(pattern, value)] = schema.pop("patternProperties").items()
    schema |= {"propertyNames": {"pattern": pattern}, "additionalProperties": value}


def _whole(number: object) -> object:
    return int(number) if isinstance(number, float) and number.is_integer() else number


AsWhole = BeforeValidator(_whole)
"""Beside an ``int`` inside a body: JSON has one kind of number, so 5.0 is 5."""

Whole = Annotated[int, AsWhole]

MAX_NAMED = 20
"""The most that a list of choices may hold; one that is named twice counts once."""


def not_given() -> Any:
    """Stand in for a field that a partial change leaves out; never read, and no default in the API's description."""
    return None


CONTROLS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
TURNS = r"\u202a-\u202e\u2066-\u2069"
"""What changes the direction that text is read in: with it, a name is shown as another."""

NONCHARACTERS = r"\ufdd0-\ufdef" + "".join(f"{chr(end - 1)}{chr(end)}" for end in range(0xFFFF, 0x110000, 0x10000))
"""The 66 code points that Unicode will never give a meaning."""

TEXT_PATTERN = f"^[^{CONTROLS}{TURNS}{NONCHARACTERS}]*$"
"""What ``_text`` allows, except half characters, as the API's description says it."""

NOT_IN_TEXT = re.compile(rf"[{CONTROLS}{TURNS}{NONCHARACTERS}\ud800-\udfff]")
NOT_IN_A_NAME = re.compile(rf"[\t\n\r]|{NOT_IN_TEXT.pattern}")
REFUSED = "control characters, changes of direction and noncharacters are not allowed"

BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159")
"""Letters and signs that show nothing: fillers of Hangul, the empty sign of Braille, the empty note head."""

UNASSIGNED_AND_IGNORED = re.compile("[\u2065\ufdd0-\ufdef\ufff0-\ufff8\ufffe\uffff\U000e0000-\U000e0fff]")
"""Code points that are no characters, or that nothing is shown for whatever they may once be."""

INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs", "Mn", "Me"})
"""The categories of Unicode whose characters show nothing by themselves."""


def _is_visible(character: str) -> bool:
    return (
        unicodedata.category(character) not in INVISIBLE
        and character not in BLANK_LETTERS
        and not UNASSIGNED_AND_IGNORED.fullmatch(character)
    )


def _name(text: str) -> str:
    if NOT_IN_A_NAME.search(text):
        raise Misfit("characters_refused", REFUSED)
    if not any(_is_visible(character) for character in text):
        raise Misfit("invisible_name", "a name has at least one character that can be seen")
    return unicodedata.normalize("NFC", text)


def _text(text: str) -> str:
    if NOT_IN_TEXT.search(text):
        raise Misfit("characters_refused", REFUSED)
    return text


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_name),
    Field(json_schema_extra={"format": "name"}),
]
"""A name of a person or of a group, without the spaces around it."""


def _findable(name: str) -> str:
    if len(names.words(name)) > names.MAX_WORDS:
        raise Misfit("too_many_words", f"a name has at most {names.MAX_WORDS} words", most_words=names.MAX_WORDS)
    return name


ClientName = Annotated[Name, AfterValidator(_findable)]
"""A client's name, which it is found by."""

Text = Annotated[str, AfterValidator(_text), Field(json_schema_extra={"pattern": TEXT_PATTERN})]
"""Text of any kind, of several lines if need be."""


class OptionsBody(Body):
    """What can be said when archiving, one client or many.

    Nothing is sent to the client unless ``notify_client`` is true. The note is for the practice alone.
    """

    reason: Annotated[ArchiveReason | None, Field(strict=False)] = None
    note: Annotated[Text, Field(max_length=2_000)] | None = None
    group_id: str | None = Field(default=None, pattern=ID_PATTERN, description="The group to move the client to.")
    notify_client: bool = False
    mute_email: bool = False

    def options(self) -> ArchiveOptions:
        """Return what was said."""
        return ArchiveOptions(
            reason=self.reason,
            note=self.note,
            group_id=self.group_id,
            notify_client=self.notify_client,
            mute_email=self.mute_email,
        )


class PortalBody(Body):
    """The switches of one level; a switch left out stays as it is, ``null`` leaves it to the level above."""

    chat: bool | None = None
    community_chats: bool | None = None
    schedule_appointments: bool | None = None
    email_notifications: bool | None = None

    def over(self, settings: PortalSettings) -> PortalSettings:
        """Return the switches of a level with what is said here."""
        return replace(settings, **self.model_dump(exclude_unset=True))
