"""Start, change, reset and stop a throw-away WordPress on 127.0.0.1.

Debian 12's WordPress, MariaDB, PHP-FPM and nginx, as processes of the user who
calls, below one state directory; no system service, no configuration of the
machine is touched. Missing packages are installed if the user is root.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests import packages
from tests.guard import Guard
from tests.processes import ServerError, accepts_connections, reserved_ports
from tests.wordpress.building import (
    HERE,
    build,
    php_environment,
    restore_snapshot,
    save_snapshot,
)
from tests.wordpress.configuration import write_configuration
from tests.wordpress.options import Options
from tests.wordpress.stack import Stack
from tests.wordpress.state import Built, State


def say_on_stderr(message: str) -> None:
    print(f"{message} ...", file=sys.stderr, flush=True)


class WordPress:
    """One staging WordPress.

    In a `with` block it lives as long as the block, or the process around it;
    otherwise until `stop`, which another process may call.
    """

    def __init__(
        self, state: Path | None = None, say: Callable[[str], None] = say_on_stderr
    ) -> None:
        """state: the state directory; default: a new temporary one, deleted by `stop`.
        say: is told what takes long, before it is done.
        """
        self._temporary = state is None
        self.state = State(state or Path(tempfile.mkdtemp(prefix="publisher-wordpress-")))
        self._say = say
        self._running: Stack | None = None
        self._guard: Guard | None = None

    def __enter__(self) -> Self:
        self._guard = Guard(self.state.run, self.state.root if self._temporary else None)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._guard:
            self._guard.release()

    def start(self, options: Options | None = None) -> Self:
        """Build the site, if it is not there with these options, and serve it.

        Raises Unavailable where there can be no WordPress, ServerError when it fails.
        """
        options = options or Options()
        if options.test_data and not options.test_data.is_file():
            raise ServerError(f"there is no theme test data in {options.test_data}")
        packages.ensure(packages.WORDPRESS, self._say)
        with self.state.lock(), self._port(options) as port:
            self._start(Built(options.site(port), options.server(port)))
        return self

    def _start(self, wanted: Built) -> None:
        state, stack = self.state, self._stack()
        state.create()
        recorded = state.built()
        is_built = recorded is not None and recorded.site == wanted.site
        if recorded != wanted:
            stack.stop()
        if not stack.nginx.pid() and accepts_connections(wanted.server.port):
            raise ServerError(f"port {wanted.server.port} is in use")
        write_configuration(state, wanted.site, wanted.server)
        if not is_built:
            self._say(f"building WordPress in {state.root}")
            build(state, stack, wanted.site)
            save_snapshot(state, stack, wanted.site)
        # Not before: a build that was interrupted is done again.
        state.save(wanted)
        stack.start_database()
        stack.start_web(wanted.server.port)
        self._check_home_page()

    def reset(self) -> None:
        """Put content, settings and uploads back to what `start` built.

        The database restarts: no requests meanwhile.
        """
        site = self._built.site
        with self.state.lock():
            stack = self._stack()
            if not stack.running():
                raise ServerError(f"the WordPress in {self.state.root} is not running")
            restore_snapshot(self.state, stack, site)

    def stop(self, *, delete: bool = False) -> None:
        """Stop the servers, if they run; delete the state directory if asked or temporary."""
        if not self.state.root.exists():
            return
        with self.state.lock():
            if self.state.run.exists():
                self._stack().stop()
            if delete or self._temporary:
                self.state.delete()

    def wp(self, *words: str | int, stdin: object = None) -> Any:
        """Change or inspect the site: `wp("post", "trash", 1632)`.

        words: a command (README.md lists them); stdin: what one that reads an object,
        or a list of them, is given. Returns what it answers, parsed from JSON.
        Raises ServerError with its message when it fails.
        """
        php = [packages.program("php"), str(HERE / "php/wp.php"), *map(str, words)]
        done = subprocess.run(
            php,
            input="" if stdin is None else json.dumps(stdin),
            capture_output=True,
            text=True,
            env=php_environment(self.state, self._built.site),
            check=False,
        )
        if done.returncode:
            raise ServerError(f"wp {' '.join(map(str, words))}: {done.stderr or done.stdout}")
        return json.loads(done.stdout)

    @property
    def url(self) -> str:
        """The URL of the site, without a slash at its end."""
        return self._built.site.url

    @property
    def address(self) -> str:
        """Where nginx listens, host:port: another one than in `url` if that was given."""
        return f"127.0.0.1:{self._built.server.port}"

    @property
    def basic_auth(self) -> str | None:
        """user:password, None if the site is open."""
        return self._built.server.basic_auth

    @property
    def docroot(self) -> Path:
        """The folder of WordPress, with wp-content/."""
        return self.state.docroot(self._built.site)

    @property
    def access_log(self) -> Path:
        """What was requested."""
        return self.state.log / "access.log"

    @property
    def _built(self) -> Built:
        built = self.state.built()
        if not built:
            raise ServerError(f"there is no WordPress in {self.state.root}: start one first")
        return built

    def _stack(self) -> Stack:
        """Always the same one: it has to wait for the processes that it started."""
        self._running = self._running or Stack(self.state)
        return self._running

    @contextlib.contextmanager
    def _port(self, options: Options) -> Iterator[int]:
        """The port to serve on. A free one is held inside the block: building takes a while."""
        recorded = self.state.built()
        if options.port:
            yield options.port
        elif recorded:
            yield recorded.server.port
        else:
            with reserved_ports(1) as [port]:
                yield port

    def _check_home_page(self) -> None:
        parts = urlsplit(self.url)
        headers = {"Host": parts.netloc}
        if self.basic_auth:
            token = base64.b64encode(self.basic_auth.encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        connection = http.client.HTTPConnection(self.address, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", f"{parts.path}/", headers=headers)
            response = connection.getresponse()
            body = response.read().decode(errors="replace")
        if response.status != 200 or "</html>" not in body:
            raise ServerError(f"the home page answers {response.status}:\n{body[:2000]}")
