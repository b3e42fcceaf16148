"""The entrance for what other systems tell of clients' records."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
