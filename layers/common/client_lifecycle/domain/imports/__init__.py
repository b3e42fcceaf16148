"""Imports: files of clients or records that a practice brings in, row by row."""
