"""Imports: upload, check, confirm, the workflow's steps, stop and retry."""
