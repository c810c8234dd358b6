"""Tells who is waiting for it what became of an upload: one message to a web address.

The JSON is what Slack, Mattermost and Google Chat take: `{"text": ...}`.
"""

from __future__ import annotations

import requests

from publisher.intake.status import next_step, title
from publisher.intake.sync import Answer
from publisher.intake.words import is_refusal, words_of

# Seconds to connect, and to wait for an answer.
_TIMEOUT_S = (5, 10)
_TOLD = 5


def text_of(answer: Answer, site: str) -> str:
    """What the message says, in Japanese and English."""
    head, then = title(answer.standing), next_step(answer.standing)
    lines = [f"{answer.designer} – {site}", f"{head.ja} / {head.en}", then.ja, then.en]
    refusals = [one for one in answer.remarks if is_refusal(one)]
    for one in refusals[:_TOLD]:
        words = words_of(one)
        place = f"{one.file}:{one.line}" if one.line else one.file
        lines.append(f"• {place} {words.ja} / {words.en}")
    if len(refusals) > _TOLD:
        lines.append(f"… {len(refusals) - _TOLD:,}")
    if answer.preview:
        lines.append(answer.preview)
    if answer.preview_password:  # a channel has more readers than the folder
        lines.append("パスワードは _status.html に / its password is in _status.html")
    text = "\n".join(lines)
    # What a file is called must call nobody (Slack, "Formatting text": `<!channel>`).
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def send(address: str, text: str) -> str:
    """Post a message; why it did not arrive, '' if it did. The address is a secret, and in no
    message."""
    if not address.startswith("https://"):
        return "its address does not begin with https://"
    try:
        found = requests.post(
            address, json={"text": text}, timeout=_TIMEOUT_S, allow_redirects=False
        )
    except (requests.RequestException, ValueError) as error:
        return type(error).__name__
    return "" if found.ok else f"status {found.status_code}"
