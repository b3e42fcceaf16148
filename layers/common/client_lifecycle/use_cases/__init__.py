"""What a caller can ask for, one module each: read, decide in the domain, commit in storage."""
