"""The walls of the house (architecture.md §2) as tables and checks: each check takes the root of a tree and gives back what is wrong, one line each.

To move a wall, change the table here in the commit that moves it; test_walls.py shows that every check still bites.
"""
import fnmatch
import os
import re
import subprocess

# Who may include whom: dependencies point down. tests/ and bench/ look at everything; nobody looks at them.
MAY_INCLUDE = {
    "core": {"core"},
    "net": {"core", "net"},
    "outputs": {"core", "net", "outputs"},
    "hub": {"core", "net", "outputs", "hub"},
    "detector": {"core", "net", "detector"},
    "tests": {"core", "net", "outputs", "hub", "detector", "tests"},
    "bench": {"core", "net", "outputs", "hub", "detector", "bench", "tests"},
}

# One door per library: its headers are included there and nowhere else, so that replacing it, or its exceptions, stays one file's business.
DOORS = {
    "yaml-cpp/": ["core/yaml.cpp"],
    "simdjson": ["core/alert_decoder.cpp"],
    "boost/beast": ["net/http_client.cpp", "hub/http/*", "bench/*"],
    "librdkafka/": ["outputs/kafka*"],
    "bpf/": ["detector/sensor/ebpf_sensor.cpp", "detector/bpf/*"],
    "sqlite3.h": ["hub/state/sqlite.*", "tests/support/sqlite_disk.cpp"],
    "catch2/": ["tests/support/*"],
    "re2/": ["detector/rules/*", "hub/route/text_pattern.cpp"],
    "cctz/": ["hub/route/time_zone.cpp"],
    "CLI/": ["hub/cli*.cpp", "hub/cli/*", "detector/cli*.cpp"],
}

MOST_LINES = 400
SOURCES = (".h", ".cpp", ".c", ".def", ".py", ".sh", ".cmake")
NOT_OUR_WORDS = re.compile(r"(^|_)(manager|managers|helper|helpers|util|utils|stuff)(_|\.|$)")
SKIPPED_FOLDERS = {"build", ".git", ".cache", "__pycache__", "node_modules"}


def sources(root):
    """Every file of ours with code in it, by its path from the root."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(d for d in folders if d not in SKIPPED_FOLDERS)
        for name in sorted(files):
            path = os.path.relpath(os.path.join(folder, name), root)
            if name.endswith(SOURCES) or is_script(os.path.join(folder, name)):
                found.append(path)
    return found


def is_script(path):
    if "." in os.path.basename(path) or not os.access(path, os.X_OK):
        return False
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def text(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def includes(root, path):
    """(line, header) of each #include, quoted or not."""
    if not path.endswith((".h", ".cpp", ".c")):
        return
    for number, line in enumerate(text(root, path).splitlines(), 1):
        if m := re.match(r'\s*#\s*include\s*["<]([^">]+)[">]', line):
            yield number, m.group(1)


def arrows(root):
    """An include that points upwards, or from hub to detector or back."""
    wrong = []
    for path in sources(root):
        room = path.split("/")[0]
        for number, header in includes(root, path):
            other = header.split("/")[0]
            if room in MAY_INCLUDE and other in MAY_INCLUDE and "/" in header and other not in MAY_INCLUDE[room]:
                wrong.append(f"{path}:{number}: {room} must not include {other} ({header})")
    return wrong


def doors(root):
    """A library's header included outside its door."""
    wrong = []
    for path in sources(root):
        for number, header in includes(root, path):
            for library, allowed in DOORS.items():
                if header.startswith(library) and not any(fnmatch.fnmatch(path, door) for door in allowed):
                    wrong.append(f"{path}:{number}: {header} belongs behind {' or '.join(allowed)}")
    return wrong


def lengths(root):
    """A file with more than one idea, which is what more than 400 lines mean."""
    return [f"{path}: {lines} lines, more than {MOST_LINES}" for path in sources(root)
            if (lines := text(root, path).count("\n")) > MOST_LINES]


def openings(root):
    """A file that does not say first what it is for. A .cpp may leave that to its own header, if it begins by including it: recording.cpp, recording_read.cpp by recording.h."""
    wrong = []
    for path in sources(root):
        lines = [line for line in text(root, path).splitlines() if line.strip() and not line.startswith("#!")]
        first = lines[0].lstrip() if lines else ""
        opened = first.startswith(("//", "/*", '"""')) if path.endswith((".h", ".cpp", ".c", ".def")) else first.startswith(("#", '"""'))
        if not opened and not begins_with_own_header(root, path, first):
            wrong.append(f"{path}: does not open with a comment that says what it is for")
    return wrong


def begins_with_own_header(root, path, first):
    """recording.cpp, and recording_read.cpp too, by recording.h beside them: a header may be too much for one file."""
    header = re.match(r'#include "([^"]+)\.h"', first)
    return bool(header) and path.endswith(".cpp") and path[:-len(".cpp")].startswith(header.group(1)) and os.path.exists(os.path.join(root, header.group(1) + ".h"))


def names(root):
    """A file named by a word that says nothing."""
    return [f"{path}: '{os.path.basename(path)}' says nothing; name the idea" for path in sources(root)
            if NOT_OUR_WORDS.search(os.path.basename(path))]


