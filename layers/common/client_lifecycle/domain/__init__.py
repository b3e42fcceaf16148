"""The rules of archiving, pure: no AWS, no environment, no clock."""
