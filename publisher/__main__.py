"""`python -m publisher`, and the command `publisher`.

Worker processes import the module that their parent began with: it must not cost them anything.
"""

from __future__ import annotations

from typing import NoReturn


def main() -> NoReturn:
    """The program's entry point."""
    from publisher import cli

    cli.main()


if __name__ == "__main__":
    main()
