"""The program as tests run it, in this process or as one of its own, and the store it leaves."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from publisher import cli

TIMEOUT_S = 60


class Run(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it is."""
        return json.loads(self.out)


Cli = Callable[..., Run]


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """What runs the program in this process."""

    def run(*arguments: str) -> Run:
        monkeypatch.setattr(sys, "argv", ["publisher", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return checked(Run(int(ended.value.code or 0), out, err))

    return run


def checked(run: Run) -> Run:
    """What holds for every run."""
    assert "Traceback" not in run.out + run.err, run.err
    strange = {c for c in run.out + run.err if not c.isprintable() and c not in "\n　"}
    assert not strange, f"control characters {strange} reach the terminal"
    if run.code not in (0, 130):
        assert run.err.startswith("error: "), run.err
    return run


def process(*arguments: str, folder: Path, **more: Any) -> subprocess.Popen[str]:
    """The program as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "publisher", *arguments], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, **more,
    )  # fmt: skip


def ended(running: subprocess.Popen[str], timeout_s: float = TIMEOUT_S) -> Run:
    try:
        out, err = running.communicate(timeout=timeout_s)
    finally:
        running.kill()
        running.wait()
    return checked(Run(running.returncode, out, err))


def configure(cms: str, more: str = "", folder: Path | None = None) -> None:
    text = f"site:\n  url: https://www.example.co.jp\ncms:\n  url: {cms}\n{more}"
    ((folder or Path()) / "site-config.yaml").write_text(text, encoding="utf-8")


def tree(folder: Path | str = ".publisher") -> dict[str, bytes]:
    """Every file of the store, but for locks, which hold nothing."""
    return {
        str(path): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }


def shown(folder: Path | str = ".publisher") -> dict[str, bytes]:
    """What visitors get: intent, edge, and the live slot."""
    files = tree(folder)
    live = json.loads(next(data for path, data in files.items() if "/refs/live" in path))
    prefix = f"{folder}/site/{live['slot']}/"
    kept = ("/edge/live", "/site/_errors")
    return {p: d for p, d in files.items() if p.startswith(prefix) or any(k in p for k in kept)}


@contextlib.contextmanager
def previewing(folder: Path, *arguments: str) -> Iterator[str]:
    running = process("preview", "--port", "0", "--json", *arguments, folder=folder)
    try:
        assert running.stdout
        document = ""
        while not document.endswith("}\n"):
            line = running.stdout.readline()
            assert line, running.stderr.read() if running.stderr else ""
            document += line
        yield json.loads(document)["url"]
    finally:
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=TIMEOUT_S)
    assert err == ""
    assert (running.returncode, out) == (0, "")
