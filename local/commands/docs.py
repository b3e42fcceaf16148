"""``docs`` shows the API's description in a browser, without a network."""

from __future__ import annotations

import webbrowser
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from local.openapi import TARGET

SWAGGER_UI = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Client archive: the API</title>
<style>{style}</style>
</head>
<body>
<div id="api"></div>
<script>{script}</script>
<script>
SwaggerUIBundle({{
  dom_id: "#api", spec: {description}, deepLinking: true, filter: true, supportedSubmitMethods: [], validatorUrl: null
}});
</script>
</body>
</html>
"""


def docs(
    context: typer.Context,
    browser: Annotated[bool, typer.Option(help="Open a browser, or only write the page.")] = True,
) -> None:
    """Show every route, body and answer in a browser; nothing needs to run, and no network is needed."""
    folder: Path = context.obj
    page = folder / "api.html"
    folder.mkdir(parents=True, exist_ok=True)
    page.write_text(_page(), encoding="utf-8")
    typer.echo(page)
    if browser:
        webbrowser.open(page.resolve().as_uri())


def _page() -> str:
    """Return one file with everything in it: the description and the Swagger UI that Powertools brings."""
    parts = files(SWAGGER_UI)
    return PAGE.format(
        style=(parts / "swagger-ui.min.css").read_text(encoding="utf-8"),
        script=(parts / "swagger-ui-bundle.min.js").read_text(encoding="utf-8"),
        description=TARGET.read_text(encoding="utf-8").replace("</", "<\\/"),
    )
