"""The workflow step that sets up a retry."""
