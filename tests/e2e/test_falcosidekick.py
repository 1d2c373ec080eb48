#!/usr/bin/env python3
"""The hub in falcosidekick's place, from outside: what its users send, set and read, and where it used to break.

Bodies are compared whole. The one thing taken out first is `uuid`, which is new each time.
"""
import gzip
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.case import case, expect, program, run_cases, wait_until
from harness.hub import Hub
from harness.receiver import Receiver, Reply

README = (b'{"output":"16:31:56.746609046: Error File below a known binary directory opened for writing (user=root command=touch /bin/hack file=/bin/hack)",'
          b'"hostname": "localhost", "priority":"Error","rule":"Write below binary dir","time":"2019-05-17T15:31:56.746609046Z", '
          b'"output_fields": {"evt.time":1507591916746609046,"fd.name":"/bin/hack","proc.cmdline":"touch /bin/hack","user.name":"root"}}')
OUTPUT = "16:31:56.746609046: Error File below a known binary directory opened for writing (user=root command=touch /bin/hack file=/bin/hack)"
# The fixture of falcosidekick's own output tests; another rule, for "Test rule" becomes source internal.
FIXTURE = {"output": "This is a test from falcosidekick", "priority": "Debug", "rule": "Fixture", "time": "2001-01-01T01:10:00Z", "source": "syscalls",
           "output_fields": {"proc.name": "falcosidekick", "proc.tty": 1234}, "tags": ["test", "example"], "hostname": "test-host"}
SECRETS = ("canary-slack-token", "canary-es-password", "canary-kafka-password", "canary-webhook-key", "canary-smtp-password")


def an_alert(**more):
    return {**FIXTURE, **more}


def sinks(receiver, **more):
    """Four sinks on one receiver, told apart by their path."""
    return {"outputs": {"slack": {"webhookurl": receiver.url + "/slack", "rate": "1000/s", **more.get("slack", {})},
                        "elasticsearch": {"hostport": receiver.url, "batch": {"max_wait": "0s"}},
                        "influxdb": {"hostport": receiver.url, "batch": {"max_wait": "0s"}},
                        "webhook": {"address": receiver.url + "/hook"}}}


def answers(request):
    if "/_bulk" in request.target:
        return Reply(200, b'{"errors":false,"items":[]}')
    return Reply(204 if "/write" in request.target else 200, b"" if "/write" in request.target else b"ok")


def sent_to(receiver, path, count=1):
    def there():
        with receiver.lock:
            found = [r for r in receiver.requests if path in r.target]
        return found if len(found) >= count else None
    return wait_until(there, 15, f"{count} requests to {path}")


def without_uuid(text):
    found = re.sub(r'"uuid":"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",', "", text)
    expect(found != text, "there is a uuid")
    return found


def metric(hub, line):
    text = hub.get("/metrics")[1].decode()
    found = [each for each in text.splitlines() if each.startswith(line + " ")]
    return float(found[0].rsplit(" ", 1)[1]) if found else 0.0


def checked(*arguments, environment=None):
    return subprocess.run([program("tocsin-hub"), *arguments], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(environment or {})})


@case("the README's curl event reaches every sink as falcosidekick's users know it")
def _(folder):
    receiver = Receiver(answers)
    with Hub(folder, sinks(receiver)) as hub:
        status, headers, body = hub.post(README, headers={"Content-Type": "application/x-www-form-urlencoded"})
        expect((status, body) == (200, b""), f"200 and no body: {status} {body}")
        hook = sent_to(receiver, "/hook")[0]
        expect(hook.method == "POST" and hook.headers["content-type"] == "application/json; charset=utf-8", hook.headers)
        expect(headers["Tocsin-Alert-Id"] in hook.body.decode(), "the id in the answer is the uuid that sinks see")
        document = ('{"output":"' + OUTPUT + '","priority":"Error","rule":"Write below binary dir","time":"2019-05-17T15:31:56.746609046Z",'
                    '"output_fields":{"evt.time":1507591916746609046,"fd.name":"/bin/hack","proc.cmdline":"touch /bin/hack","user.name":"root"},'
                    '"source":"syscalls","hostname":"localhost"}')
        expect(without_uuid(hook.body.decode()) == document + "\n", hook.body)

        bulk = sent_to(receiver, "/_bulk")[0].body.decode().splitlines()
        expect(json.loads(bulk[0])["create"]["_index"] == "falco-2019.05.17", bulk[0])
        expect(without_uuid(bulk[1]) == document[:-1] + ',"@timestamp":"2019-05-17T15:31:56.746609046Z"}', bulk[1])

        line = sent_to(receiver, "/write")[0]
        expect("db=falco" in line.target, line.target)
        expect(line.body.startswith(b"events,") and b"rule=Write_below_binary_dir" in line.body.split(b" ")[0].replace(b"\\", b"_")
               or b"rule=Write\\ below\\ binary\\ dir" in line.body, line.body)

        slack = json.loads(sent_to(receiver, "/slack")[0].body)
        attachment = slack["attachments"][0]
        expect(slack["username"] == "Falcosidekick" and slack["icon_url"].endswith("falcosidekick_color.png"), slack)
        expect(attachment["fallback"] == attachment["text"] == OUTPUT and attachment["color"] == "#e20b0b", attachment)
        expect([f["title"] for f in attachment["fields"]] == ["rule", "priority", "source", "hostname", "evt.time", "fd.name", "proc.cmdline", "user.name", "time"],
               attachment["fields"])
        expect(attachment["fields"][-1] == {"title": "time", "value": "2019-05-17 15:31:56.746609046 +0000 UTC", "short": False}, attachment["fields"][-1])
    receiver.close()


