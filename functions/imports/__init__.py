"""Imports over HTTP: upload, check, confirm, watch, stop, retry, report."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
