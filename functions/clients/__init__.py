"""Lists and reads clients over HTTP."""
