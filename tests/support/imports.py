"""Imports in tests: the upload as a person sends it, and nothing where there are none."""

from __future__ import annotations

from typing import Any

from client_lifecycle.storage.executions import StateMachine
from client_lifecycle.storage.import_files import ImportFiles, ImportWorkflow

NOWHERE: Any = None


def no_imports() -> ImportWorkflow:
    """Return a workflow of imports for tests without any; whatever is asked of it fails."""
    return ImportWorkflow(ImportFiles(NOWHERE, "none"), StateMachine(NOWHERE, "none"))
