"""Puts the console where its address serves it."""
