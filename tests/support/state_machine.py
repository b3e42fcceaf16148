"""Interprets the shipped workflow as Step Functions does, as far as it uses the language; all else is refused.

An execution is replayed: from its input and what its tasks have answered so far follows which tasks are to be carried
out now, or how it has ended. So a test can carry tasks out in any order, late, twice or never.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from local.template import ROOT, read_template

State: TypeAlias = dict[str, Any]
Machine: TypeAlias = Mapping[str, Any]

PARAMETERS: Mapping[str, Any] = read_template()["Parameters"]


def _shipped(name: str) -> Machine:
    definition: Machine = json.loads((ROOT / "workflows" / f"{name}.asl.json").read_text(encoding="utf-8"))
    return definition


DEFINITION = _shipped("archive_clients")
IMPORTS = _shipped("import_rows")


class Unsupported(Exception):
    """The workflow uses a part of the language that is not interpreted here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function has answered."""

    payload: Any


@dataclass(frozen=True, slots=True)
class Fault:
    """A task, or a machine, that failed: the name of the error, and its cause."""

    error: str
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A machine that waits for tasks: their events, by the place of the task."""

    tasks: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """A machine, or a state, that has ended with an output."""

    output: Any


Reached: TypeAlias = Waiting | Ended | Fault
Log: TypeAlias = Mapping[str, Sequence[Answer | Fault]]
"""What each task has answered, try by try, by its place: the function's package, within an item of a map
``<number>/<package>``."""

ReadItems: TypeAlias = Callable[[str, str], Sequence[Any]]
"""Reads the items of a map from an object, by bucket and key; it raises ``LookupError`` if there is none."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay needs beside the state: the answers, the manifests, and the place that tasks are told by."""

    log: Log
    read_items: ReadItems
    place: str = ""


def replay(machine: Machine, state: State, known: Replay) -> Reached:
    """Replay a machine from its first state.

    Raises:
        Unsupported: the machine uses what is not interpreted here.
    """
    name: str | None = machine["StartAt"]
    data: Any = state
    while name:
        step = machine["States"][name]
        reached = replay_state(step, data, known)
        if isinstance(reached, Waiting):
            return reached
        if isinstance(reached, Fault):
            if (catcher := _catcher(step, reached)) is None:
                return reached
            error = {"Error": reached.error, "Cause": reached.cause}
            data, name = _put(catcher.get("ResultPath", "$"), data, error), catcher["Next"]
            continue
        data = reached.output
        name = _chosen(step, data) if step["Type"] == "Choice" else step.get("Next")
    return Ended(data)


def replay_state(step: Mapping[str, Any], data: Any, known: Replay) -> Reached:
    """Replay one state, without its transition and its catchers."""
    kind = step["Type"]
    if kind not in SUPPORTED:
        raise Unsupported(kind)
    if unknown := step.keys() - SUPPORTED[kind] - {"Type", "Comment"}:
        raise Unsupported(f"{kind}: {', '.join(sorted(unknown))}")
    reached = REPLAY[kind](step, data, known)
    if not isinstance(reached, Ended) or kind not in WITH_RESULT:
        return reached
    result = _filled(step["ResultSelector"], reached.output) if "ResultSelector" in step else reached.output
    placed = _put(step.get("ResultPath", "$"), data, result)
    return Ended(_found(step["OutputPath"], placed) if "OutputPath" in step else placed)


def _task(step: Mapping[str, Any], data: Any, known: Replay) -> Reached:
    if not step["Resource"].endswith(":states:::lambda:invoke"):
        raise Unsupported(step["Resource"])
    place, event, tries = known.place + package_of(step), event_of(step, data), Counter[int]()
    for answer in known.log.get(place, ()):
        if isinstance(answer, Answer):
            return Ended({"Payload": answer.payload})
        number, most = _retrier(step, answer)
        if tries[number] == most:
            return answer
        tries[number] += 1
    return Waiting({place: event})


def _retrier(step: Mapping[str, Any], fault: Fault) -> tuple[int, int]:
    """Return which retrier a fault is for, and how often that one tries again; never, if there is none."""
    found = [(number, one["MaxAttempts"]) for number, one in enumerate(step.get("Retry", ())) if _is_for(one, fault)]
    return found[0] if found else (-1, 0)


def _catcher(step: Mapping[str, Any], fault: Fault) -> Mapping[str, Any] | None:
    return next((one for one in step.get("Catch", ()) if _is_for(one, fault)), None)


