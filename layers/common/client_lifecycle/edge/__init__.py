"""The outer ring: HTTP, identity, settings and logs. Imported by the functions' handlers alone."""
