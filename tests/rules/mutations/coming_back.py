"""Mutations of coming back and the rest: rules A1 to A11."""

from __future__ import annotations

from tests.rules.mutation import Mutation
from tests.rules.mutations.archiving import ARCHIVE, CLIENT, EFFECTS
from tests.rules.mutations.permissions import BOOK, CLIENTS

ADDRESSES = "client_lifecycle.storage.addresses"
ARCHIVES = "client_lifecycle.storage.archives"
ARCHIVE_BATCH = "client_lifecycle.use_cases.bulk.steps"
CARRY_OUT = "client_lifecycle.use_cases.archive_effects"
BOOKINGS = "client_lifecycle.storage.bookings"
CLEAN_UP = "client_lifecycle.use_cases.clean_up"
EDITS = "client_lifecycle.storage.client_edits"
KEYS = "client_lifecycle.storage.keys"
RECEIPTS = "client_lifecycle.domain.receipts"
PREVIEW = "client_lifecycle.use_cases.bulk.preview"
RESTORE = "client_lifecycle.domain.restore"
RESTORING = "client_lifecycle.use_cases.restore"
ACTIVATING = "client_lifecycle.use_cases.activate"
SELECTION = "client_lifecycle.domain.selection"
STORED_CLIENTS = "client_lifecycle.storage.clients"

BACK = "replace(client, stamp=None, made_good_at=None, last_return=last_return, revision=client.revision + 1)"
REFUSED_DELETION = "    raise RecordsAreKept(\n"
LATER_ONLY = "if one.appointment.booked_at and one.appointment.booked_at > since"
NEWEST = "    reading = read_newest(tenant, client_id, asked) if asked else None\n"
OF_ONE_RECEIPT = "    reading = read_from(tenant, client_id, archive_id, asked)\n    stamp"

