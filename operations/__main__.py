"""``python -m operations``: the command line of those who operate a stack."""

from operations.command_line import main

if __name__ == "__main__":
    main()
