"""POST /hooks/bookings, called by the scheduling system."""
