"""The table's keys: one place that says where each thing is stored.

==================  ==============================  ====================================================
what                pk                              sk
==================  ==============================  ====================================================
client              CLIENT#provider#client          CLIENT
record              CLIENT#provider#client          kind#id, e.g. APPOINTMENT#01J...
receipt             CLIENT#provider#client          RECEIPT#archive
part of a receipt   CLIENT#provider#client          RECEIPT#archive#ulid.number
what it left alone  CLIENT#provider#client          RECEIPT#archive#LEFT_ALONE#kind#id
history entry       CLIENT#provider#client          HISTORY#ulid; that of a return has what came back with it
what was restored   CLIENT#provider#client          RESTORE#archive#ulid, unless the client came back with it
how far a restore is CLIENT#provider#client         RESTORATION#archive
group               PROVIDER#provider               GROUP#group
provider's settings PROVIDER#provider               SETTINGS
name of its staff   PROVIDER#provider               STAFF#user
chat                PROVIDER#provider               CHAT#chat
practice's history  PRACTICE#provider               HISTORY#ulid
answered booking    BOOKING#provider                event
refusal on the bus  RECORDS#provider                source#event
e-mail in use       EMAIL#provider                  address
word of a name      WORDS#provider                  word#name_key of the client
id in a source      EXTERNAL#provider#source#id     EXTERNAL
what it last told   EXTERNAL#provider#source#id     TOLD
bulk archive        RUN#provider#run                RUN
its place in lists  PROVIDER#provider               RUN#run
its member          RUN#provider#run#block          MEMBER#position
import              IMPORT#provider#import          IMPORT
its place in lists  PROVIDER#provider               IMPORT#import
counts of its part  IMPORT#provider#import          PART#attempt#part
==================  ==============================  ====================================================

Indexes: ``live`` (local, sparse: ``live_key`` sorts by how long a record lives), ``outcomes`` (local, sparse: a run's
members by outcome, once they have one; a practice's history by who did it), ``clients_by_status`` and
``clients_by_group`` (the listings, by name; a search reads the words or the addresses, which no archive has to
rewrite), ``commitments_by_provider`` (sparse: a provider's booked appointments in one partition, its payments not yet
charged in another, each by ``live_key``) and ``due`` (sparse, keys only: what the clean-up has to look at, and from
when on; and the records that an archive has ended and their source has not confirmed yet: a record that a source has
told of has a ``due_key``, one that an archive has ended a ``due_since``, and only what has both is in the index).

Nobody else writes here: other systems tell what exists through the doors (``POST /hooks/records``), which alone keep
the indexes, the revision and the archive's marks right. What systems wrote here before there were doors is still read.

DynamoDB takes partition keys of up to 2,048 bytes and sort keys of up to 1,024, those of indexes included. What callers
choose is bounded before it comes here or cut here.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct, field

from client_lifecycle.domain import names
from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.effects import LeftAlone
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.records import FOREVER, Appointment, Payment, Record, RecordKind
from client_lifecycle.domain.runs import Run
from client_lifecycle.storage import addresses

LIVE_INDEX = "live"
OUTCOMES_INDEX = "outcomes"
BY_STATUS_INDEX = "clients_by_status"
BY_GROUP_INDEX = "clients_by_group"
COMMITMENTS_INDEX = "commitments_by_provider"
DUE_INDEX = "due"

CLIENT_SK = "CLIENT"
RUN_SK = "RUN"
UNKNOWN_KIND = "item"
RUN_PREFIX = "RUN#"
IMPORT_SK = "IMPORT"
EXTERNAL_SK = "EXTERNAL"
IMPORT_PREFIX = "IMPORT#"
MEMBER_PREFIX = "MEMBER#"
GROUP_PREFIX = "GROUP#"
STAFF_PREFIX = "STAFF#"
RECEIPT_PREFIX = "RECEIPT#"
HISTORY_PREFIX = "HISTORY#"
RESTORE_PREFIX = "RESTORE#"
RESTORATION_PREFIX = "RESTORATION#"
BOOKING_PREFIX = "BOOKING#"
RECORDS_PREFIX = "RECORDS#"
PRACTICE_PREFIX = "PRACTICE#"

MAX_SORT_KEY_BYTES = 1_024
MAX_NAME_BYTES = 700
"""As much of a name as it is sorted by; a word of it and the client's id fit beside it."""

