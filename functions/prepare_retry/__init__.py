"""The workflow step that sets up a retry."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