@case("falcosidekick's test fixture keeps its form at each sink, and numbers are seen in chats")
def _(folder):
    receiver = Receiver(answers)
    with Hub(folder, sinks(receiver, slack={"messageformat": "Rule: {{ .Rule }} Priority: {{ .Priority }}{{ if index .OutputFields \"no\" }}!{{ end }}"})) as hub:
        expect(hub.post(FIXTURE)[0] == 200, "taken")
        slack = json.loads(sent_to(receiver, "/slack")[0].body)
        expect(slack["text"] == "Rule: Fixture Priority: Debug", slack["text"])
        expect(slack["attachments"][0]["color"] == "#ccfff2", slack)
        shown = {f["title"]: f["value"] for f in slack["attachments"][0]["fields"]}
        expect(shown["tags"] == "example, test" and shown["proc.tty"] == "1234" and shown["proc.name"] == "falcosidekick", shown)
        hook = json.loads(sent_to(receiver, "/hook")[0].body)
        expect(hook["tags"] == ["example", "test"] and hook["output_fields"]["proc.tty"] == 1234, hook)
        line = sent_to(receiver, "/write")[0].body.decode()
        expect("hostname=test-host" in line and "priority=Debug" in line and 'value="This is a test from falcosidekick"' in line, line)
    receiver.close()


@case("every path answers as falcosidekick's, word for word")
def _(folder):
    with Hub(folder, {"outputs": {"stdout": {}}}) as hub:
        from http.client import HTTPConnection

        def ask(method, path, body=None, headers=None):
            connection = HTTPConnection("127.0.0.1", hub.port, timeout=5)
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            said = answer.read()
            connection.close()
            return answer.status, said, answer.headers

        for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD"):
            status, said, headers = ask(method, "/")
            expect(status == 400 and said == (b"" if method == "HEAD" else b"Please send with post http method\n"), f"{method}: {status} {said}")
            expect(headers["Content-Type"] == "text/plain; charset=utf-8" and headers["X-Content-Type-Options"] == "nosniff", headers)
        expect(ask("GET", "/debug/vars")[:2] == (400, b"Please send with post http method\n"), "a path of nobody")
        expect(ask("GET", "/test")[:2] == (400, b"Please send with post http method\n"), "GET /test")
        for method in ("GET", "POST"):
            status, said, headers = ask(method, "/ping")
            expect((status, said) == (200, b"pong\n") and headers["Content-Type"].startswith("text/plain"), "ping")
            status, said, headers = ask(method, "/healthz")
            expect((status, said, headers["Content-Type"]) == (200, b'{"status": "ok"}', "application/json"), f"healthz: {said}")
            expect(ask(method, "/metrics")[0] == 200, "metrics")
        for path in ("/", "/any/path?x=1", "/falco"):
            expect(ask("POST", path, README)[:2] == (200, b""), path)
        refused = (200 * b" ", b"", b"{", b"[]", b"null", b'"x"', b"7", gzip.compress(README), README.replace(b'"Error"', b'"Urgent"'), README.replace(b'"Error"', b'""'),
                   README.replace(b'"Error"', b"3"), README.replace(b'"priority":"Error",', b""), README.replace(b"2019-05-17T15:31:56.746609046Z", b"yesterday"),
                   README.replace(b'"rule":"Write below binary dir"', b'"rule":""'), README.replace(b'"output_fields": {', b'"fields": {'),
                   re.sub(rb'"output_fields": \{.*\}\}', b'"output_fields": {}}', README), README.replace(b'"localhost"', b"5"), README[:-1] + b',"tags":"a"}')
        for body in refused:
            status, said, headers = ask("POST", "/", body)
            expect((status, said) == (400, b"Please send a valid request body\n"), f"{body[:60]}: {status} {said}")
            expect(headers["X-Content-Type-Options"] == "nosniff", "nosniff")
        for body in (README.replace(b'"Error"', b'"info"'), README.replace(b'"Error"', b'"CRITICAL"'), re.sub(rb'"output":"[^"]*"', b'"output":""', README),
                     README.replace(b'"rule"', b'"Rule"'), README.replace(b"Z\"", b"+02:00\""), README[:-1] + b',"message":"x","tags":null}'):
            expect(ask("POST", "/", body)[:2] == (200, b""), f"taken: {body[:80]}")
        expect(metric(hub, 'falcosecurity_falcosidekick_inputs_total{source="requests",status="rejected"}') == len(refused) + 7, "each refusal is counted, a wrong method too")


