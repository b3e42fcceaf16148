"""How names are compared: the order they are listed in, and the words they are found by.

Case, accents and marks do not count: É sorts with E, and ``oyvind`` finds Øyvind. A letter that Unicode does not take
apart, like Ø, is told by its own name, and by a short table where that does not tell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import cache

MAX_WORDS = 40
"""The most words of a name that a client is found by; two names' words fit into one transaction."""

MAX_WORD_BYTES = 200
"""Longer words are compared by their beginning."""

APOSTROPHES = dict.fromkeys(map(ord, "\u00b4\u0060\u02b9\u02bb\u02bc\u02bd\u02c8\u2018\u2019\u2032\uff07"), "'")
"""What people write for an apostrophe: accents, primes, quotation marks, and letters that look like one."""

LETTERS = {
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ð": "d",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "ŋ": "n",
    "ə": "e",
    "ɛ": "e",
    "ɔ": "o",
    "ĸ": "k",
}
MARKED_LETTER = re.compile(r"LATIN SMALL LETTER ([A-Z]) WITH ")
BETWEEN_WORDS = frozenset("CPZ")
"""The general categories that part words: control characters, punctuation and spaces."""


def folded(text: str) -> str:
    """Return a text as it is sorted and searched: without case, accents, and spaces around it or doubled."""
    plain = text if text.isascii() else _without_marks(text.translate(APOSTROPHES))
    return " ".join(plain.casefold().split())


def _without_marks(text: str) -> str:
    """Return a text's letters without their marks, in small letters, each in Unicode's shortest form."""
    taken_apart = unicodedata.normalize("NFKD", text)
    small = "".join(letter for letter in taken_apart if _counts(letter)).casefold()
    apart_again = unicodedata.normalize("NFKD", small).translate(APOSTROPHES)
    letters = (_plain(letter) for letter in apart_again if _counts(letter))
    return unicodedata.normalize("NFC", "".join(letters))


def _counts(letter: str) -> bool:
    return not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf"


@cache
def _plain(letter: str) -> str:
    marked = MARKED_LETTER.match(unicodedata.name(letter, ""))
    return marked[1].lower() if marked else LETTERS.get(letter, letter)


def words(name: str) -> tuple[str, ...]:
    """Return the words by whose beginnings a name is found, sorted, and none that begins another.

    What an apostrophe or a hyphen parts is found by its parts and as one word: ``O'Brien`` by ``brien`` and ``obrien``.
    """
    found = {word for together in folded(name).split() for word in _with_whole(_parts(together))}
    return tuple(sorted(word for word in found if not _begins_another(word, found)))


def asked(query: str) -> tuple[str, ...]:
    """Return the words that a search asks for, each of which must begin a word of a name that is found."""
    return tuple(dict.fromkeys(cut(part, MAX_WORD_BYTES) for part in _parts(folded(query))))


def is_found(found_by: Sequence[str], query: Sequence[str]) -> bool:
    """Tell whether each word of a query begins one of the words that a name is found by."""
    return all(any(word.startswith(part) for word in found_by) for part in query)


def cut(text: str, most_bytes: int) -> str:
    """Return the beginning of a text that takes no more than so many bytes in UTF-8, with no character torn apart."""
    return text.encode()[:most_bytes].decode(errors="ignore")


def _parts(text: str) -> list[str]:
    spaced = (" " if unicodedata.category(letter)[0] in BETWEEN_WORDS else letter for letter in text)
    return "".join(spaced).split()


def _with_whole(parts: Sequence[str]) -> set[str]:
    return {cut(word, MAX_WORD_BYTES) for word in (*parts, "".join(parts)) if word}


def _begins_another(word: str, others: Collection[str]) -> bool:
    return any(other != word and other.startswith(word) for other in others)
