"""Every alarm of the template has an entry in docs/runbook.md, and every entry is about alarms that there are."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime

import pytest

from client_lifecycle.edge.audit import audit_line
from client_lifecycle.edge.metrics import Metric
from local.template import ROOT, read_template

RESOURCES = read_template()["Resources"]
ALARMS = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::CloudWatch::Alarm"]
AT_DEPLOYMENTS = {"PublishConsoleFunction"}
"""Their faults fail the deployment, and are seen there."""

FUNCTIONS = [
    name
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function" and name not in AT_DEPLOYMENTS
]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
RECOVERY = (ROOT / "docs" / "recovery.md").read_text(encoding="utf-8")
ENTRIES = {entry.partition("\n")[0]: entry for entry in re.split(r"^### ", RUNBOOK, flags=re.MULTILINE)[1:]}


def alarms_in(entry: str) -> list[str]:
    told = re.search(r"\*\*Alarms:\*\* ((?:`\w+`\s+)+)", entry)
    assert told
    return re.findall(r"`(\w+)`", told[1])


def test_every_alarm_has_one_entry_and_every_entry_has_alarms_there_are() -> None:
    assert Counter(name for entry in ENTRIES.values() for name in alarms_in(entry)) == Counter(ALARMS)


@pytest.mark.parametrize("title", ENTRIES)
def test_an_entry_says_what_it_means_what_to_look_at_and_what_mends_it(title: str) -> None:
    parts = re.findall(r"^\*\*(\w[\w ]*):\*\*", ENTRIES[title], re.MULTILINE)
    assert parts == ["Alarms", "Means", "Look at", "Mend"]
    assert re.search(r"```sh\n(python -m operations [^\n]+\n)+```", ENTRIES[title])


STEPS = re.split(r"^(?:\d\. |### )", f"{RUNBOOK}\n{RECOVERY}", flags=re.MULTILINE)
AFTER_A_PAUSE = [step for step in STEPS if "operations resume\n" in step and "pause" in step]


@pytest.mark.parametrize("step", AFTER_A_PAUSE, ids=lambda step: step.partition("\n")[0])
@pytest.mark.parametrize("what", ["bookings", "records"])
def test_what_a_pause_set_aside_is_dealt_with_after_it(step: str, what: str) -> None:
    assert f"python -m operations redrive {what}\n" in step.partition("operations resume\n")[2]


def test_the_recovery_and_four_entries_resume_after_a_pause() -> None:
    assert len(AFTER_A_PAUSE) == 5


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_an_alarm_for_its_errors_and_its_throttles(function: str) -> None:
    watched = {
        (alarm["MetricName"], alarm["Dimensions"][0]["Value"]["Ref"])
        for alarm in (RESOURCES[name]["Properties"] for name in ALARMS)
        if alarm["Namespace"] == "AWS/Lambda"
    }
    assert {("Errors", function), ("Throttles", function)} <= watched


def test_every_index_has_an_alarm_for_its_throttles() -> None:
    indexes = RESOURCES["Table"]["Properties"]["GlobalSecondaryIndexes"]
    watched = {
        dimension["Value"]
        for name in ALARMS
        for dimension in RESOURCES[name]["Properties"].get("Dimensions", [])
        if dimension["Name"] == "GlobalSecondaryIndexName"
    }
    assert watched == {index["IndexName"] for index in indexes}


def test_a_clean_up_that_does_not_run_at_all_raises_an_alarm() -> None:
    stopped = RESOURCES["CleanupStopped"]["Properties"]
    assert (stopped["MetricName"], stopped["TreatMissingData"]) == ("Invocations", "breaching")
    assert (stopped["ComparisonOperator"], stopped["Threshold"]) == ("LessThanThreshold", 1)
    others = {RESOURCES[name]["Properties"]["TreatMissingData"] for name in ALARMS if name != "CleanupStopped"}
    assert others == {"notBreaching"}


def test_the_dashboard_of_the_system_shows_every_alarm() -> None:
    """It can name none that only a parameter makes: without the parameter it would not be made itself."""
    always = {name for name in ALARMS if "Condition" not in RESOURCES[name]}
    assert set(re.findall(r"\$\{(\w+)\.Arn\}", str(RESOURCES["SystemDashboard"]["Properties"]))) == always


def test_the_dashboard_of_the_business_shows_what_is_counted() -> None:
    shown = set(re.findall(r'"ClientArchive", "(\w+)"', str(RESOURCES["BusinessDashboard"]["Properties"])))
    assert shown == set(Metric)


def test_refused_sign_ins_and_signatures_are_told_apart_by_the_route() -> None:
    hooks = ("POST /hooks/bookings", "POST /hooks/records", "PUT /hooks/clients/{external_id}")
    staff = " && ".join(f'$.route != "{hook}"' for hook in hooks)
    signed = " || ".join(f'$.route = "{hook}"' for hook in hooks)
    for name, routes in (("SignInRefusals", staff), ("SignatureRefusals", f"({signed})")):
        pattern = RESOURCES[name]["Properties"]["FilterPattern"]
        assert pattern == f'{{ $.status = "401" && {routes} }}'
    logged = RESOURCES["Api"]["Properties"]["AccessLogSetting"]["Format"]
    assert '"status":"$context.status"' in logged
    assert '"route":"$context.httpMethod $context.resourcePath"' in logged


QUERIES = re.findall(r"```\n(.*?)```", RUNBOOK.partition("## Who saw what")[2], re.DOTALL)
LOGGED = {
    *audit_line({}, 200, "", datetime.now(UTC)),
    *re.findall(r'"(\w+)":', RESOURCES["Api"]["Properties"]["AccessLogSetting"]["Format"]),
}


def test_each_question_about_who_saw_what_is_asked_of_fields_there_are() -> None:
    words = r"fields|filter|stats|sort|desc|like|and|or|as|by|sum|count|bin|refusals|clients|1d"
    for query in QUERIES:
        asked = re.sub(r'"[^"]*"|/[^/]*/|\d+', "", query)
        assert set(re.findall(r"[a-z_]\w*", asked)) - set(words.split("|")) - {"d"} <= LOGGED
    assert len(QUERIES) == 5