MAX_ID_BYTES = 512
"""Ids of other systems that are longer stand in keys by their digest."""

AFTER_NAME = "\x1f"
"""What stands between a name and the client's id: a sign that no name holds, and before the space."""

MEMBERS_PER_PARTITION = 1_000
"""A partition takes a thousand write units a second; all members of a large run in one would take half a minute."""

DUE_KEY = "due_key"
DUE_SINCE = "due_since"
DUE_ATTRIBUTES = (DUE_KEY, DUE_SINCE)
DUE_SHARDS = 16
"""Partitions of the ``due`` index for each kind of work: a large run must not write into a single one."""

UNCONFIRMED = "UNCONFIRMED"


class Work(StrEnum):
    """What there is for the clean-up to look at, by the item that is due, in this order: what takes longest is last.

    A run comes before the archives that it leaves to be finished when it ends.
    """

    RUN = "RUN"
    SETTLING = "SETTLING"
    LEFT_ALONE = "LEFT_ALONE"
    RESTORING = "RESTORING"
    PLAN = "PLAN"
    IMPORT = "IMPORT"
    TIDY_UP = "TIDY_UP"


Key: TypeAlias = dict[str, str]
"""The primary key of one item: ``pk`` and ``sk``."""


def sortable(moment: datetime) -> str:
    """Write a UTC moment at fixed width, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def provider_and_client(partition: str) -> tuple[str, str]:
    """Return the provider's and the client's id, of which a client's partition is made.

    Raises:
        ValueError: the partition is not a client's.
    """
    kind, provider_id, client_id = partition.split("#")
    if kind != "CLIENT":
        raise ValueError("this partition is not a client's")
    return provider_id, client_id


def provider_and_run(partition: str) -> tuple[str, str]:
    """Return the provider's and the run's or import's id, of which its partition is made."""
    _, provider_id, run_id = partition.split("#")
    return provider_id, run_id


class Named(Struct, frozen=True):
    """What a key says of its item: the kind, the id, the client it belongs to, and the ids that the item must hold."""

    kind: str
    id: str
    client_id: str | None = None
    holds: Mapping[str, str | int] = field(default_factory=dict)


def named(key: Mapping[str, str]) -> Named:
    """Tell what a key stands for; an unknown key, or that of an address, has no id to be named by."""
    what, *owners = key["pk"].split("#")
    prefix, _, rest = key["sk"].partition("#")
    match what, owners:
        case "CLIENT", [provider_id, client_id]:
            return _named_of_client(prefix, rest, provider_id, client_id)
        case "PROVIDER", [provider_id]:
            return _named_of_provider(prefix, rest, provider_id)
        case "PRACTICE", [_]:
            return Named("practice_entry", rest, None, {"history_id": rest})
        case "RUN", [provider_id, run_id, *_]:
            return _named_of_run(key["sk"], provider_id, run_id)
        case "IMPORT", [provider_id, import_id]:
            return _named_of_import(key["sk"], provider_id, import_id)
        case "EXTERNAL", [_, _, external_id]:
            return Named("external_id" if key["sk"] == EXTERNAL_SK else "last_told", external_id)
        case "BOOKING" | "RECORDS", [_]:
            return _named_answer(what, key["sk"])
        case _:
            return Named(UNKNOWN_KIND, "unknown")


def _named_answer(what: str, sort_key: str) -> Named:
    if what == "BOOKING":
        return Named("booking_answer", sort_key, None, {"event_id": sort_key})
    source, _, event_id = sort_key.partition("#")
    return Named("refused_on_the_bus", event_id, None, {"source": source, "event_id": event_id})


