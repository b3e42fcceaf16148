"""Workflow step: settle receipts, outcomes and counts of a batch."""
