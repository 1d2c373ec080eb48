// Webhook bodies, to the letter.
#include "tests/unit/outputs/make_output.h"

using test::alert;
using test::make;
using test::render;

TEST_CASE("a raw webhook gets falcosidekick's body with uuid and a final newline, and the id as idempotency key") {
  const auto made = make("webhook", "address: http://hooks.example/falco");

  const auto request = render(made, {alert(test::kReadme)}).request;

  CHECK(request.method == "POST");
  CHECK(request.url.target == "/falco");
  CHECK(
      request.body ==
      R"json({"uuid":"00000000-0000-0000-0000-000000000001","output":"16:31:56.746609046: Error File below a known binary directory opened for writing (user=root command=touch /bin/hack file=/bin/hack)","priority":"Error","rule":"Write below binary dir","time":"2019-05-17T15:31:56.746609046Z","output_fields":{"evt.time":1507591916746609046,"fd.name":"/bin/hack","proc.cmdline":"touch /bin/hack","user.name":"root"},"source":"syscalls","hostname":"localhost"})json"
      "\n");
  REQUIRE(request.headers.size() == 2);
  CHECK(request.headers[0].value == "application/json; charset=utf-8");
  CHECK(request.headers[1].name == "Idempotency-Key");
  CHECK(request.headers[1].value == "00000000-0000-0000-0000-000000000001");
  CHECK(made.output->limits().items == 1);
}

TEST_CASE("array and ndjson put a batch into one request") {
  const auto array = make("webhook", "{address: http://a/, format: array, batch: {max_items: 7}}");
  const auto lines = make("webhook", "{address: http://a/, format: ndjson, method: put}");
  const std::vector<core::AlertRef> batch{alert(test::kFixture, 1), alert(test::kReadme, 2)};

  const std::string as_array = render(array, batch).request.body;
  const auto as_lines = render(lines, batch).request;

  CHECK(as_array.starts_with("[{\"uuid\":\"00000000-0000-0000-0000-000000000001\""));
  CHECK(as_array.find("},{\"uuid\":\"00000000-0000-0000-0000-000000000002\"") != std::string::npos);
  CHECK(as_array.ends_with("}]\n"));
  CHECK(std::count(as_lines.body.begin(), as_lines.body.end(), '\n') == 2);
  CHECK(as_lines.method == "PUT");
  CHECK(as_lines.headers.at(0).value == "application/x-ndjson");
  CHECK(array.output->limits().items == 7);
}

TEST_CASE("custom headers are added, and win over ours") {
  const auto made =
      make("webhook", "{address: http://a/, customheaders: {Authorization: Bearer x, content-type: text/plain}}");

  const auto headers = render(made, {alert(test::kFixture)}).request.headers;

  const net::HttpReply lookup{.status = 0, .headers = headers, .body = {}};
  CHECK(lookup.header("Authorization") == "Bearer x");
  CHECK(lookup.header("Content-Type") == "text/plain");
}
