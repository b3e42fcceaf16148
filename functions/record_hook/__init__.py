"""The entrance for what other systems tell of clients' records."""
