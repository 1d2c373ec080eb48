// A request taken and an answer given, as values. No Beast type leaves request_parser.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hub {

// One request, whole. Belongs to its connection and is used again for the next one: whoever needs a part of it later
// copies that part.
class Request {
 public:
  std::string method, target;  // as sent
  std::string body;
  std::string peer;                     // the address it came from, without the port
  std::vector<std::string> peer_names;  // in the certificate that its connection showed; empty: none
  bool keep_alive = true;
  bool expects_continue = false;
  enum class Coding : std::uint8_t { None, Gzip, Other } coding = Coding::None;  // of the body, as it came

  // The first header of that name, in any case; "" when there is none.
  std::string_view header(std::string_view name) const;
  std::string_view path() const;  // the target without its query

  void add_header(std::string_view name, std::string_view value);
  void clear();  // all but the peer and its names; keeps the memory, unless it is a lot

 private:
  struct Span {
    std::uint32_t name, value, end;  // positions in header_text_
  };
  std::string header_text_;
  std::vector<Span> headers_;
};

struct Response {
  int status = 200;
  std::string_view content_type;  // a constant; "": none
  std::string headers;            // whole lines, each with its CRLF
  std::string body;
};

struct ResponseForm {
  bool keep_alive = true;
  bool body_wanted = true;  // false: the answer to a HEAD
};

// As it goes over the wire. `date` is the value of the Date header.
void append_response(std::string& to, const Response& response, ResponseForm form, std::string_view date);

}  // namespace hub
