"""First step of the workflow of an undo: bring a batch of clients back."""