def _is_for(rule: Mapping[str, Any], fault: Fault) -> bool:
    return fault.error in rule["ErrorEquals"] or rule["ErrorEquals"] == ["States.ALL"]


def _pass(step: Mapping[str, Any], data: Any, known: Replay) -> Reached:
    return Ended(_filled(step["Parameters"], data))


def _unchanged(step: Mapping[str, Any], data: Any, known: Replay) -> Reached:
    return Ended(data)


def _parallel(step: Mapping[str, Any], data: Any, known: Replay) -> Reached:
    branches = [replay(branch, data, known) for branch in step["Branches"]]
    if fault := next((one for one in branches if isinstance(one, Fault)), None):
        return fault
    return _all_of(branches)


def _map(step: Mapping[str, Any], data: Any, known: Replay) -> Reached:
    """Replay a map whose failed items are all tolerated."""
    if step["ToleratedFailurePercentage"] != 100:
        raise Unsupported("Map: ToleratedFailurePercentage")
    source = _filled(step["ItemReader"]["Parameters"], data)
    try:
        items = known.read_items(source["Bucket"], source["Key"])
    except LookupError as error:
        return Fault("States.ItemReaderFailed", str(error))
    return _all_of([replay_item(step, data, number, item, known) for number, item in enumerate(items)])


def replay_item(step: Mapping[str, Any], data: Any, number: int, item: Any, known: Replay) -> Reached:
    """Replay one item of a map."""
    inner = Replay(known.log, known.read_items, f"{number}/")
    return replay(step["ItemProcessor"], item_of(step, data, item), inner)


def item_of(step: Mapping[str, Any], data: Any, item: Any) -> State:
    """Return what an item of a map begins with."""
    selected: State = _filled(step["ItemSelector"], data, {"Map": {"Item": {"Value": item}}})
    return selected


def _all_of(machines: Sequence[Reached]) -> Reached:
    """Return what machines side by side have reached; one that failed has no output."""
    tasks = {place: event for one in machines if isinstance(one, Waiting) for place, event in one.tasks.items()}
    return Waiting(tasks) if tasks else Ended([one.output for one in machines if isinstance(one, Ended)])


def _chosen(step: Mapping[str, Any], data: Any) -> str:
    next_ones = (choice["Next"] for choice in step["Choices"] if _holds(choice, data))
    chosen: str = next(next_ones, step["Default"])
    return chosen


def _holds(choice: Mapping[str, Any], data: Any) -> bool:
    [comparison] = choice.keys() - {"Variable", "Next"}
    if comparison not in COMPARISONS:
        raise Unsupported(f"Choice: {comparison}")
    try:
        found = _found(choice["Variable"], data)
    except LookupError:
        return comparison == "IsPresent" and not choice[comparison]
    return COMPARISONS[comparison](found, choice[comparison])


def package_of(step: Mapping[str, Any]) -> str:
    """Return the package of the function that a task invokes."""
    name = step["Parameters"]["FunctionName"].removeprefix("${").removesuffix("FunctionArn}")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def event_of(step: Mapping[str, Any], data: Any) -> Any:
    """Return the event that a task invokes its function with."""
    return _filled(step["Parameters"], data)["Payload"]


def tasks_of(machine: Machine) -> dict[str, Mapping[str, Any]]:
    """Return all tasks of a machine and of those within it, by the package of their function."""
    return {package_of(step): step for step in states_of(machine).values() if step["Type"] == "Task"}


def states_of(machine: Machine) -> dict[str, Mapping[str, Any]]:
    """Return all states of a machine and of those within it, by name."""
    return dict(_states(machine))


def _states(machine: Machine) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, step in machine["States"].items():
        yield name, step
        for inner in _machines_within(step):
            yield from _states(inner)


def following(machine: Machine, beyond: frozenset[str] = frozenset()) -> dict[str, frozenset[str]]:
    """Return the tasks that can follow each task, directly or later, ``beyond`` those of the machine itself."""

    def after(step: Mapping[str, Any]) -> frozenset[str]:
        following_ones = [machine["States"][name] for name in _targets(step)]
        return beyond.union(*(_tasks_within(one) | after(one) for one in following_ones))

    found: dict[str, frozenset[str]] = {}
    for step in machine["States"].values():
        if step["Type"] == "Task":
            found[package_of(step)] = after(step)
        for inner in _machines_within(step):
            found |= following(inner, after(step))
    return found


