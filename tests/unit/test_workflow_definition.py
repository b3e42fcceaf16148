"""The graph of the workflow, checked state by state: linters pass a transition that leads nowhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import convert

from client_lifecycle.domain import errors
from client_lifecycle.edge.steps import BatchStep, EffectStep, OfARun, PartStep, Step
from local.template import ROOT, read_template
from settle_batch.handler import SettleStep

TEXTS = {
    machine: (ROOT / "workflows" / f"{name}.asl.json").read_text()
    for machine, name in (("ArchiveClients", "archive_clients"), ("ImportWorkflow", "import_rows"))
}
DEFINITION: dict[str, Any] = json.loads(TEXTS["ArchiveClients"])
IMPORTS: dict[str, Any] = json.loads(TEXTS["ImportWorkflow"])
RESOURCES: dict[str, Any] = read_template()["Resources"]
STEPS: dict[str, type[OfARun]] = {
    "prepare_retry": Step,
    "mark_archived": BatchStep,
    "undo_archives": BatchStep,
    "cancel_commitments": EffectStep,
    "leave_chats": EffectStep,
    "silence_notifications": EffectStep,
    "settle_batch": SettleStep,
    "finish_run": Step,
    "read_upload": Step,
    "import_rows": PartStep,
    "finish_import": Step,
}
Machine = dict[str, Any]


def machines(machine: Machine, name: str = "workflow") -> Iterator[tuple[str, Machine]]:
    """Every machine: the workflow itself, the processors of its maps, the branches of its parallels."""
    yield name, machine
    for state_name, state in machine["States"].items():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"], state_name)
        for number, branch in enumerate(state.get("Branches", [])):
            yield from machines(branch, f"{state_name}[{number}]")


def targets(state: dict[str, Any]) -> list[str]:
    found = [state[key] for key in ("Next", "Default") if key in state]
    found += [choice["Next"] for choice in state.get("Choices", [])]
    return found + [catcher["Next"] for catcher in state.get("Catch", [])]


MACHINES = {**dict(machines(DEFINITION)), **dict(machines(IMPORTS, "imports"))}
STATES = {
    f"{name}.{state_name}": state for name, one in MACHINES.items() for state_name, state in one["States"].items()
}
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}


@pytest.mark.parametrize("name", MACHINES)
def test_every_transition_leads_to_a_state_of_the_same_machine(name: str) -> None:
    states = MACHINES[name]["States"]
    assert MACHINES[name]["StartAt"] in states
    for state in states.values():
        assert set(targets(state)) <= set(states)


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_is_reached(name: str) -> None:
    states = MACHINES[name]["States"]
    reached: set[str] = set()
    ahead = [MACHINES[name]["StartAt"]]
    while ahead:
        state = ahead.pop()
        if state not in reached:
            reached.add(state)
            ahead += targets(states[state])
    assert reached == set(states)


@pytest.mark.parametrize("name", STATES)
def test_every_state_has_a_next_one_or_ends(name: str) -> None:
    state = STATES[name]
    goes_on = {"Next", "End", "Choices"} & set(state)
    assert goes_on or state["Type"] in ("Succeed", "Fail")


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_bounded_and_retried(name: str) -> None:
    assert TASKS[name]["TimeoutSeconds"] > 0
    assert TASKS[name]["Retry"]
    for retrier in TASKS[name]["Retry"]:
        assert retrier["MaxAttempts"] > 0
        assert retrier["JitterStrategy"] == "FULL"


@pytest.mark.parametrize("name", TASKS)
def test_a_function_that_runs_out_of_time_is_run_again(name: str) -> None:
    """Lambda reports its own time-out as Sandbox.Timedout; the state's is only for an answer that never comes."""
    function = TASKS[name]["Parameters"]["FunctionName"].removeprefix("${").removesuffix("Arn}")
    assert RESOURCES[function]["Properties"]["Timeout"] < TASKS[name]["TimeoutSeconds"]
    retried = {error for retrier in TASKS[name]["Retry"] for error in retrier["ErrorEquals"]}
    assert {"Sandbox.Timedout", "States.Timeout"} <= retried


TRANSIENT = {
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
}
"""What Step Functions' documentation wants every Lambda task to retry."""

THROTTLED = {"Lambda.TooManyRequestsException", "Lambda.Unknown"}
"""Lambda without a free execution, and what MiniStack reports in its place."""


@pytest.mark.parametrize("name", TASKS)
def test_every_transient_error_of_lambda_is_retried(name: str) -> None:
    retried = {error for retrier in TASKS[name]["Retry"] for error in retrier["ErrorEquals"]}
    assert retried >= TRANSIENT


@pytest.mark.parametrize("name", TASKS)
def test_a_task_waits_minutes_for_a_free_execution(name: str) -> None:
    [retrier] = [one for one in TASKS[name]["Retry"] if THROTTLED & set(one["ErrorEquals"])]
    assert set(retrier["ErrorEquals"]) == THROTTLED
    interval, rate, most = retrier["IntervalSeconds"], retrier["BackoffRate"], retrier["MaxDelaySeconds"]
    ceilings = [min(interval * rate**number, most) for number in range(retrier["MaxAttempts"])]
    assert sum(ceilings) / 2 >= 120, "full jitter waits half of each on average"


