#!/usr/bin/env python3
"""Runs the checks of walls.py on this tree, then plants each kind of violation in a small tree of its own and wants it found: a check that cannot fail checks nothing."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import walls

ROOT = os.environ.get("TOCSIN_ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("TOCSIN_BIN", os.path.join(ROOT, "build/dev/bin"))

# A house in order, as small as can be. Each planted violation changes a copy of it.
HOUSE = {
    "core/alert.h": "// An alert.\n#include <string>\n",
    "core/yaml.cpp": '// The door.\n#include "core/alert.h"\n#include <yaml-cpp/yaml.h>\n',
    "net/http_client.cpp": '// The wire.\n#include "core/alert.h"\n#include <boost/beast.hpp>\n',
    "outputs/slack.cpp": '// Slack.\n#include "net/http_client.h"\nclass Slack : public HttpOutput {};\nstd::unique_ptr<Output> make_slack(core::Fields& f);\n',
    "outputs/outputs.def": "// The list.\nOUTPUT(slack)\n",
    "outputs/README.md": "# Outputs\n## slack\n| `webhookurl` | text |\n",
    "tests/unit/outputs/slack_test.cpp": '// Slack, tested.\n#include "tests/support/catch.h"\n',
    "tests/support/catch.h": "// The door to Catch2.\n#include <catch2/catch.hpp>\n",
    "hub/main.cpp": '// The hub.\n#include "outputs/output.h"\n',
    "detector/main.cpp": '// The detector.\n#include "net/url.h"\n',
    "hub/metrics/metrics.def": '// Metrics.\nMETRIC(Counter, Received, "tocsin_hub_received_total", "", "Alerts")\n',
    "docs/metrics.md": "| `tocsin_hub_received_total` | counter | Alerts |\n",
}

# (check, file, what to write there, None: remove it; what the finding must say)
PLANTED = [
    (walls.arrows, "core/alert.h", '// An alert.\n#include "net/url.h"\n', "core must not include net"),
    (walls.arrows, "net/http_client.cpp", '// x\n#include "outputs/output.h"\n', "net must not include outputs"),
    (walls.arrows, "hub/main.cpp", '// x\n#include "detector/event/event.h"\n', "hub must not include detector"),
    (walls.arrows, "detector/main.cpp", '// x\n#include "hub/journal/journal.h"\n', "detector must not include hub"),
    (walls.arrows, "hub/main.cpp", '// x\n#include "tests/support/catch.h"\n', "hub must not include tests"),
    (walls.doors, "hub/main.cpp", "// x\n#include <yaml-cpp/yaml.h>\n", "belongs behind core/yaml.cpp"),
    (walls.doors, "hub/main.cpp", "// x\n#include <simdjson.h>\n", "belongs behind core/alert_decoder.cpp"),
    (walls.doors, "outputs/slack.cpp", "// x\n#include <boost/beast/http.hpp>\n", "belongs behind net/http_client.cpp"),
    (walls.doors, "hub/main.cpp", "// x\n#include <librdkafka/rdkafka.h>\n", "belongs behind outputs/kafka"),
    (walls.doors, "detector/main.cpp", "// x\n#include <bpf/libbpf.h>\n", "belongs behind detector/sensor"),
    (walls.doors, "hub/main.cpp", "// x\n#include <sqlite3.h>\n", "belongs behind hub/state/sqlite"),
    (walls.doors, "tests/unit/outputs/slack_test.cpp", "// x\n#include <catch2/catch.hpp>\n", "belongs behind tests/support"),
    (walls.lengths, "hub/long.cpp", "// long\n" * 401, "401 lines"),
    (walls.openings, "hub/mute.cpp", "#include <string>\n", "does not open with a comment"),
    (walls.names, "hub/string_util.cpp", "// x\n", "says nothing"),
    (walls.output_list, "outputs/outputs.def", "// x\nOUTPUT(slack)\nOUTPUT(teams)\n", "'teams' has no outputs/teams.cpp"),
    (walls.output_list, "outputs/README.md", "# Outputs\n", "'slack' has no section"),
    (walls.output_list, "tests/unit/outputs/slack_test.cpp", None, "'slack' has no test"),
    (walls.output_list, "outputs/outputs.def", "// x\n", "does not list"),
    (walls.pure_outputs, "outputs/slack.cpp", "// x\n#include <boost/asio/awaitable.hpp>\nclass Slack : public HttpOutput {};\n", "an HTTP output includes"),
    (walls.metric_rows, "docs/metrics.md", "nothing\n", "no row for tocsin_hub_received_total"),
    (walls.metric_rows, "docs/metrics.md", "| `tocsin_hub_received_total` |\n| `tocsin_hub_gone_total` |\n", "tocsin_hub_gone_total is not a metric"),
]


def build(root, files):
    for path, content in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(content)


failed = False


def tell(name, wrong):
    global failed
    for line in wrong:
        print(f"  {line}")
    if wrong:
        failed = True
        print(f"FAILED: {name} ({len(wrong)} places)")
    else:
        print(f"ok: {name}")


for name, check in walls.CHECKS.items():
    tell(name, check(ROOT))

name = "every option of every output is documented in outputs/README.md"
hub = os.path.join(BIN, "tocsin-hub")
if os.path.exists(hub):
    tell(name, walls.option_rows(ROOT, walls.list_options(hub)))
else:
    print(f"skipped: {name}: {hub} is not built")

missed = []
for check, path, content, says in PLANTED:
    with tempfile.TemporaryDirectory() as root:
        build(root, HOUSE)
        before = check(root)
        if before:
            missed.append(f"{check.__name__} complains about a house in order: {before}")
        if content is None:
            os.remove(os.path.join(root, path))
        else:
            build(root, {path: content})
        found = check(root)
        if not any(says in line for line in found):
            missed.append(f"{check.__name__} did not see the violation planted in {path} ({says}), only {found}")
with tempfile.TemporaryDirectory() as root:
    build(root, HOUSE)
    if not walls.option_rows(root, {"slack": {"webhookurl", "secret_switch"}}):
        missed.append("option_rows did not miss an undocumented option")
tell("every check of the walls finds the violation planted for it", missed)

sys.exit(1 if failed else 0)
