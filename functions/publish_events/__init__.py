"""Puts what the table's stream tells on the bus of events."""
