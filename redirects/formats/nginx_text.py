"""What nginx is told whatever the rules are: how to read a request, and what to do with a record.

`FOLDER`, `CRAWLERS`, `MAX_AGE` and `REST_MAX` stand for what `nginx` fills in.
"""

from __future__ import annotations

from redirects.formats.nginx_words import map_of
from redirects.formats.spelling import PATH_UTF8, spelled

_SLASH = "(?:/|%2[Ff])"

HEAD = """\
# Redirects for a plain nginx 1.22 or later; made by `publisher redirects export --format nginx`.
# All files of this folder belong together. In nginx's http block:
#   include FOLDER/http.conf;
# in the server block of the public host:
#   include FOLDER/server.conf;
# then: nginx -t && systemctl reload nginx
# If nginx says that one of the hash directives below is a duplicate, remove yours.

"""

REQUEST = (
    """\
geo $redirects_dollar { default "$"; }

# The request. A path that no file can have is not looked up.
map "" $redirects_is_done { default no; }
"""
    + map_of("$request_uri", "redirects_raw_path", [("~^([^?]*)", "$1")])
    + map_of(
        "$redirects_raw_path",
        "redirects_dots",
        [("~(?:/|%2[Ff])(?:\\.|%2[Ee]){1,2}(?:/|%2[Ff]|$)", "1"), ("default", "0")],
    )
    + map_of(
        "$uri",
        "redirects_is_path",
        [
            ("~//|[\\x00-\\x1F\\x7F\\x5C]", "0"),
            (f"~^{PATH_UTF8}*+\\z", "1"),
            ("default", "0"),
        ],
    )
    + map_of(
        "$http_user_agent", "redirects_is_crawler", [("~*(?:CRAWLERS)", "1"), ("default", "0")]
    )
    + "# What WordPress writes where the server can't rewrite: /index.php/about/.\n"
    + map_of("$uri", "redirects_path", [("~^/index\\.php(/.*)$", "$1"), ("default", "$uri")])
    + map_of(
        "$redirects_raw_path",
        "redirects_raw",
        [
            (f"~^{_SLASH}{spelled('index.php')}({_SLASH}.*)$", "$1"),
            ("default", "$redirects_raw_path"),
        ],
    )
    + map_of(
        "$uri",
        "redirects_shorter",
        [("~^/index\\.php/", "a\t301\t$redirects_raw\t?\t\t"), ("default", "")],
    )
    + map_of(
        "$redirects_path",
        "redirects_is_root",
        [("/", "1"), ("~^/index\\.php$", "1"), ("default", "0")],
    )
)

DECISION = (
    "\n# What is done.\n"
    + map_of(
        "$redirects_record",
        "redirects_is_found",
        [
            (
                "~^(?<redirects_by>[a-z][0-9]*)\\t(?<redirects_status>[0-9]+)\\t(?<redirects_target>[^\\t]*)"
                "\\t(?<redirects_mark>[?&])\\t(?<redirects_fragment>[^\\t]*)"
                "\\t(?<redirects_in_place>[^\\t]*)$",
                "1",
            ),
            ("default", "0"),
        ],
    )
    + map_of("$redirects_key", "redirects_otherwise", [("", ""), ("default", "404")])
    + map_of(
        "$redirects_is_found $redirects_is_crawler $redirects_status $redirects_in_place",
        "redirects_answer",
        [
            ("~^1 1 30[1278] /", "page"),
            ("~^1 [01] ([0-9]+) ", "$1"),
            ("default", "$redirects_otherwise"),
        ],
    )
    + map_of(
        "$request_method", "redirects_is_read", [("GET", "1"), ("HEAD", "1"), ("default", "0")]
    )
    + map_of(
        "$redirects_is_read$redirects_is_path$redirects_dots",
        "redirects_act",
        [("110", "$redirects_answer"), ("~^0", "405"), ("default", "404")],
    )
    + map_of(
        "$redirects_by",
        "redirects_rest",
        [("w", "$redirects_left"), ("~^q", "$redirects_own_left"), ("default", "$args")],
    )
    + map_of(
        "$redirects_rest",
        "redirects_carried",
        [("~^[!-~]{1,REST_MAX}$", "$redirects_rest"), ("default", "")],
    )
    + map_of(
        "$redirects_carried",
        "redirects_location",
        [
            ("", "$redirects_target$redirects_fragment"),
            ("default", "$redirects_target$redirects_mark$redirects_carried$redirects_fragment"),
        ],
    )
    + map_of(
        "$redirects_act",
        "redirects_cache_control",
        [
            ("301", "max-age=MAX_AGE"),
            ("308", "max-age=MAX_AGE"),
            ("302", "no-cache"),
            ("307", "no-cache"),
            ("default", ""),
        ],
    )
    + """\
# An error page or an index is a second look at the same request: it is not redirected again.
map $redirects_is_done $redirects_do {
  volatile;
  no $redirects_act;
  default "";
}
"""
)

SERVER = """\
# In the server block of the public host: include FOLDER/server.conf;
# The files that are named here are in FOLDER/http.conf.
merge_slashes off;
absolute_redirect off;
add_header Cache-Control $redirects_cache_control;

if ($redirects_do = 301) { return 301 $redirects_location; }
if ($redirects_do = 302) { return 302 $redirects_location; }
if ($redirects_do = 307) { return 307 $redirects_location; }
if ($redirects_do = 308) { return 308 $redirects_location; }
if ($redirects_do = 404) { set $redirects_is_done yes; return 404; }
if ($redirects_do = 405) { set $redirects_is_done yes; return 405; }
if ($redirects_do = 410) { set $redirects_is_done yes; return 410; }
if ($redirects_do = page) { set $redirects_is_done yes; rewrite ^ $redirects_in_place?; }
"""
