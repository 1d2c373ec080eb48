// outputs/README.md against the code: each kind has a section, and its table is what the code lists. To write the
// tables anew:
//   test_outputs "[.tables]"
#include "tests/unit/outputs/make_output.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <sstream>

namespace {

std::string table_of(const outputs::Kind& kind) {
  std::vector<core::OptionRow> rows;
  core::Fields listing{rows};
  boost::asio::io_context loop;
  CHECK_FALSE(kind.make(listing, {.executor = loop.get_executor()}));
  std::string table = "| option | type | default | meaning |\n|---|---|---|---|\n";
  for (const core::OptionRow& row : rows) {
    const std::string standard = row.required               ? "**required**"
                                 : row.default_text.empty() ? ""
                                                            : "`" + row.default_text + "`";
    table += fmt::format("| `{}` | {} | {} | {} |\n", row.key, row.type, standard, row.help);
  }
  return table;
}

}  // namespace

TEST_CASE("every output's section of the README shows its options as the code has them") {
  std::ostringstream text;
  text << std::ifstream{TOCSIN_OUTPUTS_README}.rdbuf();
  const std::string readme = text.str();

  for (const outputs::Kind& kind : outputs::kinds()) {
    CAPTURE(std::string{kind.name});
    const auto begin = readme.find("\n## " + std::string{kind.name} + "\n");
    REQUIRE(begin != std::string::npos);
    const std::string section = readme.substr(begin, readme.find("\n## ", begin + 4) - begin);
    CHECK(section.find(table_of(kind)) != std::string::npos);
  }
}

TEST_CASE("the option tables, for outputs/README.md", "[.tables]") {
  for (const outputs::Kind& kind : outputs::kinds()) std::cout << "=== " << kind.name << "\n" << table_of(kind);
}

TEST_CASE("kinds are found by name, and nothing else is") {
  CHECK(outputs::kinds().size() == 7);
  CHECK(outputs::find_kind("slack"));
  CHECK_FALSE(outputs::find_kind("Slack"));
  CHECK_FALSE(outputs::find_kind(""));
}
