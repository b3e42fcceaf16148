"""Last step of an import's attempt: report, counts, verdict."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
