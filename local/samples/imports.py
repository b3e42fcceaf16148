"""Makes, in a running practice, the imports that sample events need, each as far as its sample wants it."""

from __future__ import annotations

from dataclasses import replace

from client_lifecycle.domain.imports.outcomes import ImportKind
from client_lifecycle.domain.imports.run import Import, ImportFormat
from client_lifecycle.edge.import_rows import row_reader
from client_lifecycle.storage.executions import StateMachine
from client_lifecycle.storage.import_files import ImportFiles, ImportWorkflow
from client_lifecycle.storage.imports import read_import
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.imports import control
from client_lifecycle.use_cases.imports.finishing import finish_import
from client_lifecycle.use_cases.imports.parts import work_on_part
from client_lifecycle.use_cases.imports.reading import read_upload
from local.deploy import Deployed
from local.ministack import LocalAws
from local.samples.given import BY_STAFF, Given

CHECK = 1
"""The attempt that is the first check."""

WANTED = control.Wanted(kind=ImportKind.CLIENTS, format=ImportFormat.CSV, source="crm")


class NotStartedImports(ImportWorkflow, frozen=True):
    """A workflow that keeps files and starts nothing."""

    def start(self, run: Import) -> None:
        """Leave the import as it is, at rest."""


def imports_of(aws: LocalAws, deployed: Deployed) -> NotStartedImports:
    """Return the imports of a local AWS."""
    machine = StateMachine(aws.stepfunctions, deployed.import_state_machine_arn)
    return NotStartedImports(ImportFiles(aws.s3, deployed.import_bucket), machine)


def uploaded(tenant: Tenant, workflow: ImportWorkflow, given: Given) -> Given:
    """Upload a file of two clients."""
    run, form = control.request_import(tenant, workflow, WANTED, cause=BY_STAFF, at=given.at)
    rows = "".join(f"{one},Sample {place},{one.lower()}@example.org\n" for place, one in enumerate(given.client_ids))
    body = f"Client ID,Name,Email\n{rows}".replace("@", f".{run.import_id.lower()}@")
    workflow.files.s3.put_object(Bucket=workflow.files.bucket, Key=form.fields["key"], Body=body.encode())
    return replace(given, run_id=run.import_id)


def checking(tenant: Tenant, workflow: ImportWorkflow, given: Given) -> Given:
    """Begin a check whose workflow is not started."""
    given = uploaded(tenant, workflow, given)
    control.check(tenant, workflow, given.run_id, {}, cause=BY_STAFF, at=given.at)
    return given


def read(tenant: Tenant, workflow: ImportWorkflow, given: Given) -> Given:
    """Read what was uploaded."""
    given = checking(tenant, workflow, given)
    read_upload(tenant, workflow, given.run_id, CHECK, lambda kind: row_reader(kind, given.at))
    return given


def predicted(tenant: Tenant, workflow: ImportWorkflow, given: Given) -> Given:
    """Predict every row."""
    given = read(tenant, workflow, given)
    work_on_part(tenant, workflow, given.run_id, CHECK, 0, at=given.at, log_failure=lambda _row, _fault: None)
    return given


def checked(tenant: Tenant, workflow: ImportWorkflow, given: Given) -> Given:
    """End the check."""
    given = predicted(tenant, workflow, given)
    token = finish_import(tenant, workflow, given.run_id, CHECK, at=given.at).token
    return replace(given, token=token or given.token)


def not_reached(tenant: Tenant, workflow: ImportWorkflow, given: Given) -> Given:
    """End an import that has reached no row."""
    given = checked(tenant, workflow, given)
    control.confirm(tenant, workflow, given.run_id, given.token, overwrite=False, cause=BY_STAFF, at=given.at)
    finish_import(tenant, workflow, given.run_id, read_import(tenant, given.run_id).attempt, at=given.at)
    return given
