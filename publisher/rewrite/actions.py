"""What Elementor's links do: settings in Base64, with the addresses of pictures. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import quote_from_bytes, unquote_to_bytes

SIGN = b"elementor-action"
# `#elementor-action:action=lightbox&settings=...`, percent-encoded (Elementor,
# `Frontend::create_action_hash`).
_ACTION = re.compile(
    rb"(elementor-action%3Aaction%3D[\w-]{1,60}%26settings%3D)((?:[a-z0-9]|%2[BF]|%3D)++)",
    re.IGNORECASE,
)


def rewrite_actions(page: bytes, rewrite: Callable[[str], str]) -> bytes:
    """The page with other settings in such links. `rewrite`: from the settings, as JSON, to the
    public ones. What can't be read, or stays as it is, keeps its bytes."""

    def settled(match: re.Match[bytes]) -> bytes:
        try:
            old = base64.b64decode(unquote_to_bytes(match[2]), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return match[0]
        new = rewrite(old)
        written = quote_from_bytes(base64.b64encode(new.encode()), safe="").encode()
        return match[0] if new == old else match[1] + written

    return _ACTION.sub(settled, page)
