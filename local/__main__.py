"""``python -m local``: the command line."""

from local.command_line import main

if __name__ == "__main__":
    main()
