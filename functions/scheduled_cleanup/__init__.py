"""The clean-up, every five minutes: finishes what a crash left, and does what providers have planned."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
