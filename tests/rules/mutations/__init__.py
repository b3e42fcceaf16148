"""Every way in which ``make check-rules`` breaks a rule, in the order of docs/rules.md.

To add one, put it into the list of its section, in the module beside this one:

    Mutation("A4", "a client can be deleted", "clients.handler", "    raise RecordsAreKept(", "    RecordsAreKept(")

that is: the rule, how it is broken, the module, a piece of text that stands once in it, and what to put in its place.
Then ``python -m tests.rules A4`` shows which cited test fails. If none does, write one, and cite it in docs/rules.md.
A new rule needs a row there, its number in tests/unit/test_rules_are_proven.py, and a mutation of each thing it says.
Who rewrites the text that a mutation replaces gives it the new text: ``does not apply`` is no better than ``survived``.

A mutation must make the code wrong, and nothing more: one that ends in an error of Python proves nothing.
"""

from __future__ import annotations

from tests.rules.mutation import Mutation
from tests.rules.mutations.archiving import ARCHIVING
from tests.rules.mutations.coming_back import COMING_BACK
from tests.rules.mutations.permissions import PERMISSIONS
from tests.rules.mutations.safety import SAFETY_RULES
from tests.rules.mutations.telling import TELLING

MUTATIONS: list[Mutation] = [*ARCHIVING, *PERMISSIONS, *COMING_BACK, *SAFETY_RULES, *TELLING]
