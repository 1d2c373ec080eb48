// What falcosidekick changes in every alert, and that sinks see it while the journal keeps what came.
#include "hub/ingest/mutations.h"
#include "core/payload.h"
#include "hub/deliver/alert_reader.h"
#include "tests/support/catch.h"
#include "tests/unit/hub/serve/ingest_server.h"

using namespace hub;
using namespace hub::test;

namespace {

core::Alert decoded(const std::string& json) {
  core::AlertDecoder decoder{{.needs_fields = false}};
  auto alert = decoder.decode(json);
  REQUIRE(alert);
  return std::move(*alert);
}

core::Alert mutated(const std::string& json, MutationOptions options) {
  core::Alert alert = decoded(json);
  Mutations{std::move(options)}.apply(alert);
  return alert;
}

const std::string kAlert =
    R"j({"output":"16:31:56.746609046: Error File opened (user=root)","priority":"Error","rule":"R",)j"
    R"j("time":"2019-05-17T15:31:56.7Z","output_fields":{"proc.aname[2]":"sh","proc.pid":9007199254740993,)j"
    R"j("user.name":"root"},"tags":["z","b"]})j";

std::string text_of(const core::Alert& alert, std::string_view name) {
  const auto* field = alert.field(name);
  return field == nullptr ? "(none)" : field->text;
}

}  // namespace

TEST_CASE("without configuration the test rule is internal, a source is there, and tags are sorted") {
  const core::Alert plain = mutated(kAlert, {});
  CHECK(plain.source == "syscalls");
  CHECK(plain.tags == std::vector<std::string>{"b", "z"});

  core::Alert test = decoded(kAlert);
  test.rule = "Test rule";
  test.source = "k8s_audit";
  Mutations{}.apply(test);
  CHECK(test.source == "internal");
}

TEST_CASE("custom fields win over the sender's, custom tags are sorted in, and templates see both") {
  MutationOptions options;
  options.customfields = {{"env", "prod"}, {"user.name", "somebody"}};
  options.customtags = {"custom", "a"};
  options.templatedfields["who"] = *core::Template::parse(
      "{{ index . \"user.name\" }}@{{ .env }}:{{ or (index . \"no\") \"-\" }}", core::Template::Dot::Fields);

  const core::Alert alert = mutated(kAlert, std::move(options));

  CHECK(text_of(alert, "user.name") == "somebody");
  CHECK(text_of(alert, "who") == "somebody@prod:-");
  CHECK(alert.tags == std::vector<std::string>{"a", "b", "custom", "z"});
  const std::string payload = core::to_payload(alert);
  CHECK(
      payload.find(
          R"("output_fields":{"env":"prod","proc.aname[2]":"sh","proc.pid":9007199254740993,"user.name":"somebody","who":"somebody@prod:-"})") !=
      std::string::npos);
  CHECK(alert.json == kAlert);  // what the journal keeps
}

TEST_CASE("brackets in names are replaced, and two names that become one are one field") {
  const core::Alert alert = mutated(kAlert, {.bracketreplacer = "_"});
  CHECK(text_of(alert, "proc.aname_2") == "sh");
  CHECK(text_of(alert, "proc.aname[2]") == "(none)");

  const core::Alert twins = mutated(
      R"({"output":"","priority":"Error","rule":"R","time":"2019-05-17T15:31:56.7Z","output_fields":{"a[1]":"x","a_1":"y","b":1}})",
      {.bracketreplacer = "_"});
  CHECK(twins.fields.size() == 2);
  CHECK(std::is_sorted(twins.fields.begin(), twins.fields.end(), [](auto& a, auto& b) { return a.name < b.name; }));
}

TEST_CASE("the output is written in the configured form, and an alert cannot slip in words of that form") {
  MutationOptions options{.customfields = {{"env", "prod"}}, .customtags = {"c"}};
  options.outputfieldformat = "<priority> at <timestamp>: <output> [<tags>] (<custom_fields>) (<templated_fields>)";
  CHECK(mutated(kAlert, options).output == "Error at 16:31:56.746609046: File opened (user=root) [b,c,z] (env=prod)");

  const auto with_output = [](const std::string& output) {
    return R"({"output":")" + output +
           R"(","priority":"Error","rule":"R","time":"2019-05-17T15:31:56.7Z","output_fields":{"a":1}})";
  };
  options.outputfieldformat = "<output>";
  CHECK(mutated(with_output("2019-05-17T16:31:56.746609046+0000: Error x <tags>"), options).output == "x <tags>");
  CHECK(mutated(with_output("free text: Error x"), options).output == "free text: Error x");
  CHECK(mutated(with_output("16:31:56.7: Oops x"), options).output == "16:31:56.7: Oops x");
}

TEST_CASE("a record is read with the mutations of now, and keeps the bytes it came with") {
  IngestServer hub;
  MutationOptions options{.customfields = {{"env", "prod"}}};
  const auto mutations = std::make_shared<const Mutations>(options);
  hub.room.mutations.set(mutations);
  Client client{hub.port()};
  REQUIRE(client.post(kAlert).status == 200);

  const auto record = hub.journal.records().front();
  CHECK(record.payload.find("prod") == std::string::npos);
  AlertReader reader{hub.journal};
  reader.mutate_with(mutations);
  const auto alert = reader.decode(Record{Offset{1}, RecordType::Alert, record.payload});
  REQUIRE(alert);
  CHECK(text_of(**alert, "env") == "prod");
}
