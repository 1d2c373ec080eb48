// Text of attackers on its way into JSON, logs and limited fields.
#include "core/text.h"
#include "core/priority.h"
#include "core/secret.h"
#include "core/suggest.h"
#include "tests/support/catch.h"

using namespace core;

TEST_CASE("a cut never splits a character") {
  const std::string text = "añ漢🙂z";
  for (std::size_t n = 0; n <= text.size() + 1; ++n) {
    CHECK(is_valid_utf8(cut_utf8(text, n)));
    CHECK(cut_utf8(text, n).size() <= n);
  }
  CHECK(truncate_utf8("0123456789", 8) == "012[...]");
  CHECK(truncate_utf8("0123456789", 10) == "0123456789");
  CHECK(count_runes(text) == 5);
}

TEST_CASE("text from alerts cannot steer a terminal or forge a line") {
  CHECK(printable("a\nb\x1b[31m\x7f\t") == "a\\nb\\u001b[31m\\u007f\\t");
  CHECK(printable("\u202eevil\u2066") == "\\u202eevil\\u2066");
  CHECK(printable("\xff\xc3") == "\uFFFD\uFFFD");
  CHECK(printable("漢🙂") == "漢🙂");
}

TEST_CASE("JSON strings are escaped, and invalid UTF-8 becomes U+FFFD") {
  CHECK(json_quote("a\"b\\c\n\x01") == R"("a\"b\\c\n\u0001")");
  CHECK(json_quote("\xff") == R"("\ufffd")");
  CHECK(json_quote("<&>", {.html_safe = true}) == "\"\\u003c\\u0026\\u003e\"");
  CHECK(json_quote("<&>") == "\"<&>\"");
}

TEST_CASE("base64, hex and percent encoding follow their RFCs") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(hex("\x01\xff") == "01ff");
  CHECK(percent_encode("a b/ü") == "a%20b%2F%C3%BC");
}

TEST_CASE("priorities are read in any case and compared by name") {
  CHECK(*parse_priority("WARNING") == Priority::Warning);
  CHECK(*parse_priority("info") == Priority::Informational);
  CHECK_FALSE(parse_priority("warn"));
  CHECK(at_least(Priority::Emergency, Priority::Warning));
  CHECK_FALSE(at_least(Priority::Debug, Priority::Informational));
  CHECK(to_falcosidekick_number(Priority::Debug) == 1);
}

TEST_CASE("a secret does not print, and a URL prints without what it carries") {
  CHECK(fmt::format("{}", Secret{"s3cret"}) == "<redacted>");
  CHECK(redact_url("http://a:9200,http://u:p,w@b:9200/x?k=v,https://c?t=1") ==
        "http://a:9200,http://<redacted>@b:9200/x?k=<redacted>,https://c?t=<redacted>");
  CHECK(redact_url("https://user:pass@host/p?token=abc&x=1") ==
        "https://<redacted>@host/p?token=<redacted>&x=<redacted>");
}

TEST_CASE("a misspelt name gets the nearest one as a hint") {
  const std::vector<std::string> names{"webhookurl", "channel", "text"};
  CHECK(did_you_mean("webhokurl", names) == "did you mean 'webhookurl'? it also has: channel, text");
  CHECK(did_you_mean("zzz", names) == "it has: webhookurl, channel, text");
}
