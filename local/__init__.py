"""The local AWS: start it, deploy template.yaml to it, load the sample practice, run the demo."""
