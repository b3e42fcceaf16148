"""Members of staff: ``add-staff`` invites one, ``sign-in`` gets a token, ``remove-staff``, ``keep-rights``."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer

from client_lifecycle.edge import identity
from local.screen import Screen
from operations.options import provider_id
from operations.stack import OperationFailed, Stack, find_stack


class Role(StrEnum):
    """What a member of staff may do; each role includes those before it."""

    READER = "reader"
    ARCHIVER = "archiver"
    MANAGER = "manager"

    @property
    def group(self) -> str:
        """The user pool's group of those who have the role."""
        return identity.Role[self.name].value


Email = Annotated[str, typer.Argument(help="The e-mail address, which is also the user's name.")]


def add_staff(
    context: typer.Context,
    email: Email,
    provider: Annotated[
        str,
        typer.Option(callback=provider_id, help="The id of the provider whose staff it is; it cannot be changed."),
    ],
    role: Annotated[Role, typer.Option(help="Readers look, archivers archive, managers decide.")] = Role.READER,
    name: Annotated[str | None, typer.Option(help="What colleagues see them called; else the address.")] = None,
) -> None:
    """Invite a member of staff; Cognito mails a password that is good for one sign-in."""
    stack = find_stack(context.obj)
    add_user(stack, email, provider, role=role, invite=True)
    if name:
        call = {"UserPoolId": stack.outputs["StaffPoolId"], "Username": email}
        stack.client("cognito-idp").admin_update_user_attributes(
            **call, UserAttributes=[{"Name": "name", "Value": name}]
        )
    Screen().say(f"{email} is invited, and is {role.value} of {provider}.")


def add_user(stack: Stack, email: str, provider: str, *, role: Role, invite: bool) -> None:
    """Make a user of the staff pool.

    Args:
        stack: whose pool.
        email: the user's name and address.
        provider: the provider's id.
        role: what the user may do.
        invite: whether Cognito mails a first password.

    Raises:
        OperationFailed: there is such a user.
    """
    cognito, pool = stack.client("cognito-idp"), stack.outputs["StaffPoolId"]
    attributes = {"email": email, "email_verified": "true", "custom:provider_id": provider}
    silent = {} if invite else {"MessageAction": "SUPPRESS"}
    try:
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            TemporaryPassword=made_up_password(),
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            **silent,
        )
    except cognito.exceptions.UsernameExistsException:
        raise OperationFailed(f"There is a user {email}.") from None
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=role.group)


def made_up_password() -> str:
    """Make up a password that the pool's policy takes."""
    return f"{secrets.token_urlsafe(24)}aA1!"


def sign_in(context: typer.Context, email: Email) -> None:
    """Print a token; the first time, a new password is asked for, and a code of an authenticator app is set up."""
    password = typer.prompt("Password", hide_input=True, err=True)
    typer.echo(authenticate(find_stack(context.obj), email, password, _chosen_password, _code_of_the_app))


def _chosen_password() -> str:
    chosen: str = typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    return chosen


def _code_of_the_app(secret: str | None) -> str:
    if secret:
        typer.echo(f"Add an account with this key to your authenticator app: {secret}", err=True)
    code: str = typer.prompt("Code of the app", err=True)
    return code


def authenticate(
    stack: Stack,
    email: str,
    password: str,
    new_password: Callable[[], str],
    code: Callable[[str | None], str],
) -> str:
    """Sign a member of staff in, with the rights of an operator, and return the ID token.

    Args:
        stack: whose pool.
        email: the user's name.
        password: the user's.
        new_password: gives the password that the user will have, if the one of the invitation is still in force.
        code: gives the code of the moment, of the app's secret if it is being set up.
    """
    cognito = stack.client("cognito-idp")
    client = {"UserPoolId": stack.outputs["StaffPoolId"], "ClientId": stack.outputs["StaffPoolClientId"]}
    answer = cognito.admin_initiate_auth(
        **client, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters={"USERNAME": email, "PASSWORD": password}
    )
    while challenge := answer.get("ChallengeName"):
        session, said = answer["Session"], {"USERNAME": email}
        if challenge == "NEW_PASSWORD_REQUIRED":
            said["NEW_PASSWORD"] = new_password()
        elif challenge == "SOFTWARE_TOKEN_MFA":
            said["SOFTWARE_TOKEN_MFA_CODE"] = code(None)
        elif challenge == "MFA_SETUP":
            session = _set_up_app(cognito, session, code)
        else:
            raise OperationFailed(f"Cognito asks for {challenge}, which only its sign-in page can answer.")
        answer = cognito.admin_respond_to_auth_challenge(
            **client, ChallengeName=challenge, Session=session, ChallengeResponses=said
        )
    token: str = answer["AuthenticationResult"]["IdToken"]
    return token


def _set_up_app(cognito: Any, session: str, code: Callable[[str | None], str]) -> str:
    """Let Cognito and an authenticator app share a secret, and return the session to continue with."""
    begun = cognito.associate_software_token(Session=session)
    verified = cognito.verify_software_token(Session=begun["Session"], UserCode=code(begun["SecretCode"]))
    continued: str = verified["Session"]
    return continued


def remove_staff(context: typer.Context, email: Email) -> None:
    """Disable a member of staff who has left; the token they have is good for TokenMinutes more, and no other."""
    stack = find_stack(context.obj)
    cognito, user = stack.client("cognito-idp"), {"UserPoolId": stack.outputs["StaffPoolId"], "Username": email}
    try:
        cognito.admin_disable_user(**user)
    except cognito.exceptions.UserNotFoundException:
        raise OperationFailed(f"There is no user {email}.") from None
    cognito.admin_user_global_sign_out(**user)
    Screen().say(f"{email} is signed out and can sign in no more.")


def keep_rights(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say only who would get which role.")] = False,
) -> None:
    """Give staff from before there were three roles the one that lets them do what they could do."""
    stack = find_stack(context.obj)
    cognito, pool, screen = stack.client("cognito-idp"), stack.outputs["StaffPoolId"], Screen()
    for user, groups in _users(cognito, pool):
        role = role_before(groups)
        if role and not dry_run:
            cognito.admin_add_user_to_group(UserPoolId=pool, Username=user, GroupName=role.group)
        if role:
            screen.say(f"{user} {'would be' if dry_run else 'is'} {role.value}.")


def role_before(groups: frozenset[str]) -> Role | None:
    """Return the role of who had these groups when archivers did everything and all others read; none if one is set."""
    if groups & {Role.READER.group, Role.MANAGER.group}:
        return None
    return Role.MANAGER if Role.ARCHIVER.group in groups else Role.READER


def _users(cognito: Any, pool: str) -> Iterator[tuple[str, frozenset[str]]]:
    for page in cognito.get_paginator("list_users").paginate(UserPoolId=pool):
        for user in page["Users"]:
            name = user["Username"]
            found = cognito.admin_list_groups_for_user(UserPoolId=pool, Username=name)["Groups"]
            yield name, frozenset(group["GroupName"] for group in found)
