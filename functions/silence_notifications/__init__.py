"""Workflow step: silence a batch's feeds and reminders."""
