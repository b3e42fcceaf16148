"""POST /clients/{client_id}/archive."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
