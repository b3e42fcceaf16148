"""Talks to the deployed REST API as any caller does: over HTTP, with a token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

TIMEOUT_SECONDS = 30.0


class ApiRefused(Exception):
    """The API answered with a problem document, or with something that is not JSON."""

    def __init__(self, method: str, path: str, status: int, document: Mapping[str, Any]) -> None:
        super().__init__(f"{method} {path} answered {status}: {document.get('detail') or dict(document)}")
        self.status = status
        self.document = document


class Api:
    """The API's calls, each answering with the JSON document or raising ``ApiRefused``.

    Args:
        base_url: the address of the API's stage.
        token: a Cognito ID token.
    """

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url = base_url
        self.token = token
        self._http = httpx.Client(
            base_url=base_url, headers={"Authorization": token}, timeout=TIMEOUT_SECONDS, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """Read a document."""
        return self._document(self._http.get(path, params=query))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a JSON document, an empty one by default."""
        return self._document(self._http.post(path, json=dict(body or {})))

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change what a JSON document says."""
        return self._document(self._http.patch(path, json=dict(body)))

    def pages(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """Read the clients of a list, page after page."""
        while True:
            page = self.get(path, **query)
            yield from page["clients"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def _document(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            document: dict[str, Any] = answer.json()
        except ValueError:
            document = {"detail": answer.text[:200]}
        if answer.is_error:
            raise ApiRefused(answer.request.method, answer.request.url.path, answer.status_code, document)
        return document
