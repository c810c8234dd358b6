"""The ways in which text can spell a host: as patterns, and as what to look for first. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

from publisher.hosts import is_name

# Backslashes before a slash or `u`: one in JSON, two or three in JSON that stands in JSON.
BACKSLASHES = r"\\{1,8}"
_PERCENT = "%(?:25){0,3}"

# Punctuation of a host: as itself, percent-encoded, as an entity, escaped in a script.
_DOT = rf"(?:\.|{_PERCENT}2E|&#0{{0,6}}46;|&#x0{{0,6}}2e;|&period;|{BACKSLASHES}(?:u00|x)2e)"
_COLON = rf"(?::|{_PERCENT}3A|&#0{{0,6}}58;|&#x0{{0,6}}3a;|&colon;|{BACKSLASHES}(?:u00|x)3a)"
# The root's dot at the end of a host (`host./path`): in prose it ends a sentence.
_ROOT = rf"(?:\.(?=[/?#]|:\d|{BACKSLASHES}(?:/|u002f)|{_PERCENT}(?:2F|3A)))?"

# ASCII letters and digits by their numbers, hexadecimal and decimal.
_HEX = "(?:3[0-9]|[46][1-9a-f]|[57][0-9a])"
_DECIMAL = "(?:4[89]|5[0-7]|6[5-9]|[78][0-9]|9[07-9]|1[01][0-9]|12[0-2])"
_ENTITY = rf"&#(?:x0{{0,6}}{_HEX}|0{{0,6}}{_DECIMAL})(?![0-9a-f])"
_ESCAPE = rf"\\(?:u00|x){_HEX}"
_LETTER = rf"(?:[a-z0-9_]|{_ENTITY}|{_PERCENT}{_HEX}|{_ESCAPE})"
# What would make a host that ends here a longer one. Japanese prose goes on without a space.
_NO_LONGER = rf"(?!-|{_LETTER}|{_DOT}{_LETTER}|{_COLON}\d)"

# A bare word, or a number without its port, is the CMS only where an address begins.
_ADDRESS_BEGINS = "|".join(
    f"(?<={before})"
    for before in ("//", r"\\/\\/", r"\\/\\\\/", r"\\/\\\\\\/", "%2F%2F", "%252F%252F",
                   r"\\u002f\\u002f", "&#47;&#47;", "&#x2F;&#x2F;", "@", "%40")
)  # fmt: skip
_BEFORE_ADDRESS = (b"/", b"2f", b"@", b"%40", b";")


def pattern(host: str, *, masked: bool = False) -> str:
    """A host as a pattern, to be read without regard to case; a name is the CMS's on every port.

    `masked`: letters and digits, too, may be spelt by their numbers (`&#x61;`, as
    `antispambot` does, `%61`, `\\u0061`).
    """
    name, port = _parts(host.removeprefix("//"))
    letters = _masked if masked else re.escape
    spelt = "".join(_DOT if char == "." else letters(char) for char in name) + _ROOT
    if port:
        spelt += _COLON + "".join(map(letters, port)) + _NO_LONGER
    elif is_name(name):  # after a port anything may follow: `host:8081http://...`
        spelt += rf"(?:{_COLON}\d+|{_NO_LONGER})"
    else:
        spelt += _NO_LONGER
    return rf"(?:{_ADDRESS_BEGINS}){spelt}" if _in_address_only(host) else spelt


class Spellings:
    """Finds these hosts in a text. `masked` as for `pattern`.

    A pattern with many branches that ignores case takes 300 ns for each character. So it is tried
    only where one of the hosts may begin: where its first letters stand.
    """

    def __init__(self, hosts: tuple[str, ...], *, masked: bool = False) -> None:
        patterns = [pattern(host, masked=masked) for host in hosts]
        self._whole = re.compile("|".join(patterns) or "(?!)", re.IGNORECASE)
        letters = [_first_letters(host) for host in hosts]
        self._begins = re.compile(_beginnings(letters, masked=masked)) if all(letters) else None

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Whether a text is one of them and nothing else."""
        return self._whole.fullmatch(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Where they stand, one after the other."""
        if self._begins is None:
            yield from self._whole.finditer(text)
            return
        end = 0
        for begin in self._begins.finditer(text):
            if begin.start() >= end and (match := self._whole.match(text, begin.start())):
                yield match
                end = match.end()


_LETTERS_MAX = 4
# Letters beyond ASCII that a pattern which ignores case takes for these.
_FOLDED = {"i": "\u0130\u0131", "s": "\u017f", "k": "\u212a"}
# What begins a letter that is spelt by its number.
_MASKS = r"%&\\"


def _first_letters(host: str) -> list[str]:
    """The first characters of a host, each as all that a pattern may take for it; none if they
    are not plain letters and digits."""
    name = host.removeprefix("//").lower()
    plain_part = re.match(rf"[a-z0-9]{{0,{_LETTERS_MAX}}}", name)
    return [
        f"{char}{char.upper()}{_FOLDED.get(char, '')}" for char in plain_part[0]
    ] if plain_part else []  # fmt: skip


def _beginnings(hosts: list[list[str]], *, masked: bool) -> str:
    """A pattern, which does not ignore case, for the first character of each host, if the next
    ones follow. It begins with a set of characters, which is searched for fast."""
    mask = _MASKS if masked else ""
    if not hosts:
        return "(?!)"
    branches = [rf"(?<=[{mask}])"] if masked else []
    for first, *others in hosts:
        # Behind a letter that is spelt by its number any may follow.
        shown = others[:1] if masked else others
        follow = "".join(f"[{letters}{mask}]" for letters in shown)
        branches.append(f"(?<=[{first}])(?={follow})")
    firsts = "".join(first for first, *_ in hosts)
    return f"[{firsts}{mask}](?:{'|'.join(dict.fromkeys(branches))})"


def _parts(host: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.*?)(?::(\d+))?", host)
    return (match[1], match[2] or "") if match and not host.endswith("]") else (host, "")


def _in_address_only(host: str) -> bool:
    return host.startswith("//") or bool(re.fullmatch(r"[\w-]+", host))


def _masked(char: str) -> str:
    """One character in all its spellings."""
    forms = [re.escape(char)]
    for one in {char.lower(), char.upper()}:
        code = ord(one)
        encoded = quote(one, safe="") if code > 0x7F else f"%{code:02X}"
        forms.append(encoded.replace("%", _PERCENT))
        forms.append(rf"&#(?:0{{0,6}}{code}|x0{{0,6}}{code:x})(?:;|(?![0-9a-f]))")
        forms.append(rf"{BACKSLASHES}u{code:04x}" + (rf"|\\x{code:02x}" if code < 0x100 else ""))
    return f"(?:{'|'.join(dict.fromkeys(forms))})"


class Signs:
    """What a text must hold, at the least, to name one of the hosts: a few plain searches in
    place of a pattern with many branches."""

    def __init__(self, hosts: tuple[str, ...], public_host: str) -> None:
        common = set(re.split(r"[.:]", public_host.lower()))
        self._names = tuple(sorted({sign for host in hosts for sign in _signs(host, common)}))
        # Plain text of which one piece stands where a letter beyond ASCII is spelt by its number.
        self.masks = tuple(sorted({mask for host in hosts for mask in _masks(host)}))

    def in_text(self, text: str) -> bool:
        """Whether the text may name a host."""
        raw = text.encode("utf-8", "surrogatepass").lower()
        return any(sign in raw for sign in self._names) or self.is_masked_in(raw)

    def is_masked(self, text: str) -> bool:
        """Whether any letter of the text is spelt by its number."""
        return self.is_masked_in(text.encode("utf-8", "surrogatepass").lower())

    def is_masked_in(self, raw: bytes) -> bool:
        """The same for who has the text in lower case as bytes."""
        return any(mask in raw for mask in self.masks) or any(
            letter.search(raw) for letter in MASKED_LETTERS
        )


# Each begins with one plain character, which is searched for fast. Also an entity whose own
# beginning is escaped.
MASKED_LETTERS = (
    re.compile(rf"{_ENTITY}|&(?:amp|#0{{0,6}}38|#x0{{0,6}}26);#".encode()),
    re.compile(rf"{_PERCENT}(?:{_HEX}|26(?:#|{_PERCENT}23))".encode()),
    re.compile(rf"{_ESCAPE}|\\(?:u00|x)26(?:#|\\u0023)".encode()),
)


def _signs(host: str, common: set[str]) -> list[bytes]:
    """Plain text, lower-case, of which one piece stands wherever this host is spelt in
    letters of its own."""
    name, port = _parts(host.removeprefix("//"))
    raw = name.lower().encode()
    if not is_name(name) and re.fullmatch(r"[\d.]+", name):
        first, _, rest = name.partition(".")
        dots = (f".{rest[:1]}", "%", "&", "\\")
        return [(first + dot).encode() for dot in dots]
    if port and "." not in name:
        return [raw + colon for colon in (b":", b".:", b"%", b"&", b"\\")]
    if _in_address_only(host):
        return [before + raw for before in _BEFORE_ADDRESS]
    labels = [label for label in name.lower().split(".") if label]
    rare = [label for label in labels if label not in common] or labels
    return [max(rare, key=len).encode()]


def _masks(host: str) -> list[bytes]:
    """How the first character beyond ASCII of a host is written by its number."""
    foreign = next((char for char in host if ord(char) > 0x7F), "")
    if not foreign:
        return []
    once = quote(foreign, safe="").lower()
    twice = once.replace("%", "%25")
    forms = (once, twice, f"\\u{ord(foreign):04x}", f"&#{ord(foreign)}", f"&#x{ord(foreign):x}")
    return [form.encode() for form in forms]


_NUMBERED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")


def plain(text: str) -> str:
    """The text with every escape undone, as often as escapes stand in escapes: what it names
    then is named in some form. Only for looking: nothing can be written back from it."""
    for _ in range(4):
        before = text
        if "&" in text:
            text = html.unescape(text)
        if "%" in text:
            text = unquote(text, errors="replace")
        if "\\" in text:
            text = _NUMBERED.sub(lambda match: chr(int(match[1] or match[2], 16)), text)
            text = text.replace("\\/", "/")
        if text == before:
            break
    return text