def _named_of_run(sort_key: str, provider_id: str, run_id: str) -> Named:
    if sort_key == RUN_SK:
        return Named("run", run_id, None, {"provider_id": provider_id, "run_id": run_id})
    prefix, _, position = sort_key.partition("#")
    if prefix == "MEMBER" and position.isdecimal():
        return Named("member", f"{run_id}#{int(position)}", None, {"position": int(position)})
    return Named(UNKNOWN_KIND, "unknown")


def _named_of_import(sort_key: str, provider_id: str, import_id: str) -> Named:
    if sort_key == IMPORT_SK:
        return Named("import", import_id, None, {"provider_id": provider_id, "import_id": import_id})
    return Named("import_part", f"{import_id}#{sort_key}")


def _named_of_client(prefix: str, rest: str, provider_id: str, client_id: str) -> Named:
    match prefix:
        case "CLIENT":
            return Named("client", client_id, None, {"provider_id": provider_id, "client_id": client_id})
        case "RECEIPT":
            archive_id, _, _ = rest.partition("#")
            return Named("receipt", archive_id, client_id, {"archive_id": archive_id})
        case "RESTORATION":
            return Named("restoration", rest, client_id, {"archive_id": rest})
        case "HISTORY":
            return Named("history_entry", rest, client_id, {"history_id": rest})
        case _:
            kind = prefix.lower()
            return Named(kind, rest, client_id, {"kind": kind, "record_id": rest})


def _named_of_provider(prefix: str, rest: str, provider_id: str) -> Named:
    match prefix:
        case "GROUP":
            return Named("group", rest, None, {"provider_id": provider_id, "group_id": rest})
        case "SETTINGS":
            return Named("settings", provider_id)
        case "STAFF":
            return Named("staff", rest, None, {"user_id": rest})
        case "CHAT":
            return Named("chat", rest, None, {"chat_id": rest})
        case _:
            return Named(prefix.lower(), rest)


def record_prefix(kind: RecordKind) -> str:
    """Return what the sort keys of all of a client's records of this kind begin with."""
    return f"{kind.upper()}#"


def first_part(head: Key) -> str:
    """Return a sort key behind the head of the receipt with this key, and before all its parts."""
    return f"{head['sk']}#"


def after_receipt(head: Key) -> str:
    """Return a sort key behind all parts of the receipt with this key, and before the receipt of any other archive."""
    return f"{head['sk']}$"


def _fitting(record_id: str) -> str:
    """Return an id of another system, or its digest where the id would not fit into a key beside what else is there."""
    written = record_id.encode()
    return record_id if len(written) <= MAX_ID_BYTES else hashlib.sha256(written).hexdigest()


def receipt_of_key(key: Mapping[str, str]) -> tuple[str, bool]:
    """Tell from an item's key which archive's receipt it belongs to, and whether it is a part of that."""
    archive_id, separator, _ = key["sk"].removeprefix(RECEIPT_PREFIX).partition("#")
    return archive_id, bool(separator)


def word_and_client(sort_key: str) -> tuple[str, str]:
    """Return the word and the client's id that the sort key of a word is made of.

    Raises:
        ValueError: it is not made so.
    """
    word, name = sort_key.split("#", 1)
    _, client_id = name.rsplit(AFTER_NAME, 1)
    return word, client_id


def name_key(client: Client) -> str:
    """Return a client's place in the listings: by name, without case and accents, namesakes by id."""
    return f"{names.cut(names.folded(client.name), MAX_NAME_BYTES)}{AFTER_NAME}{client.client_id}"


def position_in(member_id: str) -> int:
    """Return the position of a run's member from the id it is named by."""
    return int(member_id.rpartition("#")[2])


