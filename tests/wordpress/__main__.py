"""A staging WordPress by hand: python -m tests.wordpress up | down | reset | wp ..."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tests.packages import THEMES, Unavailable, program
from tests.processes import ServerError
from tests.wordpress.building import ADMIN_PASSWORD, ADMIN_USER, HERE, php_environment
from tests.wordpress.harness import WordPress
from tests.wordpress.options import PERMALINKS, TEST_DATA_VARIABLE, Options, theme_test_data
from tests.wordpress.state import DEFAULT_STATE


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m tests.wordpress", description="A throw-away WordPress on 127.0.0.1."
    )
    top.add_argument(
        "--state",
        type=Path,
        default=DEFAULT_STATE,
        metavar="DIR",
        help="state directory (default: %(default)s)",
    )
    commands = top.add_subparsers(dest="command", required=True)
    add_up(commands.add_parser("up", help="build it if needed, and start it"))
    down = commands.add_parser("down", help="stop it")
    down.add_argument("--delete", action="store_true", help="delete the state directory too")
    commands.add_parser("reset", help="put the content back to what `up` built")
    wp = commands.add_parser("wp", help="change or inspect the content; `wp help` says how")
    wp.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    return top


def add_up(up: argparse.ArgumentParser) -> None:
    option = up.add_argument
    option("--port", type=int, help="on 127.0.0.1 (default: a free one)")
    option("--site-url", metavar="URL", help="the URL that WordPress believes it has")
    option(
        "--permalinks",
        default="pretty",
        metavar="KIND",
        help=f"{', '.join(PERMALINKS)}, or a structure such as /%%postname%%/ (default: pretty)",
    )
    option("--theme", choices=THEMES, default=THEMES[0], help="(default: %(default)s)")
    option("--locale", default="en_US", help="en_US, ja... (default: %(default)s)")
    option("--posts", type=int, default=60, metavar="N", help="generated posts (default: 60)")
    option(
        "--test-data",
        type=Path,
        metavar="FILE",
        help=f"WordPress's theme test data, a WXR file (default: ${TEST_DATA_VARIABLE})",
    )
    option("--basic-auth", metavar="USER:PASSWORD", help="for the whole site")
    option("--workers", type=int, default=4, help="PHP processes (default: %(default)s)")


def up(wordpress: WordPress, arguments: argparse.Namespace) -> None:
    names = ("port", "site_url", "permalinks", "theme", "locale", "posts", "basic_auth", "workers")
    chosen = {name: getattr(arguments, name) for name in names}
    started = time.monotonic()
    wordpress.start(Options(**chosen, test_data=arguments.test_data or theme_test_data()))
    print(f"WordPress is up ({time.monotonic() - started:.1f} s)")
    print(f"  URL         {wordpress.url}/")
    if wordpress.address not in wordpress.url:
        print(f"  listens on  {wordpress.address} (send the Host header of the URL)")
    print(f"  admin       {ADMIN_USER} / {ADMIN_PASSWORD}")
    if wordpress.basic_auth:
        print(f"  basic auth  {wordpress.basic_auth}")
    print(f"  state       {wordpress.state.root}")


def wp(wordpress: WordPress, words: list[str]) -> int:
    """Hand our standard input and output to the command; its exit status."""
    built = wordpress.state.built()
    helping = not words or words[0] in ("help", "--help", "-h")
    if not built and not helping:
        raise ServerError(f"there is no WordPress in {wordpress.state.root}: run `up` first")
    environment = php_environment(wordpress.state, built.site) if built else None
    command = [program("php"), str(HERE / "php/wp.php"), *words]
    return subprocess.run(command, env=environment, check=False).returncode


def main() -> int:
    arguments = parser().parse_args()
    try:
        wordpress = WordPress(arguments.state)
        if arguments.command == "up":
            up(wordpress, arguments)
        elif arguments.command == "down":
            wordpress.stop(delete=arguments.delete)
        elif arguments.command == "reset":
            wordpress.reset()
        else:
            return wp(wordpress, arguments.words)
    except (ServerError, Unavailable, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
