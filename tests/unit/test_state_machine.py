"""The interpreter of the workflow that other tests use: what it does with each part of the language, and refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.state_machine import (
    DEFINITION,
    Answer,
    Ended,
    Fault,
    Log,
    Reached,
    Replay,
    Unsupported,
    Waiting,
    carried_out,
    failed_for_good,
    following,
    replay,
    replay_state,
    states_of,
    tasks_of,
)

INPUT = {"provider_id": "p", "run_id": "r", "attempt": 1, "kind": "archive", "manifest": {"bucket": "b", "key": "k"}}
ITEMS = [{"batch_number": number, "members": [f"c-{number}"]} for number in range(2)]
RETRY = [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}, {"ErrorEquals": ["Lost"], "MaxAttempts": 1}]
CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]
MARKED = Answer({"marked": ["c-0"], "outcomes": [], "more": True})
NOBODY_MARKED = Answer({"marked": [], "outcomes": []})
DONE = Answer({"failures": []})
FINISHED = Answer({"state": "completed"})


def task(**fields: Any) -> dict[str, Any]:
    parameters = {"FunctionName": "${DoItFunctionArn}", "Payload.$": "$"}
    whole = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters}
    return {**whole, "End": True, **fields}


def machine(step: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"StartAt": "First", "States": {"First": step, **others}}


def reached(step: dict[str, Any], data: Any, *answers: Answer | Fault, **others: Any) -> Reached:
    return replay(machine(step, **others), data, Replay({"do_it": answers}, lambda *_: []))


def workflow(log: Log, **fields: Any) -> Reached:
    return replay(DEFINITION, INPUT | fields, Replay(log, lambda bucket, key: ITEMS))


def no_manifest(bucket: str, key: str) -> list[Any]:
    raise LookupError(key)


# A task


def test_a_task_waits_with_its_event_until_it_is_answered() -> None:
    assert reached(task(), {"a": 1}) == Waiting({"do_it": {"a": 1}})


def test_an_event_is_filled_from_the_state_by_its_template() -> None:
    parameters = {"FunctionName": "${DoItFunctionArn}", "Payload": {"fixed": 1, "deep": {"found.$": "$.a.b[1]"}}}
    event = {"fixed": 1, "deep": {"found": 3}}
    assert reached(task(Parameters=parameters), {"a": {"b": [2, 3]}}) == Waiting({"do_it": event})


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, {"Payload": {"x": 1}}),
        ({"OutputPath": "$.Payload"}, {"x": 1}),
        ({"ResultPath": "$.result"}, {"a": 1, "result": {"Payload": {"x": 1}}}),
        ({"ResultPath": None}, {"a": 1}),
        ({"ResultSelector": {"y.$": "$.Payload.x"}, "ResultPath": "$.result"}, {"a": 1, "result": {"y": 1}}),
    ],
    ids=["as it is", "OutputPath", "ResultPath", "no ResultPath", "ResultSelector"],
)
def test_an_answer_goes_where_the_paths_say(fields: dict[str, Any], output: Any) -> None:
    assert reached(task(**fields), {"a": 1}, Answer({"x": 1})) == Ended(output)


def test_a_fault_is_tried_again_as_often_as_its_own_retrier_says() -> None:
    step, busy, lost = task(Retry=RETRY), Fault("Busy"), Fault("Lost")
    assert isinstance(reached(step, {}, busy, lost, busy), Waiting)
    assert reached(step, {}, busy, lost, busy, Answer(1)) == Ended({"Payload": 1})
    assert reached(step, {}, busy, lost, busy, busy) == busy
    assert reached(step, {}, Fault("Other")) == Fault("Other")


def test_what_failed_for_good_is_caught_and_its_error_kept() -> None:
    step = task(Retry=RETRY, Catch=CATCH)
    caught = {"Type": "Pass", "Parameters": {"name.$": "$.error.Error", "kept.$": "$.a"}, "End": True}
    assert failed_for_good(step, "Busy") == [Fault("Busy")] * 3
    assert reached(step, {"a": 1}, *failed_for_good(step, "Busy"), Caught=caught) == Ended({"name": "Busy", "kept": 1})


# Other states


@pytest.mark.parametrize(
    ("choice", "data", "chosen"),
    [
        ({"NumericGreaterThan": 1}, {"a": 2}, True),
        ({"NumericGreaterThan": 1}, {"a": 1}, False),
        ({"StringEquals": "x"}, {"a": "x"}, True),
        ({"StringEquals": "x"}, {"a": "y"}, False),
        ({"BooleanEquals": True}, {"a": True}, True),
        ({"BooleanEquals": True}, {"a": 1}, False),
        ({"IsPresent": True}, {"a": None}, True),
        ({"IsPresent": True}, {}, False),
        ({"IsPresent": False}, {}, True),
    ],
)
def test_a_choice_takes_the_first_rule_that_holds(choice: dict[str, Any], data: Any, chosen: bool) -> None:
    rules = [{"Variable": "$.a", **choice, "Next": "Chosen"}]
    step = {"Type": "Choice", "Choices": rules, "Default": "Other"}
    ends = {name: {"Type": "Pass", "Parameters": {"at": name}, "End": True} for name in ("Chosen", "Other")}
    assert reached(step, data, **ends) == Ended({"at": "Chosen" if chosen else "Other"})


def test_branches_wait_side_by_side_and_end_in_their_order() -> None:
    step = states_of(DEFINITION)["ApplyEffects"]
    state = {"provider_id": "p", "run_id": "r", "attempt": 1, "first": {"marked": ["c"]}}
    names = ["cancel_commitments", "leave_chats", "silence_notifications"]

    def after(log: Log) -> Reached:
        return replay_state(step, state, Replay(log, lambda *_: []))

    waiting = after({"leave_chats": [Answer(2)]})
    assert isinstance(waiting, Waiting)
    assert set(waiting.tasks) == {names[0], names[2]}
    log = {name: [Answer(number)] for number, name in enumerate(names)}
    assert after(log) == Ended({**state, "effects": [0, 1, 2]})


# The shipped workflow


def test_each_batch_of_the_manifest_is_an_item_with_ids_only() -> None:
    waiting = workflow({})
    assert isinstance(waiting, Waiting)
    assert waiting.tasks == {
        f"{number}/mark_archived": {
            **{name: INPUT[name] for name in ("provider_id", "run_id", "attempt", "kind")},
            **item,
        }
        for number, item in enumerate(ITEMS)
    }


def test_a_batch_goes_from_mark_over_the_effects_to_settle() -> None:
    log: dict[str, list[Answer | Fault]] = {"0/mark_archived": [MARKED], "1/mark_archived": [NOBODY_MARKED]}
    waiting = workflow(log)
    assert isinstance(waiting, Waiting)
    assert set(waiting.tasks) == {"0/cancel_commitments", "0/leave_chats", "0/silence_notifications", "1/settle_batch"}
    log |= {f"0/{name}": [DONE] for name in ("cancel_commitments", "leave_chats", "silence_notifications")}
    settling = workflow(log)
    assert isinstance(settling, Waiting)
    assert settling.tasks["0/settle_batch"]["first"] == {"marked": ["c-0"], "outcomes": []}
    assert settling.tasks["0/settle_batch"]["effects"] == [{"failures": []}] * 3


def test_a_mark_that_failed_for_good_is_settled_with_its_error() -> None:
    waiting = workflow({"0/mark_archived": failed_for_good(tasks_of(DEFINITION)["mark_archived"], "StorageBusy")})
    assert isinstance(waiting, Waiting)
    assert waiting.tasks["0/settle_batch"]["first_error"] == {"Error": "StorageBusy", "Cause": ""}


def test_a_lost_batch_and_a_missing_manifest_do_not_keep_the_run_open() -> None:
    lost = failed_for_good(tasks_of(DEFINITION)["settle_batch"], "StorageBusy")
    log: dict[str, list[Answer | Fault]] = {"0/mark_archived": [NOBODY_MARKED], "0/settle_batch": lost}
    log |= {"1/mark_archived": [NOBODY_MARKED], "1/settle_batch": [Answer({})]}
    finishing = Waiting({"finish_run": {name: INPUT[name] for name in ("provider_id", "run_id", "attempt")}})
    assert workflow(log) == finishing
    assert replay(DEFINITION, INPUT, Replay({}, no_manifest)) == finishing


@pytest.mark.parametrize(("goes_on", "then"), [(True, "0/mark_archived"), (False, "finish_run")])
def test_a_retry_is_prepared_first_and_may_have_nothing_to_do(goes_on: bool, then: str) -> None:
    assert isinstance(begin := workflow({}, attempt=2), Waiting)
    assert set(begin.tasks) == {"prepare_retry"}
    assert isinstance(prepared := workflow({"prepare_retry": [Answer({"goes_on": goes_on})]}, attempt=2), Waiting)
    assert then in prepared.tasks


def test_what_can_follow_a_task_is_known() -> None:
    after = following(DEFINITION)
    assert after["finish_run"] == frozenset()
    assert after["settle_batch"] == {"finish_run"}
    assert after["leave_chats"] == {"settle_batch", "finish_run"}
    assert after["undo_archives"] == {"settle_batch", "finish_run"}
    effects = {"cancel_commitments", "leave_chats", "silence_notifications"}
    assert after["mark_archived"] == {*effects, "settle_batch", "finish_run"}
    assert after["prepare_retry"] == after.keys() - {"prepare_retry"}


def test_an_undo_has_a_first_step_of_its_own_and_no_effects() -> None:
    answers = {"undo_archives": MARKED.payload, "settle_batch": {}, "finish_run": FINISHED.payload}
    called: list[str] = []

    def invoke(package: str, event: Any) -> Any:
        called.append(package)
        return answers[package]

    assert carried_out(lambda log: workflow(log, kind="undo"), invoke) == {"state": "completed"}
    assert called == ["undo_archives", "undo_archives", "settle_batch", "settle_batch", "finish_run"]


# What is not interpreted


@pytest.mark.parametrize(
    "step",
    [
        {"Type": "Wait", "Seconds": 1, "End": True},
        task(InputPath="$.a"),
        task(Resource="arn:aws:states:::sqs:sendMessage"),
        task(ResultPath="$.a.b"),
        task(Parameters={"FunctionName": "${DoItFunctionArn}", "Payload.$": "$.a[*]"}),
        {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "First"}], "Default": "First"},
        {"Type": "Pass", "Result": 1, "End": True},
        {"Type": "Map", "ToleratedFailurePercentage": 5, "End": True},
    ],
    ids=["Wait", "InputPath", "SQS", "a deep ResultPath", "a wildcard", "IsNull", "Result", "a failing Map"],
)
def test_what_is_not_interpreted_is_refused(step: dict[str, Any]) -> None:
    with pytest.raises(Unsupported):
        reached(step, {"a": []}, Answer(1))
