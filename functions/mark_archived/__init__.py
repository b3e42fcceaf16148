"""First step of the workflow: mark a batch of clients archived."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