def position_of(key: Mapping[str, str]) -> int:
    """Return the position of a run's member, of which its key is made."""
    return int(key["sk"].removeprefix(MEMBER_PREFIX))


def is_member(key: Mapping[str, str]) -> bool:
    """Tell whether a key is one of a run's members, and not of something else that lies among them."""
    return named(key).kind == "member"


def live_key(record: Record) -> str | None:
    """Return a record's place in the ``live`` index, or ``None`` when an archive need not look at it."""
    if record.lives_until is None:
        return None
    return f"{sortable(record.lives_until)}#{record.kind.upper()}#{_fitting(record.record_id)}"


def outcome_prefix(outcome: Outcome) -> str:
    """Return what the ``outcomes`` index keys of all members with this outcome begin with."""
    return f"{outcome}#"


def outcome_key(outcome: Outcome, position: int) -> str:
    """Return a member's place in the ``outcomes`` index: by outcome, then in the order of the preview."""
    return f"{outcome_prefix(outcome)}{position:05d}"


def actor_key(actor_id: str, history_id: str) -> str:
    """Return the place of a line of a practice's history in the ``outcomes`` index: by who did it, then by time."""
    return f"{actor_id}#{history_id}"


def due_partitions(work: Work) -> list[str]:
    """Return the partitions of the ``due`` index that one kind of work is spread over."""
    return _shards(work)


def unconfirmed_partitions() -> list[str]:
    """Return the partitions of the ``due`` index with the records that no source has confirmed, of all providers."""
    return _shards(UNCONFIRMED)


def _shards(name: str) -> list[str]:
    return [f"{name}#{shard:x}" for shard in range(DUE_SHARDS)]


def _shard_of(spread_by: str) -> int:
    return zlib.crc32(spread_by.encode()) % DUE_SHARDS


def due_keys(work: Work, item_id: str, at: datetime) -> dict[str, str]:
    """Return an item's place in the ``due`` index.

    Args:
        work: what is to be done with the item.
        item_id: the id that spreads items over the partitions; always the same for one item.
        at: the moment from which on it is to be looked at, UTC.
    """
    return {DUE_KEY: due_partitions(work)[_shard_of(item_id)], DUE_SINCE: sortable(at)}


def after_provider(provider_id: str) -> str:
    """Return a ``due_since`` behind all records of a provider, and before those of any other."""
    return f"{provider_id}$"


