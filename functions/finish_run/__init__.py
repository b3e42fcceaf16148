"""Last step of the workflow: account for every client and close the run."""
