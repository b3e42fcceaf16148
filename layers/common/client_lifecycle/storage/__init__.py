"""The ring that knows AWS: the table's keys and conditions, the manifest bucket, the workflow."""