class Keys(Struct, frozen=True):
    """The keys of one provider's items, and its partitions of the indexes."""

    provider_id: str

    def client_partition(self, client_id: str) -> str:
        """Return the partition of a client and everything that belongs to it."""
        return f"CLIENT#{self.provider_id}#{client_id}"

    def client(self, client_id: str) -> Key:
        """Return the key of the client itself."""
        return {"pk": self.client_partition(client_id), "sk": CLIENT_SK}

    def record(self, client_id: str, kind: RecordKind, record_id: str) -> Key:
        """Return the key of one record of a client."""
        return {"pk": self.client_partition(client_id), "sk": f"{record_prefix(kind)}{record_id}"}

    def receipt(self, client_id: str, archive_id: str) -> Key:
        """Return the key of an archive's receipt; its parts have this sort key as a prefix."""
        return {"pk": self.client_partition(client_id), "sk": f"RECEIPT#{archive_id}"}

    def receipt_part(self, client_id: str, archive_id: str, part_id: str) -> Key:
        """Return the key under which a later transaction of an archive keeps what it changed.

        Keys stored before there was a ``part_id`` have the kind and the id of the first change in its place.
        """
        head = self.receipt(client_id, archive_id)
        return {"pk": head["pk"], "sk": f"{head['sk']}#{part_id}"}

    def left_alone(self, client_id: str, archive_id: str, left: LeftAlone) -> Key:
        """Return the key of the part of a receipt that tells of one record that the archive left alone.

        Before each had a part of its own, there was one for all, whose key ended before the kind.
        """
        head = self.receipt(client_id, archive_id)
        return {"pk": head["pk"], "sk": f"{head['sk']}#LEFT_ALONE#{left.kind.upper()}#{_fitting(left.record_id)}"}

    def restored(self, client_id: str, archive_id: str, restore_id: str) -> Key:
        """Return the key under which a transaction of a restore keeps what it took back.

        Keys stored before there was a ``restore_id`` have the kind and the id of the first change in its place.
        """
        return {"pk": self.client_partition(client_id), "sk": f"{RESTORE_PREFIX}{archive_id}#{restore_id}"}

    def restoration(self, client_id: str, archive_id: str) -> Key:
        """Return the key of the last restore from an archive: how far it has come, and what it could not take back."""
        return {"pk": self.client_partition(client_id), "sk": f"{RESTORATION_PREFIX}{archive_id}"}

    def history_entry(self, client_id: str, history_id: str) -> Key:
        """Return the key of one line of a client's history."""
        return {"pk": self.client_partition(client_id), "sk": f"{HISTORY_PREFIX}{history_id}"}

    def partition(self) -> str:
        """Return the partition of what belongs to a provider as a whole."""
        return f"PROVIDER#{self.provider_id}"

    def group(self, group_id: str) -> Key:
        """Return the key of a client group."""
        return {"pk": self.partition(), "sk": f"{GROUP_PREFIX}{group_id}"}

    def settings(self) -> Key:
        """Return the key of a provider's settings."""
        return {"pk": self.partition(), "sk": "SETTINGS"}

    def staff(self, user_id: str) -> Key:
        """Return the key of the name of a member of staff."""
        return {"pk": self.partition(), "sk": f"{STAFF_PREFIX}{user_id}"}

    def chat(self, chat_id: str) -> Key:
        """Return the key of a chat."""
        return {"pk": self.partition(), "sk": f"CHAT#{chat_id}"}

    def booking_partition(self) -> str:
        """Return the partition of the answers to all bookings of the provider's clients."""
        return f"{BOOKING_PREFIX}{self.provider_id}"

    def practice_history(self) -> str:
        """Return the partition of a practice's history; no other write goes there."""
        return f"{PRACTICE_PREFIX}{self.provider_id}"

    def practice_entry(self, history_id: str) -> Key:
        """Return the key of one line of a practice's history."""
        return {"pk": self.practice_history(), "sk": f"{HISTORY_PREFIX}{history_id}"}

    def booking_answer(self, event_id: str) -> Key:
        """Return the key of the answer to a booking."""
        return {"pk": self.booking_partition(), "sk": event_id}

    def refused_on_the_bus(self, source: str, event_id: str) -> Key:
        """Return the key of the answer to an event of a source, of which something was refused."""
        return {"pk": f"{RECORDS_PREFIX}{self.provider_id}", "sk": f"{source}#{event_id}"}

    def emails(self) -> str:
        """Return the partition of the addresses of a provider's clients."""
        return f"EMAIL#{self.provider_id}"

    def email(self, email: str) -> Key:
        """Return the key that makes an e-mail address unique among a provider's clients."""
        return {"pk": self.emails(), "sk": addresses.normalized(email)}

    def former_emails(self, email: str) -> list[Key]:
        """Return the keys that an address may have been taken under before it was compared as it is now."""
        return [{"pk": self.emails(), "sk": form} for form in addresses.former_forms(email)]

    def external_id(self, source: str, external_id: str) -> Key:
        """Return the key that makes a client's id in a source unique; a key of its own, so that an import is spread."""
        return {"pk": f"EXTERNAL#{self.provider_id}#{source}#{external_id}", "sk": EXTERNAL_SK}

    def last_told(self, source: str, external_id: str) -> Key:
        """Return the key of what a source told last of a client."""
        return {"pk": self.external_id(source, external_id)["pk"], "sk": "TOLD"}

    def words(self) -> str:
        """Return the partition of the words of a provider's clients' names."""
        return f"WORDS#{self.provider_id}"

    def words_of(self, client: Client) -> list[Key]:
        """Return the keys of the words that a client is found by."""
        found_by, partition = names.words(client.name)[: names.MAX_WORDS], self.words()
        return [{"pk": partition, "sk": f"{word}#{name_key(client)}"} for word in found_by]

    def unconfirmed(self) -> str:
        """Return the partition of ``due`` with all records of a provider that no source has confirmed."""
        return unconfirmed_partitions()[_shard_of(self.provider_id)]

    def ended_at(self, moment: datetime) -> str:
        """Return the ``due_since`` of a provider's record that an archive ends: its place among the unconfirmed."""
        return f"{self.provider_id}#{sortable(moment)}"

    def commitments(self, kind: RecordKind) -> str:
        """Return the partition of ``commitments_by_provider`` with all of a provider's appointments or payments."""
        return f"{self.provider_id}#{kind.upper()}"

    def run_partition(self, run_id: str) -> str:
        """Return the partition of a bulk archive; those of its members begin like it."""
        return f"RUN#{self.provider_id}#{run_id}"

    def member_partitions(self, run: Run, first: int = 0) -> list[str]:
        """Return the partitions of a run's members from this position on, in the order of the preview."""
        blocks = range(first // MEMBERS_PER_PARTITION, -(-run.totals.clients // MEMBERS_PER_PARTITION))
        return [f"{self.run_partition(run.run_id)}#{block}" for block in blocks]

    def run(self, run_id: str) -> Key:
        """Return the key of a bulk archive."""
        return {"pk": self.run_partition(run_id), "sk": RUN_SK}

    def run_in_list(self, run_id: str) -> Key:
        """Return the key of a bulk archive's place in its provider's list; ids sort by time."""
        return {"pk": self.partition(), "sk": f"{RUN_PREFIX}{run_id}"}

    def import_run(self, import_id: str) -> Key:
        """Return the key of an import."""
        return {"pk": f"{IMPORT_PREFIX}{self.provider_id}#{import_id}", "sk": IMPORT_SK}

    def import_in_list(self, import_id: str) -> Key:
        """Return the key of an import's place in its provider's list; ids sort by time."""
        return {"pk": self.partition(), "sk": f"{IMPORT_PREFIX}{import_id}"}

    def import_part(self, import_id: str, attempt: int, part: int) -> Key:
        """Return the key of the counts of one part, in the phase that began with this attempt."""
        return {"pk": self.import_run(import_id)["pk"], "sk": f"PART#{attempt:05d}#{part:05d}"}

    def member(self, run_id: str, position: int) -> Key:
        """Return the key of a client's place in a bulk archive, in the order of the preview."""
        partition = f"{self.run_partition(run_id)}#{position // MEMBERS_PER_PARTITION}"
        return {"pk": partition, "sk": f"{MEMBER_PREFIX}{position:05d}"}

    def commitment(self, record: Record) -> str | None:
        """Return the partition of ``commitments_by_provider`` that a record is in; only what still lives is in one."""
        if isinstance(record, Appointment | Payment) and record.lives_until:
            return self.commitments(record.kind)
        return None

    def client_index(self, client: Client) -> dict[str, str | None]:
        """Return the client's places in the indexes; the client itself lives forever."""
        in_group = self.tab_of_group(client.group_id, client.status) if client.group_id else None
        return {
            "live_key": f"{sortable(FOREVER)}#{CLIENT_SK}",
            "status_key": self.tab(client.status),
            "group_key": in_group,
            "name_key": name_key(client),
        }

    def tab(self, status: Status) -> str:
        """Return the partition of ``clients_by_status``: one tab of one provider."""
        return f"{self.provider_id}#{status}"

    def tab_of_group(self, group_id: str, status: Status) -> str:
        """Return the partition of ``clients_by_group``: one tab of one group."""
        return f"{self.provider_id}#{group_id}#{status}"