@case("/test sends falcosidekick's alert past every minimumpriority, whatever its body")
def _(folder):
    receiver = Receiver()
    with Hub(folder, {"outputs": {"webhook": {"address": receiver.url, "minimumpriority": "emergency"}}}) as hub:
        status, _, body = hub.post(b"anything", path="/test")
        expect((status, body) == (200, b""), f"{status} {body}")
        alert = sent_to(receiver, "/")[0].alerts()[0]
        expect(alert["output"] == "This is a test from falcosidekick" and alert["rule"] == "Test rule" and alert["priority"] == "Debug", alert)
        expect(alert["source"] == "internal" and alert["hostname"] == "falcosidekick" and alert["tags"] == ["example", "test"], alert)
        expect(alert["output_fields"] == {"proc.name": "falcosidekick", "user.name": "falcosidekick"}, alert)
    receiver.close()


@case("NDJSON, arrays, numeric Kubernetes fields and any size of alert arrive whole, where falcosidekick loses them")
def _(folder):
    receiver = Receiver()
    with Hub(folder, {"outputs": {"webhook": {"address": receiver.url}}}) as hub:
        lines = b"\n".join(json.dumps(an_alert(rule=f"line {i}")).encode() for i in range(3))
        status, _, body = hub.post(lines)
        expect(status == 200 and json.loads(body)["accepted"] == 3, body)
        expect(json.loads(hub.post([an_alert(rule="in a list"), {"rule": "bad"}])[2])["accepted"] == 1, "a list")
        numeric = an_alert(rule="numeric", output_fields={"k8s.ns.name": 7, "k8s.pod.name": {"a": 1}, "x": None})
        expect(hub.post(numeric)[0] == 200, "numeric")
        long = an_alert(rule="long", output="é" * 3000, output_fields={"proc.cmdline": "漢" * 4000, "n": 12345678901234567890})
        expect(hub.post(long)[0] == 200, "long")
        got = {a["rule"]: a for r in sent_to(receiver, "/", 6) for a in r.alerts()}
        expect(set(got) == {"line 0", "line 1", "line 2", "in a list", "numeric", "long"}, sorted(got))
        expect(got["numeric"]["output_fields"] == numeric["output_fields"], got["numeric"])
        expect(got["long"]["output"] == long["output"] and got["long"]["output_fields"] == long["output_fields"], "nothing is cut for all sinks")
        expect(metric(hub, 'falcosecurity_falcosidekick_falco_events_total{hostname="test-host",rule="numeric",priority="1",priority_raw="debug",'
                           'source="syscalls",k8s_ns_name="7",k8s_pod_name="{\\"a\\": 1}"}') == 1, "counted")
        expect(hub.post(README + b"trailing")[0] == 400, "what follows an alert is not dropped in silence")
    receiver.close()


