"""The bulk archive over HTTP: preview, confirm, watch, stop, retry, undo."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
