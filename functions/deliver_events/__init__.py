"""Delivers events to a system that is not on AWS."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
