#include "hub/http/message.h"

#include <fmt/format.h>
#include <boost/algorithm/string/predicate.hpp>

#include <iterator>

namespace hub {
namespace {

constexpr std::size_t kKeptBytes = 256 << 10;

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  const std::string_view text = header_text_;
  for (const Span& span : headers_)
    if (boost::algorithm::iequals(text.substr(span.name, span.value - span.name), name))
      return text.substr(span.value, span.end - span.value);
  return {};
}

std::string_view Request::path() const {
  const std::string_view text = target;
  return text.substr(0, text.find('?'));
}

void Request::add_header(std::string_view name, std::string_view value) {
  const auto begin = static_cast<std::uint32_t>(header_text_.size());
  header_text_.append(name).append(value);
  const auto middle = static_cast<std::uint32_t>(begin + name.size());
  headers_.push_back({begin, middle, static_cast<std::uint32_t>(header_text_.size())});
}

void Request::clear() {
  method.clear();
  target.clear();
  header_text_.clear();
  headers_.clear();
  body.clear();
  if (body.capacity() > kKeptBytes) std::string{}.swap(body);
  keep_alive = true;
  expects_continue = false;
  coding = Coding::None;
}

void append_response(std::string& to, const Response& response, ResponseForm form, std::string_view date) {
  fmt::format_to(std::back_inserter(to), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason(response.status),
                 date);
  if (!response.content_type.empty()) to.append("Content-Type: ").append(response.content_type).append("\r\n");
  to += response.headers;
  if (!form.keep_alive) to += "Connection: close\r\n";
  fmt::format_to(std::back_inserter(to), "Content-Length: {}\r\n\r\n", response.body.size());
  if (form.body_wanted) to += response.body;
}

}  // namespace hub
