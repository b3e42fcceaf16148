"""The bulk archive over HTTP: preview, confirm, watch, stop, retry, undo."""