@pytest.mark.parametrize("name", TASKS)
def test_every_error_named_is_a_class_of_ours_or_a_service_s(name: str) -> None:
    named = [
        error
        for rule in [*TASKS[name]["Retry"], *TASKS[name].get("Catch", [])]
        for error in rule["ErrorEquals"]
        if not error.startswith(("States.", "Lambda.", "Sandbox."))
    ]
    for error in named:
        assert issubclass(getattr(errors, error), errors.LifecycleError)
    assert "StorageBusy" in named


def test_a_failing_step_never_stops_its_siblings() -> None:
    for name, state in TASKS.items():
        if name.startswith("ApplyEffects[") or name.endswith((".MarkArchived", ".UndoArchives")):
            assert [catcher["ErrorEquals"] for catcher in state["Catch"]] == [["States.ALL"]]


MAPS = {
    "FinishRun": DEFINITION["States"]["WorkOnBatches"],
    "FinishImport": IMPORTS["States"]["WorkOnParts"],
}
"""The map of each workflow, by the step that follows."""


@pytest.mark.parametrize("last", MAPS)
def test_a_failing_batch_never_stops_the_run(last: str) -> None:
    assert MAPS[last]["ToleratedFailurePercentage"] == 100
    assert MAPS[last]["Catch"][0]["Next"] == MAPS[last]["Next"] == last


def test_a_part_that_fails_never_stops_the_import() -> None:
    task = MAPS["FinishImport"]["ItemProcessor"]["States"]["ImportRows"]
    assert [catcher["ErrorEquals"] for catcher in task["Catch"]] == [["States.ALL"]]


@pytest.mark.parametrize("last", MAPS)
def test_the_state_does_not_grow_with_the_run(last: str) -> None:
    batches = MAPS[last]
    assert batches["ResultPath"] is None
    assert batches["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"


@pytest.mark.parametrize("name", TEXTS)
def test_every_substitution_is_supplied_and_every_supplied_one_used(name: str) -> None:
    machine = RESOURCES[name]["Properties"]
    assert (ROOT / machine["DefinitionUri"]).read_text() == TEXTS[name]
    assert set(re.findall(r"\$\{(\w+)\}", TEXTS[name])) == set(machine["DefinitionSubstitutions"])


@pytest.mark.parametrize(
    ("name", "definition", "last"),
    [("ArchiveClients", DEFINITION, "FinishRun"), ("ImportWorkflow", IMPORTS, "FinishImport")],
)
def test_a_map_works_on_as_many_batches_as_the_template_says(name: str, definition: Machine, last: str) -> None:
    bounds, batches = definition["States"]["ReadBounds"], MAPS[last]
    assert bounds["Parameters"] == {"batches_at_once.$": "States.StringToJson('${BatchesAtOnce}')"}
    assert batches["MaxConcurrencyPath"] == f"{bounds['ResultPath']}.batches_at_once"
    assert RESOURCES[name]["Properties"]["DefinitionSubstitutions"]["BatchesAtOnce"] == {"Ref": "BatchesAtOnce"}


NOT_CLIENT_BY_CLIENT = {
    "workflow.PrepareRetry",
    "WorkOnBatches.SettleBatch",
    "workflow.FinishRun",
    "imports.ReadUpload",
    "imports.FinishImport",
}
"""The steps that are not done client by client; they are tried for longer."""


def test_steps_have_one_of_two_retry_policies() -> None:
    longer = [TASKS[name]["Retry"] for name in NOT_CLIENT_BY_CLIENT]
    shorter = [task["Retry"] for name, task in TASKS.items() if name not in NOT_CLIENT_BY_CLIENT]
    for policies in (longer, shorter):
        assert all(policy == policies[0] for policy in policies)
    assert [one["ErrorEquals"] for one in longer[0]] == [one["ErrorEquals"] for one in shorter[0]]
    assert all(more["MaxAttempts"] >= less["MaxAttempts"] for more, less in zip(longer[0], shorter[0], strict=True))


def test_only_ids_enter_the_state() -> None:
    carried = {key.removesuffix(".$") for key in DEFINITION["States"]["WorkOnBatches"]["ItemSelector"]}
    assert carried == {"provider_id", "run_id", "attempt", "kind", "batch_number", "members"}
    of_imports = {key.removesuffix(".$") for key in MAPS["FinishImport"]["ItemSelector"]}
    assert of_imports == set(PartStep.__struct_fields__)


@pytest.mark.parametrize("package", STEPS)
def test_the_sample_event_of_a_step_is_its_input(package: str) -> None:
    event = json.loads((ROOT / "events" / f"{package}.json").read_text())
    assert convert(event, STEPS[package]).provider_id == event["provider_id"]


def test_the_first_step_is_handed_all_that_it_reads() -> None:
    carried = {key.removesuffix(".$") for key in DEFINITION["States"]["WorkOnBatches"]["ItemSelector"]}
    assert set(BatchStep.__struct_fields__) <= carried
