"""The commands of ``python -m local``, a module each; ``local.command_line`` puts them together."""
