"""The demo: sample CMS -> export -> publish -> local edge, and a check of the result."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from publisher import console
from publisher.audit.console import percent
from publisher.audit.report import BAD
from publisher.audit.run import audited
from publisher.audit.steps import Given
from publisher.audit.writing import REPORT, write
from publisher.config import load
from publisher.demo.check import check_site
from publisher.demo.cms import PortInUseError, SampleCms
from publisher.edge.server import EdgeServer, live_site
from publisher.errors import PublisherError
from publisher.pipeline import export
from publisher.processes import Processes
from publisher.publish import Actor
from publisher.sections import Config
from publisher.site import Site

FOLDER = Path(".publisher-demo")
_EXAMPLE_STORE = ".publisher"


def run_demo(source: Path, port: int, *, once: bool, quiet: bool) -> list[str]:
    """Run the whole way from a configuration's example; serve until interrupted, or with
    `once` check the result over HTTP and return what is wrong with it.

    Raises PublisherError if a part can't do its work.
    """
    config = load(source)
    if config.store != _EXAMPLE_STORE:  # somebody's own: the demo must not write there
        raise PublisherError(
            f"the demo can't start from {source}: it has a store other than the example's",
            "Run it in another folder, or name the example with --config.",
        )
    folder = Path(tempfile.mkdtemp(prefix="publisher-demo-")) if once else FOLDER
    try:
        with _sample_cms(config, once=once) as cms:
            config_file = _own_configuration(source, folder, cms.url.rstrip("/"))
            site = Site(config_file)
            if not quiet:
                console.say(f"1. Sample CMS        {cms.url}")
            _export_and_publish(site, quiet=quiet)
            problems = _audit(site, folder / REPORT, quiet=quiet)
            with EdgeServer(*live_site(site.store), port) as edge:
                if not quiet:
                    console.say(f"5. The public site   {edge.url}/")
                if once:
                    return problems + check_site(edge.url, site.config.cms.url, quiet=quiet)
                if not quiet:
                    _say_what_to_try(edge.url, config_file)
                edge.wait()
    finally:
        if once:
            shutil.rmtree(folder)
    return []


def _sample_cms(config: Config, *, once: bool) -> SampleCms:
    """On the configuration's port if it names this machine, so that the commands that the demo
    suggests reach it from another terminal; on a free one if that is taken."""
    parts = urlsplit(config.cms.url)
    port = parts.port if parts.hostname == "127.0.0.1" else None
    if once or not port:
        return SampleCms()
    try:
        with SampleCms(port):
            pass
    except PortInUseError:
        console.say(f"   (port {port} is in use; the sample CMS takes another one)")
        return SampleCms()
    return SampleCms(port)


def _own_configuration(source: Path, folder: Path, cms_url: str) -> Path:
    """The demo never touches a real site: it has a store and a CMS of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    config = load(source)
    text = source.read_text(encoding="utf-8")
    text = text.replace(config.cms.url, cms_url)
    text = text.replace(f"store: {_EXAMPLE_STORE}", "store: store")
    target = folder / "site-config.yaml"
    target.write_text(text, encoding="utf-8")
    if load(target).store != "store":
        raise PublisherError(f"the demo can't read its way around in {source}")
    return target


def _export_and_publish(site: Site, *, quiet: bool) -> None:
    actor = Actor("demo", "publisher demo")
    with Processes() as processes, console.progress() as bar:
        exported = export(
            site.records,
            site.cms(),
            site.request(actor, {}),
            lambda: site.staff(processes),
            lambda done, total: bar.update("asking the CMS", done, total),
        )
        site.publisher(bar.update).publish(exported.release, actor)
    if not quiet:
        release = exported.release
        console.say(
            f"2. Exported          {release.pages} pages, {release.files - release.pages} other "
            f"files, {release.rules} redirects"
        )
        console.say(f"3. Published         release {release.id}")


def _audit(site: Site, file: Path, *, quiet: bool) -> list[str]:
    """Replay every old address, and write the report; what is wrong, if anything is."""
    with console.progress() as bar:
        report = audited(site, Given(), "live", bar.update)
    write(report, [file], None, site.config.site.language)
    if not quiet:
        score = percent(report.score.value)
        console.say(f"4. Redirect audit    {score} of 100: {file}")
    lost = [row.url for row in report.rows if row.outcome in BAD]
    return [f"{url}: an old address is lost" for url in lost]


def _say_what_to_try(url: str, config: Path) -> None:
    option = f"--config {config}"
    # `make demo` runs the command from a folder that is not on the path.
    command = "publisher" if shutil.which("publisher") else os.path.relpath(sys.argv[0])
    console.say("\nTry, in another terminal:")
    console.say(f"  curl -i '{url}/?p=1632'                  # an old URL: 301 to /blog/1632.html")
    console.say(f"  curl -i -A facebookexternalhit '{url}/?p=1632'   # 200: it keeps its shares")
    console.say(f"  {command} releases list {option}")
    console.say(f"  {command} export --publish {option}   # again: nothing changed")
    console.say("\nCtrl-C ends it.")
