"""On which terms uploads become part of a site: what the configuration says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from publisher.approval import Approvals
from publisher.designers.ownership import Area, areas, owner_of
from publisher.gates import Limits
from publisher.intake.policy import Policy
from publisher.paths import SitePath
from publisher.sections import Config


@dataclass(frozen=True, slots=True)
class Terms:
    """Of one designer. `quiet_s`: an upload is whole when nothing has changed for so long;
    `marker`: or when the file of this name is there and none is newer, '' for none."""

    policy: Policy
    over_cms: bool = True
    needs_approval: bool = False
    quiet_s: float = 10.0
    marker: str = ""

    @property
    def key(self) -> str:
        """What of it decides about an upload: the same upload is looked at again if it changes."""
        own = self.policy
        return repr((own.areas, sorted(own.types), own.charset, own.scripts, self.over_cms))


@dataclass(frozen=True, slots=True)
class SiteTerms:
    """Of a site: its public address, the hosts of its CMS, and all designers."""

    public: str
    cms_hosts: tuple[str, ...]
    designers: Mapping[str, Terms]
    emails: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    approvals: Approvals = field(default_factory=Approvals)

    def owns(self, name: str, path: SitePath) -> bool:
        """Whether a path is this designer's. What somebody uploaded who is in the configuration no
        more stays, where nobody else owns it."""
        owner = owner_of(path, self._areas)
        return owner == name if owner else name not in self.designers

    @property
    def _areas(self) -> dict[str, tuple[Area, ...]]:
        return {name: one.policy.areas for name, one in self.designers.items()}


def site_terms(config: Config) -> SiteTerms:
    """What a configuration says."""
    return SiteTerms(
        public=config.site.url,
        cms_hosts=(config.cms.url,),
        designers={
            name: Terms(
                Policy(areas(one.paths), frozenset(one.types), one.charset, one.scripts),
                over_cms=one.precedence == "designer",
                needs_approval=one.approval == "required",
                quiet_s=one.quiet_seconds,
                marker=one.marker or "",
            )
            for name, one in config.designers.items()
        },
        emails=config.gates.emails,
        limits=Limits(lost_pages=config.gates.lost_pages),
        approvals=Approvals(config.gates.approval, config.gates.approvers),
    )
