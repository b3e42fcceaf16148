"""The functions as the SAM CLI builds and runs them on this machine, against the practice that runs.

Nothing here ships. Everything that is made is in ``.local/sam/``.
"""
