"""Serves the console on this machine: its files, with the headers that template.yaml gives them, and the API beside.

It stands in for CloudFront, which the local AWS has, but without a way to the API. Sign-in pages and tokens are the
local AWS' own.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from publish_console.handler import ALWAYS_ASK, CONFIGURATION, CONTENT_TYPES, SITE, as_shipped

from local.deploy import Deployed
from local.ministack import HOST, LocalAws
from local.template import read_template

DEFAULT_PORT = 4580
TOKENS = "/oauth2/token"
SIGN_IN = ("/oauth2/", "/login", "/logout")
TIMEOUT_SECONDS = 60.0
UPDATABLE = frozenset(
    {
        "UserPoolId",
        "ClientId",
        "ClientName",
        "ExplicitAuthFlows",
        "AllowedOAuthFlows",
        "AllowedOAuthScopes",
        "AllowedOAuthFlowsUserPoolClient",
        "SupportedIdentityProviders",
        "ReadAttributes",
        "WriteAttributes",
    }
)
PASSED_ON = frozenset({"authorization", "content-type", "idempotency-key", "if-match", "cookie", "accept-language"})
PASSED_BACK = frozenset(
    {"content-type", "location", "set-cookie", "retry-after", "etag", "x-amzn-requestid", "cache-control"}
)


@contextmanager
def console(aws: LocalAws, deployed: Deployed, *, port: int = 0) -> Iterator[str]:
    """Serve the console until the block ends.

    Args:
        aws: the local AWS.
        deployed: what the template has become there.
        port: the port to listen on; by default, and if it is taken, any free one.

    Yields:
        Its address.
    """
    with _listening(port) as server:
        address = f"http://{HOST}:{server.server_port}/"
        _let_back(aws, deployed, address)
        server.console = _Console(aws, deployed)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        try:
            yield address
        finally:
            server.shutdown()
            server.console.close()


def _listening(port: int) -> _Server:
    try:
        return _Server((HOST, port), _Request)
    except OSError:
        return _Server((HOST, 0), _Request)


def _let_back(aws: LocalAws, deployed: Deployed, address: str) -> None:
    """Let the sign-in pages send people back to an address of this machine."""
    names = {"UserPoolId": deployed.user_pool_id, "ClientId": deployed.console_client_id}
    client = aws.cognito.describe_user_pool_client(**names)["UserPoolClient"]
    kept = {name: value for name, value in client.items() if value and name in UPDATABLE}
    aws.cognito.update_user_pool_client(**{**kept, "CallbackURLs": [address], "LogoutURLs": [address]})  # type: ignore[arg-type]


def headers(endpoint: str) -> dict[str, str]:
    """Return the headers that template.yaml has CloudFront send with each file.

    The sign-in pages are this origin's; the bucket that imports are uploaded to is the local AWS'.
    """
    policy = read_template()["Resources"]["ConsoleHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = policy["SecurityHeadersConfig"]
    content = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    custom = {item["Header"]: item["Value"] for item in policy["CustomHeadersConfig"]["Items"]}
    return {
        "Content-Security-Policy": re.sub(r"https://\$\{SignInPage\}[^;]*", endpoint, content),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        **custom,
    }


class _Console:
    """What one console serves."""

    def __init__(self, aws: LocalAws, deployed: Deployed) -> None:
        self.headers = headers(aws.endpoint)
        self.stage = f"/{urlsplit(deployed.api_url).path.rsplit('/', 1)[1]}"
        self.configuration = {"api": self.stage, "sign_in_url": "", "client_id": deployed.console_client_id}
        self._api = deployed.api_url
        self._endpoint = aws.endpoint
        self._cognito = aws.cognito
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)

    def close(self) -> None:
        """Let go of the connections to the API."""
        self._http.close()

    def elsewhere(self, path: str) -> str | None:
        """Return where a request is passed on to, or nothing if it asks for a file."""
        if path.startswith(f"{self.stage}/"):
            return f"{self._api}{path.removeprefix(self.stage)}"
        return f"{self._endpoint}{path}" if path.startswith(SIGN_IN) else None

    def ask(self, method: str, url: str, sent: Mapping[str, str], body: bytes) -> httpx.Response:
        """Pass a request on; the local AWS' own page for tokens forgets the roles of those who come back."""
        fields = dict(parse_qsl(body.decode())) if url.endswith(TOKENS) else {}
        if fields.get("grant_type") == "refresh_token":
            return self._refresh(fields.get("refresh_token", ""))
        return self._http.request(method, url, headers=dict(sent), content=body)

    def _refresh(self, refresh_token: str) -> httpx.Response:
        try:
            answer = self._cognito.initiate_auth(
                ClientId=self.configuration["client_id"],
                AuthFlow="REFRESH_TOKEN_AUTH",
                AuthParameters={"REFRESH_TOKEN": refresh_token},
            )
        except self._cognito.exceptions.NotAuthorizedException:
            return httpx.Response(HTTPStatus.BAD_REQUEST, json={"error": "invalid_grant"})
        tokens = answer["AuthenticationResult"]
        return httpx.Response(HTTPStatus.OK, json={"id_token": tokens["IdToken"], "expires_in": tokens["ExpiresIn"]})

    def file(self, path: str) -> tuple[bytes, str] | None:
        """Return a file's content and type."""
        name = path.lstrip("/") or "index.html"
        if name == CONFIGURATION:
            return json.dumps(self.configuration).encode(), CONTENT_TYPES[".json"]
        file = (SITE / name).resolve()
        if not (file.is_relative_to(SITE) and file.is_file()):
            return None
        return as_shipped(file), CONTENT_TYPES[Path(name).suffix]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    console: _Console

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that no longer waits for its answer."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Request(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    """An answer is two writes; the second would wait 40 ms for the browser's word that it has the first."""

    def _serve(self) -> None:
        path = urlsplit(self.path).path
        if self.server.console.elsewhere(path):
            self._pass_on()
        elif (found := self.server.console.file(path)) is None:
            self._answer(HTTPStatus.NOT_FOUND, {}, b"")
        else:
            content, kind = found
            self._answer(
                HTTPStatus.OK,
                {"Content-Type": kind, "Cache-Control": ALWAYS_ASK, **self.server.console.headers},
                content,
            )

    def _pass_on(self) -> None:
        sent = {name: value for name, value in self.headers.items() if name.lower() in PASSED_ON}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.server.console.ask(self.command, str(self.server.console.elsewhere(self.path)), sent, body)
        self._answer(
            answer.status_code,
            {name: value for name, value in answer.headers.items() if name in PASSED_BACK},
            answer.content,
        )

    def _answer(self, status: int, sent: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - named by the library

    def log_message(self, *_arguments: object) -> None:
        """Write nothing: the API logs its own calls."""
