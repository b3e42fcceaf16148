"""Bookings that other systems ask for on the bus."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
