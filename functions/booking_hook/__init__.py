"""POST /hooks/bookings, called by the scheduling system."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
