// Beast's parser, writing into a Request that is used again and again: no allocation a request. Stricter than Beast
// where requests could be read in two ways (smuggling): any Transfer-Encoding but "chunked", a second Content-Length or
// Host, even an equal one, HTTP/1.1 without a Host, chunk extensions and trailers are refused. What Beast has already
// put right when it calls us (folded lines) is strict.h's.
#pragma once

#include "hub/http/message.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <utility>

namespace hub {

class RequestParser : public boost::beast::http::basic_parser<true> {
  using error_code = boost::beast::error_code;
  using error = boost::beast::http::error;
  using field = boost::beast::http::field;
  using string_view = boost::beast::string_view;

 public:
  explicit RequestParser(Request& request) : request_{request} {}

 private:
  void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    is_1_0_ = version < 11;
    request_.method.assign(method.data(), method.size());
    request_.target.assign(target.data(), target.size());
  }

  void on_field_impl(field name, string_view name_text, string_view value, error_code& fault) override {
    if (headers_done_) {  // a trailer after chunks
      fault = error::bad_field;
      return;
    }
    if (name == field::host && std::exchange(has_host_, true)) fault = error::bad_field;
    if (name == field::content_encoding && !boost::beast::iequals(value, "identity"))
      request_.coding = boost::beast::iequals(value, "gzip") ? Request::Coding::Gzip : Request::Coding::Other;
    if (name == field::content_length && std::exchange(has_length_, true)) fault = error::multiple_content_length;
    if (name == field::content_length && value.find_first_not_of("0123456789") != string_view::npos)
      fault = error::bad_content_length;  // "2, 2" is 2 to Beast
    if (name == field::transfer_encoding && (is_1_0_ || !boost::beast::iequals(value, "chunked")))
      fault = error::bad_transfer_encoding;
    if (name == field::expect && boost::beast::iequals(value, "100-continue")) request_.expects_continue = true;
    request_.add_header({name_text.data(), name_text.size()}, {value.data(), value.size()});
  }

  void on_header_impl(error_code& fault) override {
    headers_done_ = true;
    if (!has_host_ && !is_1_0_) fault = error::bad_field;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view bytes, error_code&) override {
    request_.body.append(bytes.data(), bytes.size());  // grows as bytes come: a Content-Length is only a promise
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view extensions, error_code& fault) override {
    if (!extensions.empty()) fault = error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override {
    request_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, string_view, int, error_code&) override {}

  Request& request_;
  bool has_length_ = false, has_host_ = false, is_1_0_ = false, headers_done_ = false;
};

}  // namespace hub
