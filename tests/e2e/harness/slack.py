"""Slack as strict as its documents say it is: limits, error words, one message a second a channel, threads. For incoming webhooks and chat.postMessage.

    slack = Slack(); slack.webhook (address), slack.api (address for `apiurl`), slack.messages, slack.say(word) …

Sources: api.slack.com/reference/block-kit, /methods/chat.postMessage, /changelog/2016-05-17, /docs/rate-limits; the sum of all blocks: bolt-js #2509.
"""
import json
import re
import threading
import time

from .receiver import Receiver, Reply

TOKEN = "xoxb-right"
LIMITS = {"text": 40_000, "header": 150, "section": 3_000, "field": 2_000, "fields": 10, "blocks": 50, "all_blocks": 13_200, "attachments": 100, "context": 10}


def limit_of(message):
    """The word that Slack refuses the message with; "": it takes it."""
    if len(message.get("text") or "") > LIMITS["text"]:
        return "msg_too_long"
    attachments = message.get("attachments") or []
    if not message.get("text") and not attachments and not message.get("blocks"):
        return "no_text"
    if len(attachments) > LIMITS["attachments"]:
        return "too_many_attachments"
    for attachment in attachments:
        if any(len(attachment.get(k) or "") > LIMITS["text"] for k in ("text", "fallback")):
            return "attachment_payload_limit_exceeded"
        blocks = attachment.get("blocks") or []
        if len(blocks) > LIMITS["blocks"]:
            return "invalid_blocks"
        if len(json.dumps(blocks, ensure_ascii=False)) > LIMITS["all_blocks"]:
            return "msg_blocks_too_long"
        for block in blocks:
            if not fits(block):
                return "invalid_blocks"
    return ""


def fits(block):
    def text(object_, most):
        return object_["type"] in ("plain_text", "mrkdwn") and 0 < len(object_["text"]) <= most
    if block["type"] == "header":
        return block["text"]["type"] == "plain_text" and text(block["text"], LIMITS["header"])
    if block["type"] == "section":
        fields = block.get("fields", [])
        return ("text" not in block or text(block["text"], LIMITS["section"])) and len(fields) <= LIMITS["fields"] and all(text(f, LIMITS["field"]) for f in fields)
    if block["type"] == "context":
        return 0 < len(block["elements"]) <= LIMITS["context"] and all(text(e, LIMITS["field"]) for e in block["elements"])
    return block["type"] == "divider"


def markup(message):
    """Every text of the message that Slack would read as a mention or a link: hostile text must not get there."""
    texts = re.findall(r'"(?:text|value|title|fallback|pretext|footer)": "((?:[^"\\]|\\.)*)"', json.dumps(message))
    return [t for t in texts if "<" in t]


class Slack:
    def __init__(self, rate=None, channels=("C0SOC",)):
        self.lock = threading.Lock()
        self.messages = []            # (channel, message, ts) of those that were taken
        self.refused = []             # (word, message)
        self.token, self.hook = TOKEN, "/services/T0/B0/secret"
        self.channels = set(channels)
        self.rate = rate              # seconds between two messages of a channel; None: not watched
        self._last, self._tokens = {}, {}
        self._script = []             # words or Replies for the next requests
        self.receiver = Receiver(self._answer)
        self.webhook, self.api = self.receiver.url + self.hook, self.receiver.url + "/api/"

    def say(self, *replies):
        """The next requests are answered with these, one each: a word of the API, or a Reply."""
        with self.lock:
            self._script.extend(replies)

    def texts(self):
        with self.lock:
            return [message for _, message, _ in self.messages]

    def close(self):
        self.receiver.close()

    def _answer(self, request):
        with self.lock:
            is_api = request.target.startswith("/api/chat.postMessage")
            if self._script:
                said = self._script.pop(0)
                return said if isinstance(said, Reply) else self._word(is_api, said, None)
            try:
                message = json.loads(request.body)
            except ValueError:
                return self._word(is_api, "invalid_payload" if not is_api else "invalid_json", None)
            if is_api and request.headers.get("authorization") != f"Bearer {self.token}":
                return self._word(is_api, "invalid_auth", message)
            if not is_api and request.target != self.hook:
                return self._word(is_api, "no_service", message)
            channel = message.get("channel", "" if is_api else "the webhook's own")
            if is_api and channel not in self.channels:
                return self._word(is_api, "channel_not_found", message)
            if self._too_fast(channel, request.at):
                return Reply(429, b'{"ok":false,"error":"ratelimited"}' if is_api else b"rate_limited", {"Retry-After": "1"})
            if word := limit_of(message):
                return self._word(is_api, word, message)
            if (thread := message.get("thread_ts")) and thread not in {ts for c, _, ts in self.messages if c == channel}:
                return self._word(is_api, "thread_not_found", message)
            ts = f"{int(time.time())}.{len(self.messages):06d}"
            self.messages.append((channel, message, ts))
            return Reply(200, json.dumps({"ok": True, "channel": channel, "ts": ts}).encode(), {"Content-Type": "application/json"}) if is_api else Reply(200, b"ok")

    def _too_fast(self, channel, now):
        """A bucket of three that fills at one a second: what "about one a second, short bursts are tolerated" comes to."""
        if self.rate is None:
            return False
        tokens = min(3.5, self._tokens.get(channel, 3.5) + (now - self._last.get(channel, now)) / self.rate)
        self._last[channel] = now
        if tokens < 1:
            self._tokens[channel] = tokens
            return True
        self._tokens[channel] = tokens - 1
        return False

    def _word(self, is_api, word, message):
        self.refused.append((word, message))
        if is_api:
            return Reply(200, json.dumps({"ok": False, "error": word}).encode(), {"Content-Type": "application/json"})
        status = {"action_prohibited": 403, "invalid_token": 403, "channel_not_found": 404, "no_service": 404, "channel_is_archived": 410, "rollup_error": 500}.get(word, 400)
        return Reply(status, word.encode())
