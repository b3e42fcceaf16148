"""Mutations of what other systems tell: rules I1 to I19."""

from __future__ import annotations

from tests.rules.mutation import Mutation

INTAKE = "client_lifecycle.domain.intake"
ANSWERS = "client_lifecycle.domain.intake_answers"
RECORD = "client_lifecycle.use_cases.record"
RECORDS = "client_lifecycle.edge.records"
INCOMING = "client_lifecycle.storage.incoming"
CLIENTS = "client_lifecycle.storage.clients"
OLDER = "incoming.version <= kept.version"
ENDED = "if kept.is_ended_by_archive and"
FELL_BACK = "if client.stamp and _fell_back(incoming.record, kept.record):"
CHARGED_ANYWAY = "charged_anyway=_is_charged_anyway(record, kept.record),"

TELLING = [
    Mutation("I1", "versions are not compared", INTAKE, OLDER, "incoming.version < 0"),
    Mutation("I1", "what is told is not stored", INCOMING, "tenant.table.transact_if_unchanged(writes)", "pass"),
    Mutation("I2", "the version of now may be told again", INTAKE, OLDER, "incoming.version < kept.version"),
    Mutation("I2", "other content counts as the same", INTAKE, "if incoming.digest != kept.digest:", "if False:"),
    Mutation(
        "I2",
        "a lower version is called unchanged",
        INTAKE,
        "outcome=IntakeOutcome.STALE",
        "outcome=IntakeOutcome.UNCHANGED",
    ),
    Mutation(
        "I3",
        "a refusal keeps the version",
        INTAKE,
        "outcome=IntakeOutcome.REFUSED, after=kept,",
        "outcome=IntakeOutcome.REFUSED, after=replace(kept, version=incoming.version),",
    ),
    Mutation("I4", "what an archive would end begins", INTAKE, "if all_effects([record], at).changes:", "if False:"),
    Mutation(
        "I5", "what the policy refuses begins", INTAKE, "if action is None or TABLE[action].while_archived:", "if True:"
    ),
    Mutation("I5", "who shares is asked for a request", INTAKE, "SHARED: Action.SHARE_DOCUMENT", "SHARED: None"),
    Mutation("I5", "a shared document that stays is refused", INTAKE, "before.status is status", "False"),
    Mutation(
        "I6",
        "facts of an archived client are refused",
        INTAKE,
        "if client.stamp and (rule := _refusing_rule(incoming.record, kept.record, at)):",
        'if client.stamp and (rule := "I4"):',
    ),
    Mutation("I7", "the refusal does not name the booking", ANSWERS, "use=BOOKING if is_booking else None", "use=None"),
    Mutation("I8", "a confirmation takes the marks away", INTAKE, ENDED, "if False and"),
    Mutation(
        "I8", "any word on it counts as one", INTAKE, "status_of(incoming.record) == status_of(kept.record)", "True"
    ),
    Mutation(
        "I8",
        "the archive leaves no mark",
        "client_lifecycle.storage.clients",
        "ENDED_BY: ending.archive_id",
        "ENDED_BY: None",
    ),
    Mutation(
        "I8",
        "what was confirmed stays listed",
        "client_lifecycle.storage.incoming",
        "REMOVED, *keys.DUE_ATTRIBUTES",
        "REMOVED",
    ),
    Mutation(
        "I9",
        "the answer does not carry our state",
        ANSWERS,
        "ours=_ours(kept) if judgement.differs and is_known else None",
        "ours=None",
    ),
    Mutation("I10", "a declined card is refused", INTAKE, FELL_BACK, "if False:"),
    Mutation("I10", "the receipt does not have it", RECORD, "changes=changes),", "changes=()),"),
    Mutation("I10", "a return misses what falls back meanwhile", CLIENTS, ', "made_good_at"}', "}"),
    Mutation(
        "I10",
        "it is cancelled on a client that is back",
        INTAKE,
        "stored, guard=Guard.STILL_ARCHIVED,",
        "stored, guard=Guard.NOTHING,",
    ),
    Mutation("I11", "staff are not told", INTAKE, CHARGED_ANYWAY, "charged_anyway=False,"),
    Mutation(
        "I12",
        "what was removed is gone",
        INTAKE,
        "return _stored(incoming, source, record=None)",
        "return _stored(incoming, source, record=kept.record)",
    ),
    Mutation(
        "I12",
        "the mark is not left out of a restore",
        "client_lifecycle.storage.restores",
        "if not plain.get(REMOVED)",
        "if True",
    ),
    Mutation("I13", "any source may tell of any record", INTAKE, "if kept.source not in (None, source):", "if False:"),
    Mutation(
        "I14", "an unknown client is a fault of ours", INCOMING, "raise clients.client_not_found()", "raise LookupError"
    ),
    Mutation("I15", "the revision does not rise", INTAKE, "else Guard.RAISE_REVISION", "else Guard.STILL_ACTIVE"),
    Mutation(
        "I15",
        "whatever is told raises the revision",
        INTAKE,
        "    return Guard.NOTHING\n",
        "    return Guard.RAISE_REVISION\n",
    ),
    Mutation("I16", "credits stay as they were", INTAKE, "credit_cents=balance.credit_cents,", ""),
    Mutation("I16", "debts stay as they were", INTAKE, "owed_cents=balance.owed_cents,", ""),
    Mutation(
        "I16",
        "a balance that is stale counts",
        INTAKE,
        "if judgement.outcome is IntakeOutcome.STORED and",
        "if True and",
    ),
    Mutation("I17", "activity is ahead of now", INTAKE, "min(told_at, at)", "told_at"),
    Mutation(
        "I18", "the commit does not look at the client", INCOMING, "*_client_writes(tenant, seen, after, guard),", ""
    ),
    Mutation(
        "I19", "a malformed change refuses all", RECORDS, "        return _malformed(change, fault)", "        raise"
    ),
    Mutation(
        "I19",
        "a malformed change is left out",
        RECORDS,
        "for one in body.read",
        "for one in body.read if not isinstance(one, Malformed)",
    ),
]
