"""POST /clients/{client_id}/activate."""
