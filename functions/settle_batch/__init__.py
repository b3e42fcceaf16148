"""Workflow step: settle receipts, outcomes and counts of a batch."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
