"""`python -m chainrule` is the command `chainrule`, where that is not on the path."""

from chainrule.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
