"""First step of the workflow: mark a batch of clients archived."""
