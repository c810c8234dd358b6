"""Make WordPress and its content from nothing; keep a snapshot of it to go back to."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tests.packages import program
from tests.processes import run
from tests.wordpress.configuration import wp_config
from tests.wordpress.options import SiteOptions
from tests.wordpress.stack import Stack
from tests.wordpress.state import State

HERE = Path(__file__).resolve().parent
WORDPRESS_SOURCE = Path("/usr/share/wordpress")  # of Debian's package

TITLE = "ステージング日報 Staging Times"
ADMIN_USER = "admin"
ADMIN_PASSWORD = "staging-admin"


def build(state: State, stack: Stack, site: SiteOptions) -> None:
    """Build the site anew in the state directory; the database runs afterwards."""
    for folder in (state.www, state.mysql, state.snapshot):
        shutil.rmtree(folder, ignore_errors=True)
    state.record.unlink(missing_ok=True)
    with ThreadPoolExecutor() as pool:
        database = pool.submit(install_database, state)
        copy_wordpress(state, site)
        database.result()
    stack.start_database()
    sql = "CREATE DATABASE wordpress CHARACTER SET utf8mb4"
    socket = f"--socket={state.mysql_socket}"
    run([program("mariadb"), "--no-defaults", "--user=root", socket, "-e", sql])
    administrator = {"user": ADMIN_USER, "password": ADMIN_PASSWORD}
    run_php(state, site, "install.php", {"title": TITLE, **administrator, **asdict(site)})
    run_php(state, site, "content.php", {"test_data": site.test_data, "posts": site.posts})


def copy_wordpress(state: State, site: SiteOptions) -> None:
    """Copy Debian's WordPress, with the files it links to, and our own parts."""
    root = state.docroot(site)
    languages = WORDPRESS_SOURCE / "wp-content/languages"

    def skip(folder: str, names: list[str]) -> list[str]:
        if Path(folder) == languages:
            return [name for name in names if not name.endswith(f"{site.locale}.mo")]
        return [name for name in names if name in ("wp-config.php", ".htaccess")]

    shutil.copytree(WORDPRESS_SOURCE, root, ignore=skip)
    shutil.copytree(HERE / "mu-plugins", root / "wp-content/mu-plugins")
    uploads(state, site).mkdir()
    (root / "wp-config.php").write_text(wp_config(state))


def install_database(state: State) -> None:
    """Make the data directory of MariaDB."""
    command = [
        program("mariadb-install-db"),
        f"--defaults-file={state.conf}/mariadb.cnf",
        f"--datadir={state.mysql}",
        "--skip-test-db",
        "--force",  # also where the host name does not resolve
        "--auth-root-authentication-method=normal",
    ]
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    run([*command, *as_root])


def run_php(state: State, site: SiteOptions, script: str, arguments: Mapping[str, object]) -> None:
    """Run one of our scripts, which reads its arguments as JSON."""
    command = [program("php"), "-d", "memory_limit=1G", str(HERE / "php" / script)]
    run(command, text=json.dumps(arguments), environment=php_environment(state, site))


def php_environment(state: State, site: SiteOptions) -> dict[str, str]:
    """What tells our scripts which WordPress is meant."""
    return {
        **os.environ,
        "WORDPRESS_DOCROOT": str(state.docroot(site)),
        "WORDPRESS_URL": site.url,
    }


def uploads(state: State, site: SiteOptions) -> Path:
    return state.docroot(site) / "wp-content/uploads"


def save_snapshot(state: State, stack: Stack, site: SiteOptions) -> None:
    """Keep the present database and uploads."""
    stack.mariadb.stop()
    replace_tree(state.mysql, state.snapshot / "mysql")
    replace_tree(uploads(state, site), state.snapshot / "uploads")
    stack.start_database()


def restore_snapshot(state: State, stack: Stack, site: SiteOptions) -> None:
    """Put database and uploads back to what was kept."""
    stack.mariadb.stop()
    replace_tree(state.snapshot / "mysql", state.mysql)
    replace_tree(state.snapshot / "uploads", uploads(state, site))
    stack.start_database()


def replace_tree(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
