"""What a caller can read, one module for each aggregate. Nothing here writes."""
