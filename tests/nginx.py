"""An nginx with njs on 127.0.0.1, with the configuration that publisher writes for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Self

from publisher.edge.nginx import Nginx, config
from tests.packages import program
from tests.processes import ServerError, Service, reserved_ports

MODULE = Path("/usr/lib/nginx/modules/ngx_http_js_module.so")


class NginxEdge:
    """nginx inside a `with` block. `site`: where it listens, and its folders, are filled in."""

    def __init__(self, site: Nginx) -> None:
        self._site = site

    def __enter__(self) -> Self:
        self.root = Path(tempfile.mkdtemp(prefix="publisher-nginx-"))
        with reserved_ports(2) as (self.port, self.tls_port):
            files = self._write()
        check = [*files, "-t"]
        done = subprocess.run(check, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerError(done.stderr)
        self._service = Service("nginx", files, records=self.root, logs=self.root)
        self._service.start()
        self._service.wait_until_listening(self.port)
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._service.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def log(self) -> str:
        """What nginx complained about."""
        return (self.root / "error.log").read_text()

    def _write(self) -> list[str]:
        made = config(
            replace(
                self._site,
                folder=str(self.root / "conf"),
                cache=str(self.root / "cache"),
                listen=f"127.0.0.1:{self.port}",
                listen_tls=f"127.0.0.1:{self.tls_port}",
            )
        )
        (self.root / "conf").mkdir()
        for name, text in made.items():
            (self.root / "conf" / name).write_text(text, encoding="utf-8")
        user = "user root;" if os.geteuid() == 0 else ""
        (self.root / "nginx.conf").write_text(
            f"""load_module {MODULE};
{user}
worker_processes 2;
pid {self.root}/nginx.pid;
daemon off;
error_log {self.root}/error.log info;
events {{ worker_connections 256; }}
http {{
  access_log {self.root}/access.log;
  client_body_temp_path {self.root}/body;
  proxy_temp_path {self.root}/proxy;
  fastcgi_temp_path {self.root}/fastcgi;
  uwsgi_temp_path {self.root}/uwsgi;
  scgi_temp_path {self.root}/scgi;
  include {self.root}/conf/site.conf;
}}
"""
        )
        return [program("nginx"), "-p", str(self.root), "-c", str(self.root / "nginx.conf")]
