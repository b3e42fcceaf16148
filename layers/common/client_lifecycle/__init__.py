"""The life of a practice's client: active, archived, and back.

Three rings, imports point inward only: ``edge`` and ``storage`` may import ``domain``; ``use_cases`` import
``storage`` and ``domain``; ``domain`` imports nothing of this package but itself.
"""
