"""What the CMS says it holds that the public may see: posts, terms, authors, files. Plain data."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A post, page, attachment or an object of another type.

    `slug` is decoded; `parent` is an id or 0; `file` is the URL of an attachment's file and
    `files` those of its sizes; `protected` asks visitors for a password; `modified` is the time
    of its last change in UTC, as the CMS writes it, or ''.
    """

    kind: str
    id: int
    link: str
    slug: str
    parent: int = 0
    date: str = ""
    modified: str = ""
    author: int = 0
    format: str = ""
    protected: bool = False
    file: str = ""
    files: tuple[str, ...] = ()


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A category, tag or a term of another taxonomy. `slug` is decoded."""

    taxonomy: str
    id: int
    link: str
    slug: str
    parent: int = 0


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with published posts. Their slug is a log-in name ('' if the CMS does not tell):
    good only for finding it where it must not be."""

    id: int
    link: str
    slug: str = ""


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything public. `home` is the address that the CMS believes it has, without a
    trailing slash; `pretty` says whether paths, not queries, name its pages; `date_base`
    is the link of one year's archive, from which the others follow ('' if there is none).
    `kind` tells whose URLs these are: only a `wordpress` gives a meaning to their queries.
    """

    home: str
    kind: Literal["wordpress", "generic"] = "wordpress"
    title: str = ""
    pretty: bool = False
    date_base: str = ""
    items: tuple[Item, ...] = ()
    terms: tuple[Term, ...] = ()
    authors: tuple[Author, ...] = ()

    @property
    def digest(self) -> str:
        """The SHA-256 of all of it: two inventories with the same digest list the same."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()
