"""Makes members of staff in the template's Cognito user pool and signs them in."""

from __future__ import annotations

import secrets
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING

from client_lifecycle.edge import identity
from local.deploy import Deployed

if TYPE_CHECKING:
    from types_boto3_cognito_idp import CognitoIdentityProviderClient


class Role(Enum):
    """What a member of staff may do; each role includes those before it, and a guest has none."""

    GUEST = "guest"
    READER = "reader"
    ARCHIVER = "archiver"
    MANAGER = "manager"

    @property
    def group(self) -> str | None:
        """The user pool's group of those who have the role."""
        return None if self is Role.GUEST else identity.Role[self.name].value


def sign_in(
    cognito: CognitoIdentityProviderClient, deployed: Deployed, provider_id: str, *, role: Role = Role.MANAGER
) -> str:
    """Sign in the provider's member of staff with a role, made if need be, with a random password that nobody sees.

    Args:
        cognito: the service.
        deployed: names the user pool.
        provider_id: whose staff they are.
        role: what they may do.

    Returns:
        The ID token, which the API takes as ``Authorization`` header.
    """
    password = f"{secrets.token_urlsafe(24)}aA1!"
    email = give_password(cognito, deployed, provider_id, password, role=role)
    answer = cognito.admin_initiate_auth(
        UserPoolId=deployed.user_pool_id,
        ClientId=deployed.user_pool_client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )
    return answer["AuthenticationResult"]["IdToken"]


def give_password(
    cognito: CognitoIdentityProviderClient, deployed: Deployed, provider_id: str, password: str, *, role: Role
) -> str:
    """Give the provider's member of staff with a role a password, and make them if need be.

    Returns:
        The e-mail address they sign in with.
    """
    pool, email = deployed.user_pool_id, f"{role.value}@{provider_id}.example.org"
    attributes = {"email": email, "email_verified": "true", "custom:provider_id": provider_id}
    attributes["name"] = f"Sam {role.value.title()}"
    with suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            TemporaryPassword=password,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
    if role.group:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=role.group)
    return email
