"""Delivers events to a system that is not on AWS."""
