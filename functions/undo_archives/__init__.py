"""First step of the workflow of an undo: bring a batch of clients back."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
