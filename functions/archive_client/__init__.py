"""POST /clients/{client_id}/archive."""
