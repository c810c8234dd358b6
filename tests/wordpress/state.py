"""The state directory of a staging WordPress, and what is recorded in it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.processes import ServerError
from tests.wordpress.options import ServerOptions, SiteOptions

DEFAULT_STATE = Path(tempfile.gettempdir()) / "publisher-wordpress"

# sockaddr_un holds 107 bytes.
SOCKET_PATH_BYTES_MAX = 107


@dataclass(frozen=True)
class Built:
    """A WordPress that was built, and how it is served."""

    site: SiteOptions
    server: ServerOptions


class State:
    """The state directory:

    www/        the document root (a copy of Debian's WordPress)
    mysql/      the data directory of MariaDB
    snapshot/   what `reset` goes back to (database and uploads)
    conf/ run/ log/ tmp/
    site.json   what was built

    Nothing is written outside it. Raises ServerError for a path that servers can't use.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.www = self.root / "www"
        self.mysql = self.root / "mysql"
        self.snapshot = self.root / "snapshot"
        self.conf = self.root / "conf"
        self.run = self.root / "run"
        self.log = self.root / "log"
        self.tmp = self.root / "tmp"
        self.record = self.root / "site.json"
        self.mysql_socket = self.run / "mysql.sock"
        self.php_socket = self.run / "php.sock"
        if any(character.isspace() or character in "\"';{}" for character in str(self.root)):
            raise ServerError(f"state directory with white space or quotes: {self.root}")
        if len(bytes(self.mysql_socket)) > SOCKET_PATH_BYTES_MAX:
            raise ServerError(f"state directory with a path too long for sockets: {self.root}")

    def create(self) -> None:
        for folder in (self.conf, self.run, self.log, self.tmp):
            folder.mkdir(parents=True, exist_ok=True)

    def built(self) -> Built | None:
        """What `save` recorded, None if nothing was built."""
        try:
            record = json.loads(self.record.read_text())
        except FileNotFoundError:
            return None
        return Built(SiteOptions(**record["site"]), ServerOptions(**record["server"]))

    def save(self, built: Built) -> None:
        text = json.dumps(asdict(built), indent=2, ensure_ascii=False)
        self.record.write_text(f"{text}\n")

    def docroot(self, site: SiteOptions) -> Path:
        """The folder of WordPress itself: below www/ if the URL has a path."""
        return self.www / urlsplit(site.url).path.strip("/")

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep two commands from working on one state directory at once."""
        lock_file = self.root / ".wordpress-state"
        # Private: the database in it has no password.
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not lock_file.exists() and any(self.root.iterdir()):
            raise ServerError(f"not a state directory, and not empty: {self.root}")
        with lock_file.open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def delete(self) -> None:
        shutil.rmtree(self.root)
