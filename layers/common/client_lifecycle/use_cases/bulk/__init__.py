"""Bulk archives: preview, control, the workflow's steps, retry, undo and proposals."""
