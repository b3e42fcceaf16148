"""What callers read: the answers of the API by resource, kept apart from what is stored."""
