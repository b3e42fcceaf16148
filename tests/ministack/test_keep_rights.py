"""``keep-rights`` gives staff from before there were three roles the one that lets them do what they could do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.ministack import LocalAws
from operations.commands import staff
from operations.stack import Stack
from tests.ministack.operating import operate

BEFORE: dict[str, tuple[str, ...]] = {
    "archiver@example.org": ("client-archivers",),
    "front-desk@example.org": (),
    "accounts@example.org": ("accounting",),
    "reader@example.org": ("client-readers",),
    "manager@example.org": ("client-archivers", "practice-managers"),
}
GAINED = {
    "archiver@example.org": {"practice-managers"},
    "front-desk@example.org": {"client-readers"},
    "accounts@example.org": {"client-readers"},
}


class Pool:
    """A pool of its own for staff, on the local AWS."""

    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws
        self.id: str = aws.cognito.create_user_pool(PoolName="staff of before")["UserPool"]["Id"]
        for group in ("client-readers", "client-archivers", "practice-managers", "accounting"):
            aws.cognito.create_group(UserPoolId=self.id, GroupName=group)
        for user, groups in BEFORE.items():
            aws.cognito.admin_create_user(UserPoolId=self.id, Username=user)
            for group in groups:
                aws.cognito.admin_add_user_to_group(UserPoolId=self.id, Username=user, GroupName=group)

    def groups(self) -> dict[str, set[str]]:
        """Return the groups that each user is in."""
        listed = self._aws.cognito.admin_list_groups_for_user
        return {
            user: {one["GroupName"] for one in listed(UserPoolId=self.id, Username=user)["Groups"]} for user in BEFORE
        }


@pytest.fixture
def pool(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    pool = Pool(local_aws)
    monkeypatch.setattr(staff, "find_stack", lambda _: Stack("stack", {"StaffPoolId": pool.id}, {}, {}))
    yield pool
    local_aws.cognito.delete_user_pool(UserPoolId=pool.id)


def test_staff_keep_what_they_could_do_and_those_with_a_new_role_stay(local_aws: LocalAws, pool: Pool) -> None:
    assert "archiver@example.org is manager." in operate(local_aws, "keep-rights")
    after = {user: {*had} | GAINED.get(user, set()) for user, had in BEFORE.items()}
    assert pool.groups() == after
    assert operate(local_aws, "keep-rights") == ""
    assert pool.groups() == after


def test_a_dry_run_says_who_would_gain_what_and_changes_nothing(local_aws: LocalAws, pool: Pool) -> None:
    told = operate(local_aws, "keep-rights", "--dry-run")
    assert sorted(line.split(" would be ")[0] for line in told.splitlines()) == sorted(GAINED)
    assert pool.groups() == {user: {*had} for user, had in BEFORE.items()}
