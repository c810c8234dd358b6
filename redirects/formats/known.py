"""The formats by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from redirects.formats.cloudfront import cloudfront
from redirects.formats.haproxy import haproxy
from redirects.formats.netlify import netlify
from redirects.formats.nginx import nginx
from redirects.formats.written import Settings, Written
from redirects.rules import RuleSet

FORMATS: Mapping[str, Callable[[RuleSet, Settings], Written]] = {
    "cloudfront": cloudfront,
    "nginx": nginx,
    "haproxy": haproxy,
    "netlify": netlify,
}
"""What `publisher redirects export --format` takes: name -> rule set and settings to files."""
