"""An event for every function and every route, as documentation and for the practice that runs.

``shapes`` knows how the services wrap what they deliver, ``given`` what a sample may name, ``catalogue`` the samples,
``practice`` makes what they need in a running practice, and ``files`` writes them.
"""
