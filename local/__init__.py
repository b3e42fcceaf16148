"""The system on this machine: a local AWS, template.yaml deployed to it, sample practices, and the command line."""
