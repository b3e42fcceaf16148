"""The clean-up, every five minutes: finishes what a crash left, and does what providers have planned."""