def _targets(step: Mapping[str, Any]) -> set[str]:
    named = [*step.get("Choices", ()), *step.get("Catch", ()), step, {"Next": step.get("Default")}]
    return {one["Next"] for one in named if one.get("Next")}


def _tasks_within(step: Mapping[str, Any]) -> frozenset[str]:
    own = [package_of(step)] if step["Type"] == "Task" else []
    return frozenset(own).union(*(tasks_of(inner) for inner in _machines_within(step)))


def _machines_within(step: Mapping[str, Any]) -> Iterator[Machine]:
    yield from step.get("Branches", ())
    if "ItemProcessor" in step:
        yield step["ItemProcessor"]


def failed_for_good(step: Mapping[str, Any], error: str) -> list[Answer | Fault]:
    """Return the faults of a task after which it is not tried again."""
    _, most = _retrier(step, Fault(error))
    return [Fault(error) for _ in range(most + 1)]


def _filled(template: Any, data: Any, context: Any = None) -> Any:
    """Fill a payload template: a name that ends in ``.$`` stands for what its path finds."""
    if not isinstance(template, dict):
        return template
    filled = {name: _filled(part, data, context) for name, part in template.items() if not name.endswith(".$")}
    found = {name[:-2]: _found(part, data, context) for name, part in template.items() if name.endswith(".$")}
    return filled | found


PARAMETER = re.compile(r"States\.StringToJson\('\$\{(\w+)\}'\)")
"""A number among the template's parameters; there its substitution has the same name."""

PATH = re.compile(r"\$(\$)?((?:\.\w+|\[\d+\])*)")


def _found(path: str, data: Any, context: Any = None) -> Any:
    """Return what a path finds in the state, in the context if it begins with ``$$``, or in the template's parameters.

    Raises:
        LookupError: there is nothing.
        Unsupported: it is more than names and numbers.
    """
    if number := PARAMETER.fullmatch(path):
        return PARAMETERS[number[1]]["Default"]
    if not (parts := PATH.fullmatch(path)):
        raise Unsupported(path)
    found = context if parts[1] else data
    for name, number in re.findall(r"\.(\w+)|\[(\d+)\]", parts[2]):
        found = found[name] if name else found[int(number)]
    return found


def _put(path: str | None, data: Any, result: Any) -> Any:
    """Put a result into the state, at a name at its top or in its place; nowhere if there is no path."""
    if path is None:
        return data
    if path == "$":
        return result
    if not re.fullmatch(r"\$\.\w+", path):
        raise Unsupported(path)
    return {**data, path[2:]: result}


SUPPORTED: Mapping[str, set[str]] = {
    "Task": {
        *("Resource", "Parameters", "ResultSelector", "ResultPath", "OutputPath"),
        *("TimeoutSeconds", "Retry", "Catch", "Next", "End"),
    },
    "Pass": {"Parameters", "ResultPath", "Next", "End"},
    "Choice": {"Choices", "Default"},
    "Parallel": {"Branches", "ResultPath", "Next", "End"},
    "Map": {
        *("Label", "MaxConcurrencyPath", "ToleratedFailurePercentage", "ItemReader", "ItemSelector", "ItemProcessor"),
        *("ResultPath", "Catch", "Next", "End"),
    },
    "Succeed": set(),
}
"""The fields of each kind of state that are interpreted; how long a task may take, or waits, is not."""

WITH_RESULT = {"Task", "Pass", "Parallel", "Map"}
REPLAY: Mapping[str, Callable[[Mapping[str, Any], Any, Replay], Reached]] = {
    "Task": _task,
    "Pass": _pass,
    "Choice": _unchanged,
    "Parallel": _parallel,
    "Map": _map,
    "Succeed": _unchanged,
}
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "NumericGreaterThan": lambda found, limit: found > limit,
    "BooleanEquals": lambda found, wanted: found is wanted,
    "StringEquals": lambda found, wanted: found == wanted,
    "IsPresent": lambda found, wanted: bool(wanted),
}


def carried_out(replayed: Callable[[Log], Reached], invoke: Callable[[str, Any], Any]) -> Any:
    """Carry out every task as soon as it is ready, one after the other, and return the output.

    Args:
        replayed: replays the machine, given the answers so far.
        invoke: invokes a function, given its package and the event.
    """
    log: dict[str, list[Answer | Fault]] = {}
    while isinstance(reached := replayed(log), Waiting):
        for place, event in reached.tasks.items():
            log.setdefault(place, []).append(Answer(invoke(place.rpartition("/")[2], event)))
    assert isinstance(reached, Ended), reached
    return reached.output
