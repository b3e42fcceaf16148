"""A provider's client groups and settings over HTTP."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
