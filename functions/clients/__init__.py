"""Lists, reads, adds and changes clients over HTTP, and tells what is allowed with them."""

from client_lifecycle.edge.startup import collect_rarely

collect_rarely()
