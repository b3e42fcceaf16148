"""How Sphinx makes the documents of this folder a site: ``make docs``."""

project = "Client archive"
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
html_theme = "furo"
html_title = "Client archive"
exclude_patterns = ["schemas", "signing"]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
suppress_warnings = ["toc.not_included"]