CHART = ("SLACK_WEBHOOKURL SLACK_CHANNEL SLACK_FOOTER SLACK_ICON SLACK_USERNAME SLACK_OUTPUTFORMAT SLACK_MESSAGEFORMAT SLACK_MINIMUMPRIORITY ELASTICSEARCH_HOSTPORT "
         "ELASTICSEARCH_INDEX ELASTICSEARCH_TYPE ELASTICSEARCH_SUFFIX ELASTICSEARCH_MINIMUMPRIORITY ELASTICSEARCH_USERNAME ELASTICSEARCH_PASSWORD INFLUXDB_HOSTPORT INFLUXDB_DATABASE "
         "INFLUXDB_USER INFLUXDB_PASSWORD INFLUXDB_MINIMUMPRIORITY KAFKA_HOSTPORT KAFKA_TOPIC KAFKA_PASSWORD WEBHOOK_CUSTOMHEADERS WEBHOOK_MINIMUMPRIORITY SMTP_HOSTPORT TEAMS_WEBHOOKURL "
         "CUSTOMTAGS TEMPLATEDFIELDS OUTPUTFIELDFORMAT BRACKETREPLACER TLSSERVER_DEPLOY LISTENADDRESS").split()


@case("the chart's variables work, and an empty one is as good as none")
def _(folder):
    receiver = Receiver()
    environment = {**{name: "" for name in CHART}, "DEBUG": "false", "TLSSERVER_DEPLOY": "false", "TLSSERVER_NOTLSPORT": "2810", "MUTUALTLSFILESPATH": "/etc/certs",
                   "WEBHOOK_ADDRESS": receiver.url + "/hook", "WEBHOOK_METHOD": "POST", "WEBHOOK_CHECKCERT": "true", "WEBHOOK_MINIMUMPRIORITY": "info",
                   "WEBHOOK_CUSTOMHEADERS": "X-Key:one,Authorization:Bearer a", "CUSTOMFIELDS": "env:prod,cluster:%CLUSTER", "CLUSTER": "eu-1",
                   "TEAMS_WEBHOOKURL": "http://127.0.0.1:1/canary-teams", "ELASTICSEARCH_TYPE": "_doc", "KAFKA_SERVICE_HOST": "10.0.0.1"}
    with Hub(folder, None, environment=environment) as hub:
        expect([s["name"] for s in hub.status()["sinks"] if s["kind"] != "stdout" and s["kind"] != "file"] == ["webhook"], "one sink beside our own two")
        expect(hub.post(an_alert(priority="Debug", rule="too low"))[0] == 200 and hub.post(an_alert(priority="Informational"))[0] == 200, "taken")
        request = sent_to(receiver, "/hook")[0]
        alert = request.alerts()[0]
        expect(request.headers["x-key"] == "one" and request.headers["authorization"] == "Bearer a", request.headers)
        expect(alert["rule"] == "Fixture" and alert["tags"] == ["example", "test"], f"no empty tag: {alert}")
        expect(alert["output_fields"] == {"cluster": "eu-1", "env": "prod", "proc.name": "falcosidekick", "proc.tty": 1234}, alert)
        log = hub.tail()
        expect("the variables configure 'teams'" in log and "canary-teams" not in log, log)
        expect("variable ELASTICSEARCH_TYPE has no effect" in log and "KAFKA_SERVICE_HOST" not in log, log)
    receiver.close()


@case("mutations and labels follow the configuration, and a name that can be no label breaks nothing")
def _(folder):
    receiver = Receiver()
    settings = {"customfields": {"k8s.cluster": "eu-1"}, "customtags": ["zone"], "bracketreplacer": "_",
                "templatedfields": {"team": "{{ or (index . \"k8s.ns.labels.team\") \"nobody\" }}"},
                "outputfieldformat": "<timestamp>: <priority> <output> (<custom_fields> <templated_fields>) <tags>",
                "prometheus": {"extralabels": ["proc.aname[2]", "fd.name"]}}
    with Hub(folder, {"outputs": {"webhook": {"address": receiver.url}}}, settings) as hub:
        expect(hub.post(an_alert(output=OUTPUT, output_fields={"proc.aname[2]": "sh", "fd.name": "/x"}))[0] == 200, "taken")
        alert = sent_to(receiver, "/")[0].alerts()[0]
        expect(alert["output_fields"] == {"fd.name": "/x", "k8s.cluster": "eu-1", "proc.aname_2": "sh", "team": "nobody"}, alert)
        expect(alert["output"] == OUTPUT + " (k8s.cluster=eu-1 team=nobody) example,test,zone", alert["output"])
        expect(metric(hub, 'falcosecurity_falcosidekick_falco_events_total{hostname="test-host",rule="Fixture",priority="1",priority_raw="debug",source="syscalls",'
                           'k8s_ns_name="",k8s_pod_name="",k8s_cluster="eu-1",team="nobody",fd_name="/x"}') == 1, hub.get("/metrics")[1].decode()[:3000])
        wait_until(lambda: metric(hub, 'falcosecurity_falcosidekick_outputs_total{destination="webhook",status="ok"}') == 1, 5, "the output is counted")
        expect("'proc.aname[2]'" in hub.tail() and "label" in hub.tail(), hub.tail())
    receiver.close()


