"""Lists, reads, adds and changes clients over HTTP, and tells what is allowed with them."""
