"""What sources tell of clients' records on the bus."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