THEIRS = """
listenaddress: ""
debug: false
customfields: {{Akey: "AValue", cluster: "%CLUSTER"}}
outputFieldFormat: ""
mutualtlsfilespath: "/etc/certs"
slack:
  webhookurl: "{url}/slack/canary-slack-token"
  messageFormat: 'Alert : rule *{{{{ .Rule }}}}* triggered by user *{{{{ index .OutputFields "user.name" }}}}*'
  minimumpriority: "info"
teams:
  webhookurl: ""
  activityimage: ""
elasticsearch:
  hostport: "{url}"
  type: "_doc"
  username: "elastic"
  password: "canary-es-password"
  customHeaders:
    X-Key: canary-webhook-key
kafka:
  hostport: ""
  password: "canary-kafka-password"
smtp:
  hostport: "mail:25"
  password: "canary-smtp-password"
  tls: true
webhook:
  address: "{url}/hook?key=canary-webhook-key"
  customHeaders:
    Authorization: Bearer canary-webhook-key
  colour: red
loki:
  hostPort: "http://loki:3100"
statsd:
  namespace: "falcosidekick."
lisenport: 2801
"""


def their_file(folder, url):
    path = os.path.join(folder, "config.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(THEIRS.format(url=url))
    return path


@case("falcosidekick's config.yaml starts as it is: one warning for each output that is missing, and no secret in any")
def _(folder):
    receiver = Receiver(answers)
    hub = Hub(folder, None, environment={"CLUSTER": "eu-1"})
    hub.hub_yaml = their_file(folder, receiver.url)
    hub.environment.update({"LISTENPORT": str(hub.port), "STATE_DIRECTORY": hub.state})
    with hub:
        expect(hub.post(an_alert(priority="Notice", output_fields={"user.name": "root"}))[0] == 200, "taken")
        text = json.loads(sent_to(receiver, "/slack")[0].body)["text"]
        expect(text == "Alert : rule *Fixture* triggered by user *root*", text)
        hook = sent_to(receiver, "/hook")[0]
        expect(hook.headers["authorization"] == "Bearer canary-webhook-key", hook.headers)
        expect(hook.alerts()[0]["output_fields"] == {"Akey": "AValue", "cluster": "eu-1", "user.name": "root"}, hook.alerts())
        expect(sent_to(receiver, "/_bulk")[0].headers["x-key"] == "canary-webhook-key", "headers of elasticsearch")
        log = hub.tail(20000)
        for name in ("smtp", "loki"):
            expect(len(re.findall(f"warning: '{name}' is an output of falcosidekick", log)) == 1, f"one warning for {name}: {log}")
        for name in ("teams", "statsd"):
            expect(f"'{name}' is an output" not in log, f"{name} is not in use: {log}")
        expect("'type' has no effect" in log, log)
        expect("has no option 'lisenport'" in log and "did you mean 'listenport'?" in log and "has no option 'colour'" in log, log)
        for secret in SECRETS:
            expect(secret not in log, f"{secret} in the log")
    receiver.close()


@case("a misspelt priority or template is an error with its place, before anything starts")
def _(folder):
    def refused(text, *words):
        path = os.path.join(folder, "config.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        ended = checked("check-config", "--config", path)
        expect(ended.returncode == 2 and all(word in ended.stderr for word in words), f"{ended.returncode}: {ended.stdout}{ended.stderr}")
    refused("webhook: {address: 'http://127.0.0.1:1/', minimumpriority: informal}\n", "config.yaml:1:60: error", "which is not a priority")
    refused("slack:\n  webhookurl: http://127.0.0.1:1/canary\n  messageformat: '{{ .Rules }}'\n", "config.yaml:3:22: error", "there is no '.Rules'")
    refused("slack:\n  webhookurl: http://127.0.0.1:1/canary\n  minimumpriority: warnin\n", "    3 |   minimumpriority: warnin", "which is not a priority")
    refused("templatedfields: {a: '{{ index . }}'}\n", "config.yaml:1:26: error", "index wants")
    ended = checked("check-config", environment={"WEBHOOK_ADDRESS": "http://127.0.0.1:1/", "WEBHOOK_MINIMUMPRIORITY": "warn"})
    expect(ended.returncode == 2 and "environment: error" in ended.stderr and "'warn', which is not a priority" in ended.stderr, ended.stderr)
    path = os.path.join(folder, "hub.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("lisenport: 1\n")
    expect(checked("check-config", "--config", path).returncode == 2, "in our own file an unknown key is an error")


@case("import prints files that check-config takes, names what is left out, and shows no secret")
def _(folder):
    theirs = their_file(folder, "http://127.0.0.1:1")
    printed = checked("import", "falcosidekick", theirs)
    expect(printed.returncode == 0, printed.stderr)
    for secret in SECRETS:
        expect(secret not in printed.stdout + printed.stderr, f"{secret} is printed")
    for name in ("smtp is left out", "loki is left out", "lisenport", "did you mean listenport?", "webhook.colour", "SLACK_WEBHOOKURL is the value at"):
        expect(name in printed.stderr, f"{name}: {printed.stderr}")
    hub_yaml, outputs_yaml = printed.stdout.split("# ----- outputs.yaml -----\n")
    for name, text in (("hub.yaml", hub_yaml), ("outputs.yaml", outputs_yaml)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    variables = dict.fromkeys(re.findall(r"\$\{env:(\w+)\}", printed.stdout), "x")
    variables.update({"SLACK_WEBHOOKURL": "http://127.0.0.1:1/s", "WEBHOOK_ADDRESS": "http://127.0.0.1:1/w"})
    ended = checked("check-config", "--config", f"{folder}/hub.yaml", "--outputs", f"{folder}/outputs.yaml", environment=variables)
    expect(ended.returncode == 0 and "3 sinks" in ended.stdout, ended.stdout + ended.stderr)

    written = checked("import", "falcosidekick", theirs, "--to", f"{folder}/made", environment={"CLUSTER": "eu-1"})
    expect(written.returncode == 0, written.stderr)
    secret = f"{folder}/made/secrets/ELASTICSEARCH_PASSWORD"
    expect(open(secret, encoding="utf-8").read() == "canary-es-password\n" and os.stat(secret).st_mode & 0o777 == 0o600, "secrets are their owner's alone")
    ended = checked("check-config", "--config", f"{folder}/made/hub.yaml", "--outputs", f"{folder}/made/outputs.yaml", environment={"CLUSTER": "eu-1"})
    expect(ended.returncode == 0 and "3 sinks" in ended.stdout, ended.stdout + ended.stderr)
    again = checked("import", "falcosidekick", theirs, "--to", f"{folder}/made")
    expect(again.returncode == 1 and "nothing is overwritten" in again.stderr, again.stderr)


@case("import --env turns variables into files that read their secrets from them")
def _(folder):
    variables = {"SLACK_WEBHOOKURL": "http://127.0.0.1:1/canary-slack-token", "SLACK_MINIMUMPRIORITY": "warnin", "INFLUXDB_HOSTPORT": "http://127.0.0.1:1", "INFLUXDB_TOKEN": "canary-es-password",
                 "CUSTOMFIELDS": "a:b,c:%HOME", "CUSTOMTAGS": "x,,y", "TEMPLATEDFIELDS": "t:{{ printf \"%s,%s\" .a .b }}", "WEBHOOK_ADDRESS": "", "DATADOG_APIKEY": "canary-webhook-key",
                 "WEBHOOK_CUSTOMHEADERS": "", "KAFKA_HOSTPORT": "127.0.0.1:1", "KAFKA_TOPIC": "falco", "KAFKA_ASYNC": "true"}
    printed = checked("import", "falcosidekick", "--env", environment=variables)
    expect(printed.returncode == 0 and "canary" not in printed.stdout + printed.stderr, printed.stdout + printed.stderr)
    for sentence in ("slack.minimumpriority is left out", "datadog is left out", "kafka.async is left out"):
        expect(sentence in printed.stderr, printed.stderr)
    hub_yaml, outputs_yaml = printed.stdout.split("# ----- outputs.yaml -----\n")
    for name, text in (("hub.yaml", hub_yaml), ("outputs.yaml", outputs_yaml)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    kept = {name: variables[name] for name in ("SLACK_WEBHOOKURL", "INFLUXDB_TOKEN")}
    ended = checked("check-config", "--config", f"{folder}/hub.yaml", "--outputs", f"{folder}/outputs.yaml", environment=kept)
    expect(ended.returncode == 0 and "3 sinks" in ended.stdout, ended.stdout + ended.stderr)


if __name__ == "__main__":
    run_cases()
