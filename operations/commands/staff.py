"""``add-staff`` invites a member of staff, and ``sign-in`` gets a token for one."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import typer

from local.screen import Screen
from operations.options import provider_id
from operations.stack import OperationFailed, Stack, find_stack

ARCHIVERS = "client-archivers"

Email = Annotated[str, typer.Argument(help="The e-mail address, which is also the user's name.")]


def add_staff(
    context: typer.Context,
    email: Email,
    provider: Annotated[
        str,
        typer.Option(callback=provider_id, help="The id of the provider whose staff it is; it cannot be changed."),
    ],
    archiver: Annotated[bool, typer.Option("--archiver", help="May archive and activate; others only read.")] = False,
) -> None:
    """Invite a member of staff; Cognito mails a password that is good for one sign-in."""
    stack = find_stack(context.obj)
    add_user(stack, email, provider, archiver=archiver, invite=True)
    Screen().say(f"{email} is invited, and {'may archive' if archiver else 'may read'} for {provider}.")


def add_user(stack: Stack, email: str, provider: str, *, archiver: bool, invite: bool) -> None:
    """Make a user of the staff pool.

    Args:
        stack: whose pool.
        email: the user's name and address.
        provider: the provider's id.
        archiver: whether the user may change anything.
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
    if archiver:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=ARCHIVERS)


def made_up_password() -> str:
    """Make up a password that the pool's policy takes."""
    return f"{secrets.token_urlsafe(24)}aA1!"


def sign_in(context: typer.Context, email: Email) -> None:
    """Print a token for an hour; the first time, the password that was mailed is asked for, and a new one."""
    stack = find_stack(context.obj)
    answer = authenticate(stack, email, typer.prompt("Password", hide_input=True, err=True))
    if answer.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
        chosen = typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
        answer = stack.client("cognito-idp").respond_to_auth_challenge(
            ClientId=stack.outputs["StaffPoolClientId"],
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=answer["Session"],
            ChallengeResponses={"USERNAME": email, "NEW_PASSWORD": chosen},
        )
    typer.echo(answer["AuthenticationResult"]["IdToken"])


def authenticate(stack: Stack, email: str, password: str) -> dict[str, Any]:
    """Sign in with a password, and return Cognito's answer: tokens, or what else it asks for."""
    answer: dict[str, Any] = stack.client("cognito-idp").initiate_auth(
        ClientId=stack.outputs["StaffPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )
    return answer
