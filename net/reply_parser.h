// Bytes → HttpReply, over Beast's parser. The body is kept up to a bound; what follows is not read (the connection is closed then).
#pragma once

#include "net/http_message.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace net {

class ReplyParser final : public boost::beast::http::basic_parser<false> {
 public:
  explicit ReplyParser(std::size_t max_body_bytes) : max_body_bytes_{max_body_bytes} {
    eager(true);
    header_limit(64 << 10);
    body_limit(boost::none);
  }
  HttpReply take() { return std::move(reply_); }
  int status() const { return reply_.status; }
  bool is_cut() const { return cut_; }   // the body was longer than the bound

 private:
  using View = boost::beast::string_view;
  using ErrorCode = boost::beast::error_code;

  void on_request_impl(boost::beast::http::verb, View, View, int, ErrorCode& error) override { error = boost::beast::http::error::bad_version; }
  void on_response_impl(int code, View, int, ErrorCode& error) override {
    error = {};
    reply_.status = code;
  }
  void on_field_impl(boost::beast::http::field, View name, View value, ErrorCode& error) override {
    error = {};
    reply_.headers.push_back({std::string{name}, std::string{value}});
  }
  void on_header_impl(ErrorCode& error) override { error = {}; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& error) override {
    error = {};
    if (length) reply_.body.reserve(std::min<std::uint64_t>(*length, max_body_bytes_));
  }
  std::size_t on_body_impl(View body, ErrorCode& error) override { return keep(body, error); }
  void on_chunk_header_impl(std::uint64_t, View, ErrorCode& error) override { error = {}; }
  std::size_t on_chunk_body_impl(std::uint64_t, View body, ErrorCode& error) override { return keep(body, error); }
  void on_finish_impl(ErrorCode& error) override { error = {}; }

  std::size_t keep(View body, ErrorCode& error) {
    error = {};
    const std::size_t room = max_body_bytes_ - reply_.body.size();
    reply_.body.append(body.data(), std::min(room, body.size()));
    if (body.size() > room) {
      cut_ = true;
      error = boost::beast::http::error::body_limit;
    }
    return body.size();
  }

  HttpReply reply_;
  std::size_t max_body_bytes_;
  bool cut_ = false;
};

}  // namespace net
