"""Workflow step: silence a batch's feeds and reminders."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
