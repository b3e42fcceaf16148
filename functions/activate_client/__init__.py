"""Activate a client; restore from any of its receipts."""
