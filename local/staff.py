"""Makes a member of staff in the template's Cognito user pool and signs them in."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from local.deploy import Deployed

if TYPE_CHECKING:
    from types_boto3_cognito_idp import CognitoIdentityProviderClient

ARCHIVERS = "client-archivers"


def sign_in(
    cognito: CognitoIdentityProviderClient,
    deployed: Deployed,
    provider_id: str,
    *,
    email: str = "sam.keeper@example.org",
    group: str | None = ARCHIVERS,
) -> str:
    """Make a member of staff with a random password that nobody sees, and sign them in.

    Args:
        cognito: the service.
        deployed: names the user pool.
        provider_id: whose staff they are.
        email: the name they sign in with.
        group: the group they are in, which decides what they may do.

    Returns:
        The ID token, which the API takes as ``Authorization`` header.
    """
    pool, password = deployed.user_pool_id, f"{secrets.token_urlsafe(24)}aA1!"
    attributes = {"email": email, "email_verified": "true", "custom:provider_id": provider_id}
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        TemporaryPassword=password,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
    if group:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=group)
    answer = cognito.initiate_auth(
        ClientId=deployed.user_pool_client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )
    return answer["AuthenticationResult"]["IdToken"]
