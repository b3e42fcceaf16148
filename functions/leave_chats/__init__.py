"""Workflow step: take a batch of clients out of group chats and blasts."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
