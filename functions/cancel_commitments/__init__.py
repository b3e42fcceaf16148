"""Workflow step: cancel a batch's appointments and payments."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
