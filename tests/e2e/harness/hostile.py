"""Alerts as an attacker would have them: in every place that a sender chooses there is a text that broke somebody's encoder once."""
import json

TEXTS = ["plain", "with \"quotes\" and 'more'", "back\\slash\\", "line\nbreak\r\ntab\t", "comma, equals= space", "<!channel> & <b>", "ünïcödé €😀",
         "\x01\x1b[31m", "nul\x00byte", "\u202egnp.exe\u2066 bidi", '{"create":{}}', "%s%n$(id)`id`", "", "#comment", "' OR 1=1 --", "\\u0000 \\n"]
BIG = "x" * (64 << 10)
PAST_DOUBLE = 9007199254740993          # 2^53 + 1


def alert(seq, rule="hostile, rule = 1"):
    text = TEXTS[seq % len(TEXTS)]
    return {"time": f"2026-11-21T12:{seq // 1000 % 60:02}:{seq // 20 % 50:02}.{seq:09}Z", "rule": rule, "priority": "Warning", "source": "syscall",
            "hostname": f"host {seq % 7}", "tags": ["t,1", "b" + text], "output": f"{seq} {text}",
            "output_fields": {"e2e.seq": seq, "proc.cmdline": BIG if seq % 200 == 199 else text, "evt.rawtime": PAST_DOUBLE + seq, "ratio": 0.5, "flag": seq % 2 == 0}}


def post(hub, first, count, a_request=200):
    """Posts alerts number first … first + count - 1 as NDJSON; each must be acknowledged."""
    for begin in range(first, first + count, a_request):
        end = min(begin + a_request, first + count)
        body = "\n".join(json.dumps(alert(seq)) for seq in range(begin, end)).encode()
        status, _, answer = hub.post(body)
        if status != 200 or json.loads(answer or b'{"accepted":1}')["accepted"] != end - begin:
            raise AssertionError(f"the hub answered {status} {answer[:300]} to {end - begin} alerts")
