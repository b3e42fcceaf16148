"""Stops and starts what writes to the table: every function but the one that publishes events.

A function that may run zero times at once is throttled: the API answers 500, and the workflow tries again for minutes.
Lambda sets a booking from the bus aside at once, without a second try; ``redrive bookings`` answers it afterwards.
"""

from __future__ import annotations

from typing import Any

from operations.stack import Stack

GOES_ON = "PublishEvents"
TAG = "reserved-before-pause"
READER = "PublishEventsStream"


def writers(stack: Stack) -> dict[str, str]:
    """Return the functions that write to the table."""
    return {name: physical for name, physical in stack.functions.items() if name != GOES_ON}


def pause(stack: Stack, function: str) -> None:
    """Let a function run no more; what it had reserved is kept in a tag."""
    lambda_ = stack.client("lambda")
    reserved = _reserved(lambda_, function)
    if reserved == 0:
        return
    if reserved is not None:
        lambda_.tag_resource(Resource=_arn(lambda_, function), Tags={TAG: str(reserved)})
    lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)


def resume(stack: Stack, function: str) -> None:
    """Let a function run as before the pause; one that is not paused stays as it is."""
    lambda_ = stack.client("lambda")
    if _reserved(lambda_, function) != 0:
        return
    arn = _arn(lambda_, function)
    before = lambda_.list_tags(Resource=arn)["Tags"].get(TAG)
    if before is None:
        lambda_.delete_function_concurrency(FunctionName=function)
        return
    lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=int(before))
    lambda_.untag_resource(Resource=arn, TagKeys=[TAG])


def read_stream(stack: Stack) -> None:
    """Let the table's stream be read, should somebody have stopped that."""
    lambda_, mapping = stack.client("lambda"), stack.resources[READER]
    if lambda_.get_event_source_mapping(UUID=mapping)["State"] == "Disabled":
        lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)


def run_clock(stack: Stack) -> None:
    """Let the clock start the clean-up, should somebody have stopped that."""
    scheduler, name = stack.client("scheduler"), f"{stack.name}-scheduled-cleanup"
    known = scheduler.get_schedule(Name=name)
    if known["State"] == "DISABLED":
        kept = ("Name", "Description", "ScheduleExpression", "FlexibleTimeWindow", "Target")
        scheduler.update_schedule(**{part: known[part] for part in kept if part in known}, State="ENABLED")


def is_paused(stack: Stack) -> bool:
    """Tell whether nothing of the system can write to the table."""
    lambda_ = stack.client("lambda")
    return all(_reserved(lambda_, function) == 0 for function in writers(stack).values())


def _reserved(lambda_: Any, function: str) -> int | None:
    reserved: int | None = lambda_.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions")
    return reserved


def _arn(lambda_: Any, function: str) -> str:
    return str(lambda_.get_function_configuration(FunctionName=function)["FunctionArn"])
