"""Reads a batch of the table's stream again, while the stream still has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from client_lifecycle.storage.stream import StreamRecord, stream_record

GONE = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException"})
AROUND = timedelta(minutes=1)
"""A write reaches the stream moments after the time that its events carry."""


def read_batch(streams: Any, batch: Mapping[str, Any]) -> list[StreamRecord] | None:
    """Return the writes of a batch that Lambda could not deliver; ``None`` if the stream no longer has them.

    Args:
        streams: a client of DynamoDB Streams.
        batch: ``DDBStreamBatchInfo`` of the letter.
    """
    try:
        return list(_writes(streams, batch))
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return None
        raise


def _writes(streams: Any, batch: Mapping[str, Any]) -> Iterator[StreamRecord]:
    iterator = streams.get_shard_iterator(
        StreamArn=batch["streamArn"],
        ShardId=batch["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=batch["startSequenceNumber"],
    )["ShardIterator"]
    last = int(batch["endSequenceNumber"])
    while iterator:
        answer = streams.get_records(ShardIterator=iterator)
        for record in answer["Records"]:
            if int(record["dynamodb"]["SequenceNumber"]) > last:
                return
            yield stream_record({**record, "eventSourceARN": batch["streamArn"]})
            if int(record["dynamodb"]["SequenceNumber"]) == last:
                return
        iterator = answer.get("NextShardIterator")


def span_of(batch: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Return the time span that surely holds the events of a batch."""
    first, last = (
        datetime.fromisoformat(batch[name])
        for name in ("approximateArrivalOfFirstRecord", "approximateArrivalOfLastRecord")
    )
    return first - AROUND, last + AROUND
