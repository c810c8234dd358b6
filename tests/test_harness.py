"""The real servers of the suite: they come up, do what tests rely on, and leave nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from botocore.exceptions import ClientError

from tests import packages, processes
from tests.guard import PROJECT, Guard
from tests.seaweedfs import SeaweedFS
from tests.wordpress import Options, Unavailable, WordPress

FIRST_POST = 1632
CLEAN_UP_SECONDS_MAX = 30

# A run that has started a server, and is then killed.
KILLED_RUN = """
import json, time
from tests.seaweedfs import SeaweedFS
with SeaweedFS() as server:
    print(json.dumps({"root": str(server.root), "pid": server.pid}), flush=True)
    time.sleep(600)
"""


def get(url: str, basic_auth: str | None = None) -> requests.Response:
    """What a visitor gets, without following redirects."""
    user, _, password = (basic_auth or "").partition(":")
    auth = (user, password) if basic_auth else None
    return requests.get(url, auth=auth, allow_redirects=False, timeout=60)


def error_of(failed: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response = failed.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@pytest.mark.real
class TestWordPress:
    def test_plain_permalinks(self, wordpress_plain: WordPress) -> None:
        page = get(f"{wordpress_plain.url}/?p={FIRST_POST}")
        assert page.status_code == 200
        assert "静的サイト日誌" in page.text
        assert wordpress_plain.wp("post", "get", FIRST_POST)["url"] == page.url

    def test_blog_permalinks(self, wordpress_blog: WordPress) -> None:
        page = get(f"{wordpress_blog.url}/blog/{FIRST_POST}.html", wordpress_blog.basic_auth)
        assert page.status_code == 200
        old = get(f"{wordpress_blog.url}/?p={FIRST_POST}", wordpress_blog.basic_auth)
        assert (old.status_code, old.headers["Location"]) == (301, page.url)

    def test_basic_auth_refuses_and_accepts(self, wordpress_blog: WordPress) -> None:
        assert wordpress_blog.basic_auth
        home = f"{wordpress_blog.url}/"
        assert get(home).status_code == 401
        assert get(home, wordpress_blog.basic_auth + "x").status_code == 401
        assert get(home, wordpress_blog.basic_auth).status_code == 200

    def test_a_change_shows_until_the_reset(self, wordpress_plain: WordPress) -> None:
        before = wordpress_plain.wp("list-public-urls")
        post = wordpress_plain.wp(
            "post", "create", stdin={"title": "新しい記事", "content": "<p>本文</p>"}
        )
        media = wordpress_plain.wp("media", "add", stdin={"file": "2024/05/new.jpg"})
        wordpress_plain.wp("theme", "activate", "twentytwentytwo")
        assert "新しい記事" in get(post["url"]).text
        assert get(media["file"]).status_code == 200
        wordpress_plain.reset()
        assert get(post["url"]).status_code == 404
        assert get(media["file"]).status_code != 200
        assert wordpress_plain.wp("option", "get", "stylesheet") == "twentytwentyone"
        assert wordpress_plain.wp("list-public-urls") == before

    def test_lists_of_commands_and_errors(self, wordpress_plain: WordPress) -> None:
        posts = wordpress_plain.wp("post", "get", FIRST_POST, 10001)
        assert [post["id"] for post in posts] == [FIRST_POST, 10001]
        with pytest.raises(processes.ServerError, match="no post 999999"):
            wordpress_plain.wp("post", "trash", 999999)

    def test_no_unpublished_text_on_the_home_page(self, wordpress_plain: WordPress) -> None:
        assert "LEAK-CANARY" in json.dumps(wordpress_plain.wp("post", "list"))
        assert "LEAK-CANARY" not in get(f"{wordpress_plain.url}/").text

    def test_by_hand(self, tmp_path: Path) -> None:
        """The commands, other options, a URL with a path; it outlives who started it."""
        state = tmp_path / "wp"
        guard = Guard(state / "run", state)  # over what is left if this test is killed
        up = "up --posts 1 --locale ja --theme twentytwentythree --site-url http://s.test/news"
        try:
            by_hand(state, *up.split())
            port = json.loads((state / "site.json").read_text())["server"]["port"]
            by_hand(state, "down")
            assert not processes.accepts_connections(port)
            by_hand(state, *up.split())
            home = requests.get(
                f"http://127.0.0.1:{port}/news/", headers={"Host": "s.test"}, timeout=60
            )
            assert home.status_code == 200
            assert '<html lang="ja"' in home.text
            assert "http://s.test/news/" in home.text
            by_hand(state, "wp", "post", "trash", str(FIRST_POST))
            assert str(FIRST_POST) not in by_hand(state, "wp", "post", "list", "post", "publish")
            by_hand(state, "reset")
            assert str(FIRST_POST) in by_hand(state, "wp", "post", "list", "post", "publish")
            by_hand(state, "down", "--delete")
            assert not state.exists()
        finally:
            guard.stop()


def by_hand(state: Path, *words: str) -> str:
    """What `python -m tests.wordpress` prints."""
    command = [sys.executable, "-m", "tests.wordpress", "--state", str(state), *words]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.real
class TestSeaweedFS:
    def test_puts_and_gets_a_japanese_key(self, seaweedfs: SeaweedFS) -> None:
        seaweedfs.create_bucket("japanese")
        s3 = seaweedfs.client()
        key = "uploads/写真/フ\u309aロフィール 1+1.jpg"
        s3.put_object(Bucket="japanese", Key=key, Body="画像".encode(), ContentType="image/jpeg")
        answer = s3.get_object(Bucket="japanese", Key=key)
        assert answer["Body"].read().decode() == "画像"
        assert answer["ContentType"] == "image/jpeg"
        assert [one["Key"] for one in s3.list_objects_v2(Bucket="japanese")["Contents"]] == [key]

    def test_conditional_puts(self, seaweedfs: SeaweedFS) -> None:
        seaweedfs.create_bucket("conditional")
        s3 = seaweedfs.client()
        first = s3.put_object(Bucket="conditional", Key="ref", Body=b"1", IfNoneMatch="*")
        with pytest.raises(ClientError) as exists:
            s3.put_object(Bucket="conditional", Key="ref", Body=b"2", IfNoneMatch="*")
        assert error_of(exists) == (412, "PreconditionFailed")
        s3.put_object(Bucket="conditional", Key="ref", Body=b"3", IfMatch=first["ETag"])
        with pytest.raises(ClientError) as moved:
            s3.put_object(Bucket="conditional", Key="ref", Body=b"4", IfMatch=first["ETag"])
        assert error_of(moved) == (412, "PreconditionFailed")
        assert s3.get_object(Bucket="conditional", Key="ref")["Body"].read() == b"3"

    def test_refuses_strangers_and_unknown_buckets(self, seaweedfs: SeaweedFS) -> None:
        seaweedfs.create_bucket("closed")
        assert requests.get(f"{seaweedfs.endpoint_url}/closed", timeout=30).status_code == 403
        with pytest.raises(ClientError) as unknown:
            seaweedfs.client().put_object(Bucket="nowhere", Key="a", Body=b"")
        assert error_of(unknown) == (404, "NoSuchBucket")

    def test_two_at_once(self, seaweedfs: SeaweedFS) -> None:
        seaweedfs.create_bucket("first-server")
        with SeaweedFS() as second:
            assert not second.client().list_buckets()["Buckets"]
            root = second.root
        assert not root.exists()

    def test_a_killed_run_leaves_nothing(self) -> None:
        run = subprocess.Popen(
            [sys.executable, "-c", KILLED_RUN], stdout=subprocess.PIPE, cwd=PROJECT, text=True
        )
        assert run.stdout
        with run.stdout:
            started = json.loads(run.stdout.readline())
        assert processes.start_time(started["pid"])
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        deadline = time.monotonic() + CLEAN_UP_SECONDS_MAX
        while processes.start_time(started["pid"]) or Path(started["root"]).exists():
            assert time.monotonic() < deadline, started
            time.sleep(0.05)


@pytest.mark.real
def test_njs_runs(njs: str) -> None:
    done = subprocess.run(
        [njs, "-c", "console.log(1 + 1)"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "2"


class TestPackages:
    def test_who_may_not_install_is_told_the_command(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("platform.system", lambda: "Linux")
        monkeypatch.setattr("shutil.which", lambda *_args, **_more: "/usr/bin/any")
        monkeypatch.setattr(packages, "missing", lambda _: ["nginx"])
        monkeypatch.setattr("os.geteuid", lambda: 1000)
        with pytest.raises(Unavailable, match=r"apt-get update && apt-get install .* nginx"):
            packages.ensure(["nginx"])

    def test_no_debian(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("platform.system", lambda: "Darwin")
        with pytest.raises(Unavailable, match="this is Darwin"):
            packages.ensure(["nginx"])


class TestOptions:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"permalinks": "fancy"},
            {"theme": "kubrick"},
            {"basic_auth": "no-password"},
            {"site_url": "staging.example.test"},
            {"workers": 0},
        ],
        ids=lambda wrong: next(iter(wrong)),
    )
    def test_what_can_not_be_is_refused(self, wrong: dict[str, object]) -> None:
        with pytest.raises(ValueError, match=next(iter(wrong)).replace("_", " ").rstrip("s")):
            Options(**wrong)  # type: ignore[arg-type]  # wrong values are the point

    def test_a_state_directory_too_long_for_sockets(self, tmp_path: Path) -> None:
        with pytest.raises(processes.ServerError, match="too long"):
            WordPress(tmp_path / ("x" * 100))
