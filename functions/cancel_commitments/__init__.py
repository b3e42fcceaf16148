"""Workflow step: cancel a batch's appointments and payments."""
