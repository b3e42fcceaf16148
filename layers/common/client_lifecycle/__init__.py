"""The life of a practice's client: active, archived, and back.

Four rings, and imports point inward only: ``edge``, ``use_cases``, ``storage``, ``domain``. A test holds them to it.
"""
