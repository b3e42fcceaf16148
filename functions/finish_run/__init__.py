"""Last step of the workflow: account for every client and close the run."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