COMING_BACK = [
    Mutation("A1", "activating leaves the client archived", CLIENT, BACK, BACK.replace("stamp=None, ", "")),
    Mutation(
        "A1",
        "activating takes the client out of its group",
        CLIENT,
        BACK,
        BACK.replace("stamp=None", "stamp=None, group_id=None"),
    ),
    Mutation(
        "A1",
        "activating forgets the client's switches",
        CLIENT,
        BACK,
        BACK.replace("stamp=None", "stamp=None, settings=PortalSettings()"),
    ),
    Mutation(
        "A1",
        "activating restores without being asked",
        ACTIVATING,
        NEWEST,
        f"    asked = asked or list(Restorable)\n{NEWEST}",
    ),
    Mutation(
        "A1",
        "what is asked back does not come back",
        RESTORE,
        "change=Change(before=current, after=change.before) if must_write else None",
        "change=None",
    ),
    Mutation("A1", "more comes back than was asked", RESTORE, "if kind in kinds]", "]"),
    Mutation(
        "A1",
        "an appointment that has passed comes back",
        RESTORE,
        "case Appointment() if current.starts_at <= at:",
        "case Appointment() if False:",
    ),
    Mutation(
        "A1",
        "an appointment comes back into a taken slot",
        RESTORE,
        "if current.record_id in obstacles.taken_appointments:",
        "if False:",
    ),
    Mutation(
        "A1",
        "a payment whose date has passed comes back",
        RESTORE,
        "case Payment() if current.due_at <= at:",
        "case Payment() if False:",
    ),
    Mutation(
        "A1",
        "a place in a closed chat comes back",
        RESTORE,
        "if current.record_id in obstacles.closed_chats:",
        "if False:",
    ),
    Mutation(
        "A1",
        "what was changed since is overwritten",
        RESTORE,
        "        return RestoreOutcome.CHANGED_SINCE\n",
        "        pass\n",
    ),
    Mutation("A1", "an overlap that the archive found takes the slot", RESTORE, LATER_ONLY, ""),
    Mutation("A1", "what was booked after takes no slot", RESTORE, LATER_ONLY, "if False"),
    Mutation(
        "A1",
        "another calendar's appointment takes the slot",
        RESTORE,
        "            and one.appointment.calendar_id == slot.calendar_id\n",
        "",
    ),
    Mutation(
        "A1",
        "an appointment next to it takes the slot",
        RESTORE,
        "one.appointment.ends_at > slot.starts_at",
        "one.appointment.ends_at >= slot.starts_at",
    ),
    Mutation(
        "A1", "an undo brings back the status only", ARCHIVE_BATCH, "EVERYTHING = tuple(Restorable)", "EVERYTHING = ()"
    ),
    Mutation(
        "A1",
        "a member does not name what did not come back",
        ARCHIVE_BATCH,
        "    settlements.keep_not_restored(tenant, run, marked, restoration.not_restored)\n",
        "",
    ),
    Mutation(
        "A1",
        "an undo in part looks like one in full",
        ARCHIVE_BATCH,
        "return Result(outcome=Outcome.ACTIVATED_IN_PART)",
        "return Result(outcome=Outcome.ACTIVATED)",
    ),
    Mutation(
        "A2",
        "a booking leaves the client archived",
        BOOK,
        "    if client.stamp:\n        return reactivated",
        "    if False:\n        return reactivated",
    ),
    Mutation(
        "A2",
        "the appointment is recorded in a transaction of its own",
        BOOKINGS,
        "        tenant.table.transact([put_new(tenant.table.name, appointment_key, item), *others])\n",
        "        tenant.table.transact([put_new(tenant.table.name, appointment_key, item)])\n"
        "        tenant.table.transact(others)\n",
    ),
    Mutation(
        "A2",
        "the answer does not say that the client is back",
        BOOK,
        "acceptance(booking, client.stamp.archive_id if client.stamp else None, at)",
        "acceptance(booking, None, at)",
    ),
    Mutation(
        "A2",
        "a refused booking leaves its appointment",
        BOOKINGS,
        "    if client and history:\n        writes.append(",
        "    if client:\n"
        "        asked = booking.appointment\n"
        "        place = tenant.keys.record(client.client_id, asked.kind, asked.record_id)\n"
        "        item = clients.record_item(tenant.keys, client.client_id, asked)\n"
        "        writes.append(put_new(tenant.table.name, place, item))\n"
        "    if client and history:\n        writes.append(",
    ),
    Mutation(
        "A2",
        "a refused booking activates",
        BOOK,
        "    if refusal := _refusal(tenant, client, booking, at):",
        "    if not client.stamp and (refusal := _refusal(tenant, client, booking, at)):",
    ),
    Mutation(
        "A2", "a slot in the past is booked", BOOK, "        return BookingRefusal.SLOT_IN_PAST\n", "        pass\n"
    ),
    Mutation(
        "A3",
        "an address in use is taken over",
        EDITS,
        'put(name, address_item(client), "attribute_not_exists(pk) OR ',
        'put(name, address_item(client), "attribute_exists(pk) OR ',
    ),
    Mutation("A3", "other words than Email in use.", CLIENTS, '"Email in use."', '"This address is taken."'),
    Mutation("A3", "whose address it is, is not said", CLIENTS, '{"client_id": client_id, "activate"', '{"activate"'),
    Mutation("A3", "the way back is not said", CLIENTS, ', "activate": f"/clients/{client_id}/activate"}', "}"),
    Mutation(
        "A3",
        "whether its client is archived is not said",
        CLIENTS,
        '{"client_status": owner.status.value} if owner else {}',
        "{}",
    ),
    Mutation(
        "A3",
        "case counts before the @",
        ADDRESSES,
        '    parts = unicodedata.normalize("NFKC", local).lower()',
        '    return local\n    parts = unicodedata.normalize("NFKC", local).lower()',
    ),
    Mutation(
        "A3",
        "case counts after the @",
        ADDRESSES,
        "    if _is_plain(domain):\n        return domain.lower()\n    import idna\n\n    try:",
        "    if _is_plain(domain):\n        return domain\n    import idna\n\n    try:",
    ),
    Mutation(
        "A3",
        "spaces around it count",
        ADDRESSES,
        "local, at, domain = address.strip().rpartition",
        "local, at, domain = address.rpartition",
    ),
    Mutation("A3", "a domain in ASCII is another", ADDRESSES, "return idna.decode(_encoded(domain))", "return domain"),
    Mutation("A3", "ß is ss", ADDRESSES, '.lower().split("ß")', ".casefold().split('ß')"),
    Mutation("A4", "a client can be deleted", "clients.handler", REFUSED_DELETION, "    return\n" + REFUSED_DELETION),
    Mutation(
        "A4", "the way out is not said", "clients.handler", '        archive=f"/clients/{client_id}/archive",\n', ""
    ),
    Mutation(
        "A4", "the reason is not said", "clients.handler", "because retention law wants their records kept", "for now"
    ),
    Mutation(
        "A5", "a bulk archive skips the rules that block", ARCHIVE_BATCH, "    if findings.blocks:\n", "    if False:\n"
    ),
    Mutation(
        "A5",
        "a bulk archive skips all rules",
        ARCHIVE_BATCH,
        "if live.client.status is Status.ACTIVE and (held_back",
        "if False and (held_back",
    ),
    Mutation(
        "A5",
        "a bulk archive has a receipt of its own kind",
        ARCHIVE_BATCH,
        "stamped(live.client, _cause(run), run.options, at)",
        "stamped(live.client, _cause(run), type(run.options)(), at)",
    ),
    Mutation(
        "A5",
        "a bulk archive cancels nothing",
        EFFECTS,
        "EffectName.CANCEL_COMMITMENTS: cancel_commitments,",
        "EffectName.CANCEL_COMMITMENTS: lambda _, at: cancel_commitments([], at),",
    ),
    Mutation(
        "A5",
        "a bulk archive leaves no chats",
        EFFECTS,
        "EffectName.LEAVE_CHATS: leave_chats,",
        "EffectName.LEAVE_CHATS: lambda _, at: leave_chats([], at),",
    ),
    Mutation(
        "A5",
        "a bulk archive silences nothing",
        EFFECTS,
        "EffectName.SILENCE_NOTIFICATIONS: silence_notifications,",
        "EffectName.SILENCE_NOTIFICATIONS: lambda _, at: silence_notifications([], at),",
    ),
    Mutation(
        "A6",
        "every client of the provider is meant",
        SELECTION,
        "ClientFilter(group_id=selection.group_id)",
        "ClientFilter()",
    ),
    Mutation(
        "A6",
        "archived members are meant",
        PREVIEW,
        "Status.ACTIVE, group_id=conditions.group_id",
        "Status.ARCHIVED, group_id=conditions.group_id",
    ),
    Mutation(
        "A6",
        "a member is passed over",
        PREVIEW,
        "runs.create_run(tenant, run, members, line)",
        "runs.create_run(tenant, run, members[1:], line)",
    ),
    Mutation(
        "A7",
        "archived clients are in no tab",
        KEYS,
        '"status_key": self.tab(client.status),',
        '**({} if client.stamp else {"status_key": self.tab(client.status)}),',
    ),
    Mutation(
        "A7",
        "archived clients stay in the active tab",
        KEYS,
        "self.tab(client.status)",
        "self.tab(Status.ACTIVE)",
    ),
    Mutation(
        "A7",
        "archived clients are in no tab of their group",
        KEYS,
        "if client.group_id else None",
        "if client.group_id and not client.stamp else None",
    ),
    Mutation(
        "A8",
        "the status is a field like any other",
        "clients.bodies",
        "    name: ClientName = Field(default_factory=not_given)\n    email",
        '    model_config = {"extra": "ignore"}\n    name: ClientName = Field(default_factory=not_given)\n    email',
    ),
    Mutation(
        "A9",
        "only the latest receipt is restored from",
        RESTORING,
        OF_ONE_RECEIPT,
        "    reading = read_newest(tenant, client_id, asked)\n    stamp",
    ),
    Mutation(
        "A9",
        "an archived client is activated by it",
        RESTORING,
        '        raise StillArchived("This client is archived. Activate it first.", "client_id", **told_of(stamp))\n',
        "        pass\n",
    ),
    Mutation(
        "A9",
        "what is no longer as it was left is restored",
        RESTORE,
        "        return RestoreOutcome.CHANGED_SINCE\n",
        "        pass\n",
    ),
    Mutation(
        "A10",
        "a cancelled appointment stands in the way",
        BOOKINGS,
        "there.status is AppointmentStatus.CANCELLED",
        "there.status is None",
    ),
    Mutation("A10", "any appointment is booked over", BOOKINGS, " and there.status is AppointmentStatus.CANCELLED", ""),
    Mutation(
        "A10",
        "the client who books again stays archived",
        BOOK,
        "    if client.stamp:\n        return reactivated",
        "    if False:\n        return reactivated",
    ),
    Mutation(
        "A10",
        "what was booked again is restored over",
        RESTORE,
        "        return RestoreOutcome.CHANGED_SINCE\n",
        "        pass\n",
    ),
    Mutation(
        "A11",
        "an archived client is left as it is",
        ARCHIVE,
        "make_good(tenant, live, stamp, cause=request.cause, at=request.at)",
        "()",
    ),
    Mutation(
        "A11",
        "the answer does not say what was made good",
        ARCHIVE,
        "        made_good.extend(part.changes)\n",
        "        pass\n",
    ),
    Mutation(
        "A11",
        "only one record is made good",
        CARRY_OUT,
        "_parts(tenant, live, stamp, all_effects, at)",
        "_parts(tenant, live, stamp, lambda records, at: all_effects(list(records)[:1], at), at)",
    ),
    Mutation(
        "A11",
        "the history does not tell of it",
        CARRY_OUT,
        "replace(part, history=made_good_entry(stamp, cause, at)) if changes else part",
        "part",
    ),
    Mutation(
        "A11",
        "a run passes over who is archived already",
        ARCHIVE_BATCH,
        "    if held_back.outcome is Outcome.ALREADY_ARCHIVED:\n",
        "    if held_back.outcome is Outcome.EXCLUDED:\n",
    ),
    Mutation(
        "A11",
        "a run does not tell what it made good",
        ARCHIVE_BATCH,
        "cause=_cause(run), at=at, also=keep_on_member)",
        "cause=_cause(run), at=at)",
    ),
    Mutation(
        "A11",
        "the clean-up looks once and finds nothing",
        CLEAN_UP,
        "        done = recheck(tenant, mine.client_id, mine.archive_id, at=at)\n",
        "        done = ChangeSet()\n",
    ),
    Mutation("A11", "what is left alone is looked at once a week", RECEIPTS, "timedelta(days=1)", "timedelta(days=7)"),
    Mutation(
        "A11",
        "what is left alone is on nobody's list",
        ARCHIVES,
        "**to_plain(replace(told, changes=(), left_alone=(left,))), **due}",
        "**to_plain(replace(told, changes=(), left_alone=(left,)))}",
    ),
    Mutation(
        "A11",
        "a restore does not wait for what may still be made good",
        RESTORING,
        "client.stamp and reading.may_lack_changes",
        "False",
    ),
    Mutation(
        "A11",
        "a restore takes back the first change of a record",
        RESTORE,
        "change for change in changes}",
        "change for change in reversed(list(changes))}",
    ),
]
