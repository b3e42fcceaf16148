"""What an operator runs against a deployed stack, on AWS or on the local AWS. ``python -m operations`` lists it."""
