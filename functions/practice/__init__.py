"""A provider's client groups and settings over HTTP."""
