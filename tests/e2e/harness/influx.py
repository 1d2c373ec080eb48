"""InfluxDB 2 and 3 as strict receivers: each byte of line protocol is read as the documentation says, and refused in that version's own words.

    strict = StrictInflux(2); strict.url; strict.points → {(measurement, tags, time): fields}; strict.close()
Version 2 stores nothing of a request with a line it cannot read (400) and the rest of one with a type conflict (422); version 3 stores the rest in both
cases (400 with a list). Options: organization "o", bucket "b", token "t-secret"; bodies over `most` bytes get 413.
"""
import gzip
import json
import re
import urllib.parse

from .receiver import Receiver, Reply

RESERVED = {"time", "_field", "_measurement", "_time"}


class Bad(Exception):
    pass


def name(text, at, ends):
    """A measurement, key or tag value from `at` up to one of `ends`; a backslash escapes comma, equals sign and blank, else it is itself."""
    out = []
    while at < len(text) and text[at] not in ends:
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in ",= ":
            at += 1
        elif text[at] in " ,=":
            raise Bad(f"a bare {text[at]!r} at {at}")
        out.append(text[at])
        at += 1
    if not out:
        raise Bad(f"an empty name or tag value at {at}")
    if out[-1] == "\\":
        raise Bad("a backslash at the end of a name or tag value")
    return "".join(out), at


def value(text, at):
    if text[at:at + 1] == '"':
        out, at = [], at + 1
        while at < len(text) and text[at] != '"':
            if text[at] == "\\" and text[at + 1:at + 2] in ('"', "\\"):
                at += 1
            out.append(text[at])
            at += 1
        if at >= len(text):
            raise Bad("a string without its end")
        return "".join(out), "string", at + 1
    bare = re.compile(r"[^, ]*").match(text, at).group()
    if re.fullmatch(r"-?(0|[1-9][0-9]*)i", bare):
        if not -(1 << 63) <= int(bare[:-1]) < 1 << 63:
            raise Bad(f"{bare} is out of range")
        return int(bare[:-1]), "integer", at + len(bare)
    if bare in ("true", "false"):
        return bare == "true", "boolean", at + len(bare)
    if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", bare):
        return float(bare), "float", at + len(bare)
    raise Bad(f"no value: {bare[:40]!r}")


def parse(line):
    """(measurement, tags as a sorted tuple, fields {name: (value, type)}, time)"""
    measurement, at = name(line, 0, ", ")
    tags, fields = {}, {}
    while line[at:at + 1] == ",":
        key, at = name(line, at + 1, "=")
        text, at = name(line, at + 1, ", ")
        if key in tags or key in RESERVED:
            raise Bad(f"tag {key!r} twice, or reserved")
        tags[key] = text
    separator = " "
    while line[at:at + 1] == separator:
        key, at = name(line, at + 1, "=")
        if key in fields or key in tags or key in RESERVED:
            raise Bad(f"field {key!r} twice, a tag too, or reserved")
        content, kind, at = value(line, at + 1)
        fields[key] = (content, kind)
        separator = ","
    if not fields or not re.fullmatch(r" -?[0-9]+", line[at:]):
        raise Bad(f"no fields, or no time: {line[at:at + 40]!r}")
    return measurement, tuple(sorted(tags.items())), fields, int(line[at + 1:])


class StrictInflux:
    def __init__(self, version, most=25_000_000):
        self.version, self.most, self.points, self.types, self.bad = version, most, {}, {}, []
        self.unwell = None      # a Reply that everybody gets
        self.receiver = Receiver(self._answer)
        self.url = self.receiver.url

    def close(self):
        self.receiver.close()

    def _refuse(self, status, code, message):
        body = {"error": message} if self.version == 3 else {"code": code, "message": message}
        return Reply(status, json.dumps(body).encode())

    def _answer(self, request):
        if self.unwell:
            return self.unwell
        target = urllib.parse.urlsplit(request.target)
        query = dict(urllib.parse.parse_qsl(target.query))
        if target.path != "/api/v2/write" or request.method != "POST":
            return self._refuse(404, "not found", "path not found")
        if request.headers.get("authorization") not in ("Token t-secret", "Bearer t-secret"):
            return self._refuse(401, "unauthorized", "unauthorized access")
        if query.get("bucket") != "b" or (self.version == 2 and query.get("org") != "o"):
            return self._refuse(404, "not found", 'bucket "' + query.get("bucket", "") + '" not found')
        if query.get("precision", "ns") not in ("ns", "us", "ms", "s") or set(query) - {"bucket", "org", "precision"}:
            return self._refuse(400, "invalid", "invalid query")
        if len(request.body) > self.most:
            return self._refuse(413, "request too large", "unable to read data: points batch is too large")
        body = gzip.decompress(request.body) if request.headers.get("content-encoding") == "gzip" else request.body
        return self._write(body)

    def _write(self, body):
        points, bad = [], []
        for number, line in enumerate(body.removesuffix(b"\n").split(b"\n"), 1):
            try:
                points.append((number, *parse(line.decode("utf-8"))))
            except (Bad, UnicodeDecodeError, IndexError) as fault:
                bad.append((number, str(fault)))
        self.bad += bad
        if bad and self.version == 2:
            return self._refuse(400, "invalid", f"unable to parse line {bad[0][0]}: {bad[0][1]}")
        dropped = []
        for number, measurement, tags, fields, time in points:
            conflict = next((f for f, (_, kind) in fields.items() if self.types.get((measurement, f), kind) != kind), None)
            if conflict is not None:
                dropped.append((number, measurement, conflict, fields[conflict][1], self.types[measurement, conflict]))
                continue
            for field, (_, kind) in fields.items():
                self.types[measurement, field] = kind
            self.points.setdefault((measurement, tags, time), {}).update({f: v for f, (v, _) in fields.items()})
        if not bad and not dropped:
            return Reply(204)
        if self.version == 2:
            _, measurement, field, got, have = dropped[0]
            return self._refuse(422, "unprocessable entity", "failure writing points to database: partial write: field type conflict: input field "
                                f'"{field}" on measurement "{measurement}" is type {got}, already exists as type {have} dropped={len(dropped)}')
        data = [{"line_number": n, "error_message": why} for n, why in bad]
        data += [{"line_number": n, "error_message": f"invalid column type for column '{f}', expected iox::column_type::field::{have}, "
                  f"got iox::column_type::field::{got}"} for n, _, f, got, have in dropped]
        return Reply(400, json.dumps({"error": "partial write of line protocol occurred", "data": data}).encode())
