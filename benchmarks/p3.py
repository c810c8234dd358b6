"""P3: onto S3. a) 10,000 new files of 20 KB, from captured pages to live, beside one upload by
rclone; b) the whole way from the CMS, beside wget2 and then rclone.

The server is SeaweedFS on the same machine, so its CPU time is in every wall time. We write a
file once and have the server copy it into the slot; a peer's upload is no release, is not atomic,
and can't be taken back.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks import mirrors, ours, s3
from benchmarks.corpus import files, prose
from benchmarks.figures import Line, Run, median, ratio
from benchmarks.measure import (
    Command,
    Failed,
    alternating,
    cpu_seconds,
    measured,
    with_facts,
)
from benchmarks.web import free_port, served
from tests.packages import ensure
from tests.seaweedfs import SeaweedFS

FILES = 10_000
_BYTES = 20_000
_PER_FOLDER = 100
_PAGES, _OTHERS = 3_000, 1_000
_THREADS = 8


def run(folder: Path, size: float, rounds: int, say: Callable[[str], None]) -> list[Line]:
    """The lines of the table. `size` 1 is the real measurement, 0.1 a quick look."""
    ensure(mirrors.PACKAGES, say)
    s3.install(say)
    number = max(200, int(FILES * size))
    say(f"P3: writing {number} files of {_BYTES // 1000} KB")
    source = folder / "captured"
    write(source, number, _BYTES)
    # A server for each part: it slows down as it fills.
    with SeaweedFS() as server:
        lines = _from_captures(folder, source, number, server, rounds, say)
    with SeaweedFS() as server:
        return lines + _from_cms(folder, size, server, rounds, say)


def write(root: Path, number: int, size_bytes: int) -> None:
    """So many different pages, a hundred in a folder."""
    rng = random.Random(3)
    text = prose(rng, size_bytes)  # more than is needed
    for page in range(number):
        file = root / str(page // _PER_FOLDER) / f"記事-{page}.html"
        if page % _PER_FOLDER == 0:
            file.parent.mkdir(parents=True)
        start = rng.randrange(size_bytes)
        content = f"<!DOCTYPE html><title>{page}</title>{text[start : start + size_bytes // 3]}"
        file.write_bytes(content.encode()[:size_bytes])


def _from_captures(
    folder: Path,
    source: Path,
    number: int,
    server: SeaweedFS,
    rounds: int,
    say: Callable[[str], None],
) -> list[Line]:
    def mine() -> Run:
        where = s3.bucket(server)
        done = _with_server(server, ours.live(folder / "live", source, where))
        written = ours.report(folder / "live")["written"]
        if written != number:
            raise Failed(f"P3a: {written} of {number} files are live")
        _look(server, where, f"site/s1/0/{_first(source)}", is_ours=True)
        return done

    def theirs() -> Run:
        where = s3.bucket(server)
        done = _with_server(server, s3.rclone(folder / "rclone", source, where, "site"))
        _look(server, where, f"site/0/{_first(source)}", is_ours=False)
        return done

    runs = alternating([mine, theirs], rounds, say)
    our, their = runs.values()
    share = median(a.cpu_s / b.cpu_s for a, b in zip(our, their, strict=True))
    at_server = [
        median(float(one.facts["server_cpu_s"]) for one in found) for found in (our, their)
    ]
    note = (
        f"blobs, release, slot, edge entry; {share:.2f} x the CPU time of rclone; the server "
        f"took {at_server[0]:.1f} s"
    )
    other = f"{' '.join(s3.FAST)}: one upload, no release; the server took {at_server[1]:.1f} s"
    return [
        Line("P3a", our[0].name, our, number, None, note),
        Line("P3a", their[0].name, their, number, ratio(our, their), other),
    ]


def _with_server(server: SeaweedFS, command: Command) -> Run:
    """A run, and the CPU time that the server took for it."""
    before = cpu_seconds(server.pid)
    done = measured(command)
    return with_facts(done, server_cpu_s=round(cpu_seconds(server.pid) - before, 2))


def _first(source: Path) -> str:
    return next(path.name for path in sorted((source / "0").iterdir()))


def _look(server: SeaweedFS, where: s3.Bucket, key: str, *, is_ours: bool) -> None:
    """Raises Failed unless a file is there as it should be."""
    with_prefix = f"{ours.PREFIX}/{key}" if is_ours else key
    found = server.client().head_object(Bucket=where.name, Key=with_prefix)
    if is_ours and not (found["Metadata"].get("publisher-digest") and found.get("CacheControl")):
        raise Failed(f"{key} lacks its headers")


def _from_cms(
    folder: Path, size: float, server: SeaweedFS, rounds: int, say: Callable[[str], None]
) -> list[Line]:
    pages, others = max(100, int(_PAGES * size)), max(100, int(_OTHERS * size))
    with free_port() as port:
        base = f"http://127.0.0.1:{port}"
        root = folder / "site"
        say(f"P3b: writing {pages} pages and {others} files")
        for path, content in files(base, pages, others):
            file = root / path[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        locations = f"        location / {{ root {root}; index index.html; }}"
        with served(folder / "nginx", locations, port) as web:

            def mine() -> Run:
                where = s3.bucket(server)
                command = ours.export(folder / "ours", web.url, "--publish", onto=where)
                done = measured(command)
                written = ours.report(command.folder)["published"]["files"]
                if written < pages + others:
                    raise Failed(f"P3b: {written} of {pages + others} files are live")
                return done

            def theirs() -> Run:
                where = s3.bucket(server)
                mirror = mirrors.wget2(folder / "wget2", web.url, _THREADS)
                one = measured(mirror)
                mirrors.checked(mirror.folder, web.url.removeprefix("http://"))
                (mirror.folder / "output.log").unlink()
                other = measured(s3.rclone(folder / "rclone", mirror.folder, where, "site"))
                return replace(
                    one,
                    name="wget2, then rclone",
                    wall_s=one.wall_s + other.wall_s,
                    cpu_s=one.cpu_s + other.cpu_s,
                    peak_bytes=max(one.peak_bytes, other.peak_bytes),
                )

            runs = alternating([mine, theirs], rounds, say)
    our, their = runs.values()
    note = f"{pages:,} pages of 30 KB and {others:,} files, rewritten, gates asked, released"
    return [
        Line("P3b", our[0].name, our, pages, None, note),
        Line("P3b", their[0].name, their, pages, ratio(our, their), "no release, no gates"),
    ]
