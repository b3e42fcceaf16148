"""Figures of this project on one machine: ratios and counts, never a gate."""
