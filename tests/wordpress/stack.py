"""The three servers of a staging WordPress."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tests.packages import program
from tests.processes import Service
from tests.wordpress.state import State


class Stack:
    """MariaDB, PHP-FPM and nginx of one state directory. Raises Unavailable without them."""

    def __init__(self, state: State) -> None:
        self._state = state
        as_root = ["-R"] if os.geteuid() == 0 else []
        self.mariadb = self._service(
            "mariadb", [program("mariadbd"), f"--defaults-file={state.conf}/mariadb.cnf"]
        )
        self.php = self._service(
            "php-fpm", [program("php-fpm8.2"), "-F", *as_root, "-y", f"{state.conf}/php-fpm.conf"]
        )
        self.nginx = self._service(
            "nginx",
            [
                program("nginx"),
                *("-e", f"{state.log}/nginx-error.log"),
                *("-c", f"{state.conf}/nginx.conf"),
            ],
        )
        # Started in this order, stopped in the opposite one.
        self._services = (self.mariadb, self.php, self.nginx)

    def _service(self, name: str, command: Sequence[str]) -> Service:
        return Service(name, command, records=self._state.run, logs=self._state.log)

    def running(self) -> bool:
        return all(service.pid() for service in self._services)

    def start_database(self) -> None:
        self.mariadb.start()
        self.mariadb.wait_until_listening(self._state.mysql_socket)

    def start_web(self, port: int) -> None:
        self.php.start()
        self.php.wait_until_listening(self._state.php_socket)
        self.nginx.start()
        self.nginx.wait_until_listening(port)

    def stop(self) -> None:
        for service in reversed(self._services):
            service.stop()
