// What the options of several outputs share: URLs, header maps, and the question "did anything go wrong while
// reading?".
#pragma once

#include "core/fields.h"
#include "net/http_message.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outputs {

// Made before the options are read; failed() is true for a listing, or when an error was reported since.
class Reading {
 public:
  explicit Reading(core::Fields& fields) : fields_{fields}, before_{fields.diagnostics().errors()} {}
  bool failed() const { return fields_.listing() || fields_.diagnostics().errors() > before_; }

 private:
  core::Fields& fields_;
  std::size_t before_;
};

// Reports a text that is no URL under `key` (without quoting it: it may hold a token). An empty text: nullopt, and no
// report.
std::optional<net::Url> read_url(core::Fields& fields, std::string_view key, std::string_view text);

// "http://a:9200,http://b:9200": at least one, or the fault is reported.
std::vector<net::Url> read_urls(core::Fields& fields, std::string_view key, std::string_view text);

// The URL's path with `more` behind it, one slash between; the query of the URL is dropped.
std::string join_path(const net::Url& url, std::string_view more);

// Reports names and values that HTTP forbids, and the headers that are the client's own.
void check_headers(core::Fields& fields, std::string_view key, const std::map<std::string, std::string>& headers);

}  // namespace outputs
