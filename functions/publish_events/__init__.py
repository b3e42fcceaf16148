"""Puts what the table's stream tells on the bus of events."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
