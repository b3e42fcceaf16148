"""Where the lines of requests are kept: a log group that functions add to and none of them can change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

STREAM = "requests"


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """The log group of this name."""

    client: Any
    group: str

    def keep(self, line: str, at: datetime) -> None:
        """Keep a line; one try, for somebody waits for the answer.

        Raises:
            ClientError, BotoCoreError: CloudWatch Logs has not taken it.
        """
        event = {"timestamp": int(at.timestamp() * 1_000), "message": line}
        self.client.put_log_events(logGroupName=self.group, logStreamName=STREAM, logEvents=[event])
