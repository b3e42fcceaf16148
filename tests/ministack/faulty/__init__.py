"""Faults put into the deployed functions."""
