"""The only ring that knows AWS: the table's keys and conditions, the manifest bucket, the workflow.

Imports the domain, botocore and msgspec; never the use cases or the edge.
"""
