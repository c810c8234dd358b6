"""What the report says of each kind of finding, in English: its name, what it means, what to do.
Pure."""

from __future__ import annotations

from typing import Final

from publisher.audit.report import Kind

FINDINGS: Final[dict[Kind, tuple[str, str, str]]] = {
    "not-found": (
        "Not found",
        "Visitors get a 404 page here, and nobody decided that they should.",
        "Redirect it to the page that replaces it. If it is meant to be gone, answer 410.",
    ),
    "found-live": (
        "The live site has it, this release has not",
        "The live site answers here with a page. With this release, visitors get a 404 page.",
        "Redirect it to the page that replaces it, or have the page exported (cms.include).",
    ),
    "found-at-cms": (
        "The CMS has it, this release has not",
        "The CMS answers here with a page that it does not list. Visitors get a 404 page.",
        "Have the page exported (cms.include), or redirect the address.",
    ),
    "unexplained-id": (
        "Public in the CMS, and not found",
        "The CMS has {id} for the public, and this address of it answers {status}.",
        "Export again. If it stays, look the object up in the CMS, or redirect the address.",
    ),
    "unlisted-id": (
        "An id that only the CMS knows",
        "The CMS does not list this id, and redirects it: as a rule, a revision of a post.",
        "Nobody is known to have linked to it. The rule is there if you want it.",
    ),
    "protected": (
        "Behind a password",
        "The CMS asks visitors for a password here. Such pages are not exported.",
        "Nothing, unless the page is meant for everybody.",
    ),
    "not-for-visitors": (
        "Not for visitors",
        "The log-in, the dashboard, a search, a preview, or what the configuration leaves out.",
        "Nothing, unless visitors are meant to get it.",
    ),
    "dead-before": (
        "Missing before, too",
        "The old site answers 404 here, too. So nothing is lost by the move.",
        "Nothing. A redirect would help those who still ask for it.",
    ),
    "only-missing": (
        "Nothing but errors is known of it",
        "Only logs know this address: each request in them got an error, and the CMS knows nothing "
        "of it. It was missing before, as what scanners try is, if the logs are from before the "
        "switch. If they are from after it, it may be a page that was lost.",
        "Give a log from before the switch, too (--logs). If there is none, look at those that are "
        "asked for most.",
    ),
    "wrong-page": (
        "Leads to another page",
        "It should lead to {expected}, and leads to {found}.",
        "Correct the rule, or remove the one that comes before it.",
    ),
    "leads-to-nothing": (
        "Redirects to a missing page",
        "The redirect leads to {target}, which answers {status}.",
        "Point the rule to a page that exists.",
    ),
    "circle": (
        "Redirects in a circle",
        "The redirects lead back to themselves. Browsers give up with an error.",
        "Break the circle: one of its addresses must be a page.",
    ),
    "soft-404": (
        "Home page instead of an error",
        "The address leads to {target}, as if nothing were missing. Search engines treat that "
        "as a 404, and visitors don't find what they came for.",
        "Redirect it to the page that replaces it, or let it answer 404 or 410.",
    ),
    "gone-but-public": (
        "Answers “gone”, but is public",
        "A rule answers 410, but the CMS still shows this page to the public.",
        "Remove the rule, or withdraw the page in the CMS.",
    ),
    "chain": (
        "Several redirects in a row",
        "It takes {hops} redirects to get to the page. Each one costs time, and crawlers "
        "follow only some.",
        "Point the first rule directly to the last page.",
    ),
    "temporary": (
        "Temporary redirect",
        "It answers {status}, which says that the old address may come back. Search engines "
        "and Hatena Bookmark may keep the old one.",
        "Use 301, unless it is really temporary.",
    ),
    "query-dropped": (
        "Parameters are lost",
        "Parameters such as utm_source are not handed on to the new address, so campaigns are "
        "no longer counted.",
        "Let the rule keep the query.",
    ),
    "depends-on-visitor": (
        "Depends on who asks",
        "{agent} gets {status} {target}, which is not what a browser gets.",
        "Check that a rule means this. If none does, it is a mistake at the edge.",
    ),
    "engines-differ": (
        "Servers decide differently",
        "{engine} answers {status} {target}, which is not what the edge does.",
        "Use the edge's decision, or put the rule in a form that this server knows.",
    ),
    "live-differs": (
        "The live site answers differently",
        "The live site answers {status} {target}, which is not what the rules say.",
        "Is this release live? Is something in front of it, such as an old server or a cache?",
    ),
    "live-failed": (
        "The live site did not answer",
        "Asking the live site failed: {problem}",
        "Ask again later. If it stays like this, look at the server.",
    ),
    "elsewhere": (
        "Leads to another site",
        "The redirect leads to {target}, which was not asked.",
        "Open it once, and check that it is still yours.",
    ),
    "social-circle": (
        "Social networks go round in a circle",
        "The page says that it is {og_url}, and that address redirects back to it. Facebook "
        "reports a circular redirect and shows no preview.",
        "Let preview crawlers have the page itself at the old address.",
    ),
    "social-not-served": (
        "No preview for social networks",
        "At the address by which networks know this post, their crawler gets {status} instead "
        "of the page, so its shares are no longer counted.",
        "Let preview crawlers have the page itself at the old address.",
    ),
    "social-address": (
        "Another address than the networks know",
        "The page gives og:url as {found}. The shares were counted for {expected}.",
        "Write the old og:url into the page.",
    ),
    "counts-dropped": (
        "Share counts dropped",
        "{network} counted {before} before the switch and counts {after} now.",
        "Check og:url, then have the network read the page again.",
    ),
    "wrong-title": (
        "Another title than expected",
        "The page is called “{title}”. Before, it was “{expected}”.",
        "Check that the redirect leads to the right page.",
    ),
    "not-in-sitemap": (
        "Not in the sitemap",
        "Old addresses lead to this page, and the sitemap does not name it.",
        "Add it to the sitemap, if search engines should find it.",
    ),
    "noindex": (
        "Closed to search engines",
        "The page asks search engines to leave it out (noindex). What its old addresses were "
        "worth is lost with it.",
        "Remove noindex, or redirect to a page that may be found.",
    ),
    "canonical-elsewhere": (
        "Names another page as the original",
        "Its canonical address is {canonical}, so search engines show that one instead.",
        "Let the page name itself, or redirect straight to the original.",
    ),
    "old-link": (
        "A page links to the old address",
        "{page} links to {url}. Every click is a detour. Other such links on the page: {more}.",
        "Correct the links in the CMS.",
    ),
    "old-in-sitemap": (
        "The sitemap has an old address",
        "The sitemap names {url}, which only redirects.",
        "Name the new address in the sitemap.",
    ),
}
