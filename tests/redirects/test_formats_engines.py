"""The same requests asked of Python, njs, a real nginx and a real HAProxy: they decide alike."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from redirects.formats.netlify import netlify
from redirects.formats.written import Settings
from redirects.rules import RuleSet
from tests.redirects import test_formats_haproxy, test_formats_nginx
from tests.redirects.edge_runners import on_the_wire, run_njs
from tests.redirects.engine_requests import requests
from tests.redirects.engines import (
    Decided,
    a_rule_set,
    limit_of_haproxy,
    limit_of_nginx,
    show,
)

REQUESTS = 3_000


@pytest.mark.real
def test_all_engines_decide_alike(
    njs: str, nginx: str, haproxy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = a_rule_set()
    decided = Decided(rules)
    asked = list(requests(7, REQUESTS))
    by_njs = run_njs(njs, [decided.store], [(0, one.request) for one in asked])
    for name in ("nginx", "haproxy"):
        (tmp_path / name).mkdir()
    test_formats_nginx.install(rules, tmp_path / "nginx")
    test_formats_haproxy.install(rules, tmp_path / "haproxy")
    counts, different = Counter[str](), []
    with (
        test_formats_nginx.running(tmp_path / "nginx") as of_nginx,
        test_formats_haproxy.running(tmp_path / "haproxy") as of_haproxy,
    ):
        for one, (wire, _) in zip(asked, by_njs, strict=True):
            want = decided(one)
            assert wire == on_the_wire(decided.decision(one)), one
            by_nginx, by_haproxy = of_nginx.ask(one)[0], of_haproxy.ask(one)[0]
            counts["requests"] += 1
            counts["alike in all four"] += want == by_nginx == by_haproxy
            for name, got, limit_of in (
                ("nginx", by_nginx, limit_of_nginx),
                ("haproxy", by_haproxy, limit_of_haproxy),
            ):
                if want != got and (limit := limit_of(one, want, got)):
                    counts[f"{name}: {limit}"] += 1
                elif want != got:
                    different.append((one, want, got))
    with capsys.disabled():
        print("\npython, njs, nginx, haproxy:")
        for name, number in counts.items():
            print(f"  {number:5} {name}")
    assert not different, show(different)
    assert counts["alike in all four"] > REQUESTS * 0.94


def test_every_limit_is_said_where_it_matters() -> None:
    """What the tests let pass as a limit is what the build reports, in these words."""
    from redirects.formats.haproxy import haproxy
    from redirects.formats.nginx import nginx

    rules = a_rule_set()
    of_nginx = " ".join(nginx(rules, Settings()).notes)
    assert all(
        words in of_nginx
        for words in (
            "decode a query",
            "more than 8 places",
            "as the visitor spelled it",
            "400",
            "sound marks",
            "another host",
        )
    )
    of_haproxy = " ".join(haproxy(rules, Settings()).notes)
    assert all(words in of_haproxy for words in ("not ASCII", "another host"))
    of_netlify = " ".join(netlify(rules, Settings()).notes)
    assert all(words in of_netlify for words in ("as a text", "/index.php", "another host"))
    assert "decode" not in " ".join(nginx(RuleSet(), Settings()).notes)
