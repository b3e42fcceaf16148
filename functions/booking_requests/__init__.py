"""Bookings that other systems ask for on the bus."""