def listed_outputs(root):
    path = "outputs/outputs.def"
    if not os.path.exists(os.path.join(root, path)):
        return None
    return re.findall(r"^\s*OUTPUT\(\s*\"?(\w+)\"?", text(root, path), re.M)


def output_list(root):
    """An output without its file, its section in README.md or its test; a file with an output that the list does not name."""
    listed = listed_outputs(root)
    if listed is None:
        return ["outputs/outputs.def: is not there"]
    wrong = []
    readme_path = os.path.join(root, "outputs/README.md")
    readme = text(root, "outputs/README.md") if os.path.exists(readme_path) else ""
    tests = [p for p in sources(root) if p.startswith("tests/unit/outputs/")]
    for name in listed:
        if not os.path.exists(os.path.join(root, f"outputs/{name}.cpp")):
            wrong.append(f"outputs/outputs.def: '{name}' has no outputs/{name}.cpp")
        if not re.search(rf"^## .*\b{name}\b", readme, re.M | re.I):
            wrong.append(f"outputs/README.md: '{name}' has no section")
        if not any(name in os.path.basename(p) for p in tests):
            wrong.append(f"tests/unit/outputs: '{name}' has no test")
    for path in sources(root):
        name = os.path.splitext(os.path.basename(path))[0]
        if re.fullmatch(r"outputs/\w+\.cpp", path) and name not in listed and re.search(r"\bstd::unique_ptr<Output>\s+make_\w+\(Fields?&|\bstd::unique_ptr<Output>\s+make_" + name + r"\(", text(root, path)):
            wrong.append(f"{path}: an output that outputs.def does not list")
    return wrong


def pure_outputs(root):
    """An HTTP output is two pure functions: no loop, no wire, no log in its file."""
    wrong = []
    for path in sources(root):
        if not re.fullmatch(r"outputs/\w+\.cpp", path) or not re.search(r":\s*public\s+HttpOutput", text(root, path)):
            continue
        for number, header in includes(root, path):
            if header.startswith(("boost/asio", "boost/beast", "core/log.h", "hub/")):
                wrong.append(f"{path}:{number}: an HTTP output includes {header}")
    return wrong


def metric_rows(root):
    """A metric without its row in docs/metrics.md, or a row without its metric."""
    metrics = set(re.findall(r'^METRIC\(\s*\w+\s*,\s*\w+\s*,\s*"([^"]+)"', text(root, "hub/metrics/metrics.def"), re.M))
    path = os.path.join(root, "docs/metrics.md")
    if not os.path.exists(path):
        return ["docs/metrics.md: is not there"]
    rows = set(re.findall(r"^\|\s*`([a-z_0-9]+)(?:\{[^`]*)?`", text(root, "docs/metrics.md"), re.M))
    return [f"docs/metrics.md: no row for {m}" for m in sorted(metrics - rows)] + \
           [f"docs/metrics.md: {m} is not a metric of metrics.def" for m in sorted(rows - metrics) if m.startswith(("tocsin_hub_", "falcosecurity_"))]


def list_options(program):
    """The option table that the program prints of itself: {section: {option}}. The code is the source; documents follow."""
    printed = subprocess.run([program, "--list-options"], capture_output=True, text=True, timeout=20)
    if printed.returncode != 0:
        raise RuntimeError(f"{program} --list-options ended with {printed.returncode}: {printed.stderr.strip()}")
    return parse_options(printed.stdout)


def parse_options(printed):
    sections, current = {}, None
    for line in printed.splitlines():
        if m := re.match(r"#+\s*(\S.*?)\s*$|\[(.+)\]$|(\S+):$", line):
            current = sections.setdefault((m.group(1) or m.group(2) or m.group(3)).strip(), set())
        elif current is not None and (m := re.match(r"\s*(?:\|\s*)?`?([a-z][\w.<>-]*)`?(?:\s|\||$)", line)):
            if m.group(1) not in ("option", "key"):
                current.add(m.group(1))
    return sections


def option_rows(root, sections):
    """An option of an output that its section of outputs/README.md does not name."""
    listed = listed_outputs(root) or []
    readme = text(root, "outputs/README.md")
    wrong = []
    for name in listed:
        section = next((s for s in sections if s.lower().split()[-1].strip("`'") == name), None)
        if section is None:
            wrong.append(f"tocsin-hub --list-options: says nothing of '{name}'")
            continue
        part = re.search(rf"^## [^\n]*\b{name}\b.*?(?=^## |\Z)", readme, re.M | re.S | re.I)
        wrong += [f"outputs/README.md: section '{name}' does not document '{option}'" for option in sorted(sections[section])
                  if part is None or f"`{option}`" not in part.group(0)]
    return wrong


CHECKS = {
    "dependencies point down, and hub and detector never include each other": arrows,
    "each library is included at its one door": doors,
    f"no source file is longer than {MOST_LINES} lines": lengths,
    "each source file opens with a comment that says what it is for": openings,
    "no file is named by a word that says nothing": names,
    "every output has its file, its list line, its README section and its test": output_list,
    "an output over HTTP knows neither loop nor wire nor log": pure_outputs,
    "every metric has its row in docs/metrics.md": metric_rows,
}
