"""Events as the services deliver them to a function, field by field.

Sources: the developer guides of API Gateway (proxy integration), EventBridge, its Scheduler, SQS and DynamoDB Streams.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from client_lifecycle.storage.attributes import Plain, to_item
from local.deploy import STACK
from local.samples.given import STAFF_ID, Given

Event = dict[str, Any]

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
API_ID = "a1b2c3d4e5"
STAGE = "v1"
HOST = f"{API_ID}.execute-api.{REGION}.amazonaws.com"
USER_AGENT = "curl/8.7.1"
CALLER_IP = "192.0.2.17"
REQUEST_ID = "3f6a1c52-0d0f-4f7c-8f0a-6a1b8a1d2c03"
POOL_ID = f"{REGION}_A1b2C3d4E"
POOL_CLIENT_ID = "4k3j2h1g5f6d7s8a9q0w1e2r3t"
EXPIRES = timedelta(hours=1)


def api_event(
    route: str,
    given: Given,
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    signed_in: bool = True,
) -> Event:
    """Return a request as a REST API with proxy integration delivers it.

    Args:
        route: method and path of the template, like ``GET /clients/{client_id}``.
        given: when, and whose staff the caller is.
        path: the parameters of the path.
        query: the parameters of the query.
        body: sent as JSON; text is sent as it is.
        headers: more headers.
        signed_in: whether an authorizer has let the caller in.
    """
    method, resource = route.split(" ", 1)
    address = re.sub(r"\{(\w+)\}", lambda match: (path or {})[match[1]], resource)
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    sent = _headers(given, has_body=text is not None) | dict(headers or {})
    return {
        "resource": resource,
        "path": address,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": dict(path) if path else None,
        "stageVariables": None,
        "requestContext": _request_context(method, resource, address, given, signed_in=signed_in),
        "body": text,
        "isBase64Encoded": False,
    }


def _headers(given: Given, *, has_body: bool) -> dict[str, str]:
    return {
        "Accept": "*/*",
        **({"Content-Type": "application/json"} if has_body else {}),
        "Host": HOST,
        "User-Agent": USER_AGENT,
        "X-Amzn-Trace-Id": f"Root=1-{int(given.at.timestamp()):08x}-0123456789abcdef01234567",
        "X-Forwarded-For": CALLER_IP,
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }


def _request_context(method: str, resource: str, address: str, given: Given, *, signed_in: bool) -> Event:
    return {
        "resourceId": "x7k2p9",
        **({"authorizer": {"claims": claims(given)}} if signed_in else {}),
        "resourcePath": resource,
        "httpMethod": method,
        "extendedRequestId": "JKJaXmPLvHcESHA=",
        "requestTime": f"{given.at:%d/%b/%Y:%H:%M:%S +0000}",
        "path": f"/{STAGE}{address}",
        "accountId": ACCOUNT_ID,
        "protocol": "HTTP/1.1",
        "stage": STAGE,
        "domainPrefix": API_ID,
        "requestTimeEpoch": int(given.at.timestamp() * 1000),
        "requestId": REQUEST_ID,
        "identity": _identity(),
        "domainName": HOST,
        "deploymentId": "d4f8k2",
        "apiId": API_ID,
    }


def _identity() -> Event:
    unknown = (
        "cognitoIdentityPoolId",
        "accountId",
        "cognitoIdentityId",
        "caller",
        "principalOrgId",
        "accessKey",
        "cognitoAuthenticationType",
        "cognitoAuthenticationProvider",
        "userArn",
        "user",
    )
    return {**dict.fromkeys(unknown), "sourceIp": CALLER_IP, "userAgent": USER_AGENT}


def claims(given: Given) -> dict[str, str]:
    """Return what Cognito's authorizer passes on of an ID token: everything as text."""
    return {
        "sub": STAFF_ID,
        "cognito:groups": "practice-managers",
        "email_verified": "true",
        "iss": f"https://cognito-idp.{REGION}.amazonaws.com/{POOL_ID}",
        "cognito:username": STAFF_ID,
        "custom:provider_id": given.provider_id,
        "aud": POOL_CLIENT_ID,
        "event_id": "b7f0c1de-51a4-4f0e-9c55-2f4f9a7d3e10",
        "token_use": "id",
        "auth_time": str(int(given.at.timestamp())),
        "exp": f"{given.at + EXPIRES:%a %b %d %H:%M:%S} UTC {given.at + EXPIRES:%Y}",
        "iat": f"{given.at:%a %b %d %H:%M:%S} UTC {given.at:%Y}",
        "email": "sam.keeper@example.org",
    }


def scheduler_event(schedule: str, at: datetime) -> Event:
    """Return what EventBridge Scheduler delivers when a schedule without an input of its own is due."""
    return {
        "version": "0",
        "id": "d8a4f2c6-7b3e-4a60-9a3f-5f1e0c9b7d21",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT_ID,
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "region": REGION,
        "resources": [f"arn:aws:scheduler:{REGION}:{ACCOUNT_ID}:schedule/default/{schedule}"],
        "detail": "{}",
    }


def bus_event(name: str, source: str, detail: Mapping[str, Any], at: datetime) -> Event:
    """Return what a rule on an EventBridge bus delivers."""
    return {
        "version": "0",
        "id": "6f1c2a8e-4b0d-4a57-9a51-0c1de7a0b0aa",
        "detail-type": name,
        "source": source,
        "account": ACCOUNT_ID,
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "region": REGION,
        "resources": [],
        "detail": dict(detail),
    }


def queue_event(messages: Sequence[Mapping[str, Any]], at: datetime) -> Event:
    """Return what the reader of an SQS queue delivers of messages that EventBridge put there."""
    return {"Records": [_message(number, body, at) for number, body in enumerate(messages, 1)]}


def _message(number: int, body: Mapping[str, Any], at: datetime) -> Event:
    text, sent = json.dumps(body), str(int(at.timestamp() * 1_000))
    return {
        "messageId": f"059f36b4-87a3-44ab-83d2-{number:012}",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": text,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": sent,
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": sent,
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{STACK}-records",
        "awsRegion": REGION,
    }


def stream_event(inserted: Sequence[Plain], at: datetime) -> Event:
    """Return what the table's stream delivers of new items."""
    return {"Records": [_insert(number, plain, at) for number, plain in enumerate(inserted, 1)]}


def _insert(number: int, plain: Plain, at: datetime) -> Event:
    image = to_item(plain)
    return {
        "eventID": f"{number:032x}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": {
            "ApproximateCreationDateTime": int(at.timestamp()),
            "Keys": {name: image[name] for name in ("pk", "sk")},
            "NewImage": image,
            "SequenceNumber": f"{number:021d}",
            "SizeBytes": len(json.dumps(image)),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{STACK}-Table/stream/2026-03-01T00:00:00.000",
    }
