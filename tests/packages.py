"""The Debian packages that the suite needs, and how they come onto the machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

THEMES = ("twentytwentyone", "twentytwentytwo", "twentytwentythree")

# php8.2 and php8.2-fpm are named explicitly: without them apt satisfies the `php`
# dependency of WordPress with Apache's mod_php. mariadb-server-core is the server
# without the Debian service around it.
WORDPRESS = (
    "wordpress",
    "wordpress-l10n",
    *(f"wordpress-theme-{theme}" for theme in THEMES),
    "nginx",
    "mariadb-server-core",
    "mariadb-client",
    "php8.2",
    "php8.2-cli",
    "php8.2-fpm",
    "php8.2-opcache",
    "php8.2-curl",
    "php8.2-gd",
    "php8.2-intl",
    "php8.2-mbstring",
    "php8.2-mysql",
    "php8.2-xml",
    "php8.2-zip",
)

# The reference engine of the edge function: it refuses what CloudFront refuses.
NJS = ("njs",)

# The edge on a server of one's own.
NGINX = ("nginx", "libnginx-mod-http-js")

# Another server that redirects are written for.
HAPROXY = ("haproxy",)

# A browser, to see what a visitor sees, and a font for Japanese.
CHROMIUM = ("chromium", "fonts-noto-cjk")

# What designers upload with.
AWSCLI = ("awscli",)

# A crawler that is kept by others and knows nothing of us.
LINKCHECKER = ("linkchecker",)

# What a log analyser takes, for the benchmarks.
GOACCESS = ("goaccess",)

# Debian keeps servers where the PATH of ordinary users does not look.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])

POLICY = Path("/usr/sbin/policy-rc.d")


class Unavailable(Exception):
    """A real server or engine can't be had on this machine; the message says what to do."""


def program(name: str) -> str:
    """The path of an installed program. Raises Unavailable if there is none."""
    if found := shutil.which(name, path=SEARCH_PATH):
        return found
    raise Unavailable(f"the program {name} is not installed")


def missing(wanted: Iterable[str]) -> list[str]:
    """Those of the Debian packages that are not installed."""
    wanted = list(dict.fromkeys(wanted))
    query = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *wanted],
        capture_output=True,
        text=True,
        check=False,  # it fails when one of them is unknown, and still lists the others
    )
    lines = query.stdout.splitlines()
    installed = {line.split()[0] for line in lines if line.endswith(" installed")}
    return [package for package in wanted if package not in installed]


def ensure(wanted: Iterable[str], say: Callable[[str], None] = print) -> None:
    """Have Debian packages installed: install what is missing, if we may.

    wanted: names of packages; say: is told of an installation before it starts.
    Raises Unavailable, with the command to run, when it can't be done.
    """
    if platform.system() != "Linux" or not shutil.which("dpkg-query"):
        raise Unavailable(
            f"needs packages of Debian 12, and this is {platform.system()} without dpkg: "
            "run it on Debian 12, in a container or a virtual machine"
        )
    with _alone():
        _ensure(list(wanted), say)


def _ensure(wanted: list[str], say: Callable[[str], None]) -> None:
    packages = missing(wanted)
    if not packages:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    by_hand = f"apt-get update && {' '.join(command)}"
    if os.geteuid() != 0:
        raise Unavailable(f"Debian packages are missing; run as root: {by_hand}")
    say(f"installing {len(packages)} Debian packages: {' '.join(packages)}")
    with services_kept_off():
        for step in (["apt-get", "update"], command):
            _apt(step, by_hand)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Several processes run tests side by side: one of them installs, and the others wait."""
    lock_file = Path(tempfile.gettempdir(), f"publisher-packages-{os.geteuid()}.lock")
    with lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _apt(command: list[str], by_hand: str) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        check=False,
    )
    if done.returncode:
        failed = f"packages of Debian 12 could not be installed: {by_hand}"
        output = f"{done.stdout}{done.stderr}".strip().splitlines()[-10:]
        raise Unavailable("\n".join([failed, *output]))


@contextlib.contextmanager
def services_kept_off() -> Iterator[None]:
    """Keep the scripts of packages from starting nginx, PHP... as system services."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
