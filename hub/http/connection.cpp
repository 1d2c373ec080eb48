#include "hub/http/connection.h"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace hub {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t kReadBytes = 16 << 10;
constexpr std::size_t kMostOut = 1 << 20;  // a client that does not read its answers is not read from either
constexpr auto kWriteDeadline = std::chrono::seconds{15};
constexpr auto kLinger = std::chrono::seconds{5};

}  // namespace

Connection::Connection(Loop& loop, LoopSocket socket) : loop_{loop}, socket_{std::move(socket)} {}

void Connection::start() {
  error_code fault;
  const auto peer = socket_.remote_endpoint(fault);
  if (fault) return break_off();
  request_.peer = peer.address().to_string();
  socket_.set_option(asio::ip::tcp::no_delay{true}, fault);
  socket_.non_blocking(true, fault);
  in_.reserve(kReadBytes);
  if (loop_.finishing()) return break_off();
  watch();
  read();
}

void Connection::read() {
  if (reading_ || saw_end_ || state_ == State::Broken) return;
  if (state_ == State::Open && (slots_.size() >= loop_.options().pipelined || out_.size() >= kMostOut)) return;
  reading_ = true;
  if (state_ != State::Open) in_.clear();  // read only to see the end
  socket_.async_read_some(in_.prepare(kReadBytes), [self = shared_from_this()](error_code fault, std::size_t bytes) {
    self->on_read(fault, bytes);
  });
}

void Connection::on_read(error_code fault, std::size_t bytes) {
  reading_ = false;
  if (state_ == State::Broken) return;
  if (fault && fault != asio::error::eof) return break_off();
  if (fault) {
    // The client will send nothing more. It may still read (half closed), or be gone: linger() finds out which.
    saw_end_ = true;
    if (state_ == State::Lingering) return attend(std::chrono::steady_clock::now());
    if (slots_.empty() && out_.empty() && !writing_ && unwritten_.empty()) return break_off();
    state_ = State::Closing;
    return;
  }
  in_.commit(bytes);
  if (state_ == State::Open) parse();
  read();
}

void Connection::parse() {
  parsing_ = true;
  while (state_ == State::Open && in_.size() > 0 && slots_.size() < loop_.options().pipelined) {
    if (!parser_) {
      request_.clear();
      continued_ = false;
      ++begun_;
      parser_.emplace(request_);
      parser_->eager(true);
      parser_->header_limit(static_cast<std::uint32_t>(loop_.options().header_bytes));
      parser_->body_limit(loop_.options().body_bytes);
    }
    error_code fault;
    in_.consume(parser_->put(in_.data(), fault));
    if (fault == http::error::need_more)
      fault = {};
    else if (fault == http::error::body_limit)
      refuse(413, fmt::format("the body has more than {} bytes", loop_.options().body_bytes));
    else if (fault == http::error::header_limit)
      refuse(431, fmt::format("the headers have more than {} bytes", loop_.options().header_bytes));
    else if (fault)
      refuse(400, fmt::format("this is not HTTP/1.1: {}", fault.message()));
    if (state_ != State::Open) break;
    if (parser_->is_done()) {
      dispatch();
      continue;
    }
    if (parser_->is_header_done() && request_.expects_continue && !std::exchange(continued_, true) && slots_.empty()) {
      out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    break;
  }
  parsing_ = false;
  flush();
}

void Connection::dispatch() {
  request_.keep_alive = parser_->keep_alive() && !loop_.finishing();
  parser_.reset();
  slots_.push_back({.key = {},
                    .response = {},
                    .form = {.keep_alive = request_.keep_alive, .body_wanted = request_.method != "HEAD"}});
  if (!request_.keep_alive) state_ = State::Closing;
  const std::uint64_t number = first_number_ + slots_.size() - 1;
  loop_.handler().handle(request_, Reply{shared_from_this(), number});
}

// A request that cannot be read: where the next one would begin is unknown, so this is the last answer.
void Connection::refuse(int status, std::string_view why) {
  parser_.reset();
  state_ = State::Closing;
  slots_.push_back({.key = {},
                    .response = Response{.status = status,
                                         .content_type = "text/plain; charset=utf-8",
                                         .headers = "Tocsin-Hub: 1\r\n",
                                         .body = fmt::format("{}\n", why)},
                    .form = {.keep_alive = false, .body_wanted = true}});
}

void Connection::remember(std::uint64_t number, RequestKey key) {
  if (number >= first_number_) slots_[number - first_number_].key = key;
}

void Connection::answer(std::uint64_t number, Response response) {
  Slot& slot = slots_[number - first_number_];
  if (state_ == State::Broken && slot.key) loop_.handler().answered(slot.key, response);
  slot.response = std::move(response);
}

void Connection::flush() {
  if (parsing_ || state_ == State::Broken) return;
  while (!slots_.empty() && slots_.front().response) {
    Slot& slot = slots_.front();
    if (loop_.finishing() && slots_.size() == 1) {
      slot.form.keep_alive = false;
      if (state_ == State::Open) state_ = State::Closing;
    }
    append_response(out_, *slot.response, slot.form, loop_.date());
    if (slot.key) unwritten_.push_back({slot.key, std::move(*slot.response)});
    slots_.pop_front();
    ++first_number_;
  }
  write();
}

void Connection::write() {
  if (writing_) return;
  if (!out_.empty()) {
    error_code fault;
    const std::size_t written = socket_.write_some(asio::buffer(out_), fault);
    if (fault && fault != asio::error::would_block) return break_off();
    if (written < out_.size()) {
      if (!fault || fault == asio::error::would_block) out_.erase(0, written);
      writing_ = true;
      deadline_ = std::chrono::steady_clock::now() + kWriteDeadline;
      // out_ may grow while this runs: the part under way is moved aside.
      auto rest = std::make_shared<std::string>(std::move(out_));
      out_.clear();
      asio::async_write(socket_, asio::buffer(*rest),
                        [self = shared_from_this(), rest](error_code failed, std::size_t) {
                          self->writing_ = false;
                          self->deadline_ = SteadyTime::max();  // watch() sets the next
                          if (self->state_ == State::Broken) return;
                          if (failed) return self->break_off();
                          self->write();
                        });
      return;
    }
    out_.clear();
  }
  on_written();
}

void Connection::on_written() {
  if (!saw_end_) unwritten_.clear();
  if (state_ == State::Closing && slots_.empty()) return linger();
  watch();
  // What had to wait: requests already read, or bytes not yet read.
  if (state_ == State::Open && in_.size() > 0 && !parser_ && !parsing_) return parse();
  read();
}

// Closing at once would send a reset over an answer that the client has not read yet, if it has sent more than we have
// read. And a client that had closed its side when we wrote may be gone altogether: only its acknowledgement says that
// the answer arrived.
void Connection::linger() {
  if (saw_end_ && unwritten_.empty()) return break_off();
  state_ = State::Lingering;
  deadline_ = std::chrono::steady_clock::now() + kLinger;
  error_code ignored;
  socket_.shutdown(LoopSocket::shutdown_send, ignored);
  read();
}

void Connection::finish() {
  if (state_ != State::Open) return;
  const bool between = slots_.empty() && out_.empty() && !writing_ && !parser_;
  if (between) break_off();
}

void Connection::attend(SteadyTime now) {
  if (state_ == State::Lingering) {
    int fault = 0, unacknowledged = 0;
    socklen_t size = sizeof fault;
    if (getsockopt(socket_.native_handle(), SOL_SOCKET, SO_ERROR, &fault, &size) != 0 || fault != 0) return break_off();
    if (ioctl(socket_.native_handle(), SIOCOUTQ, &unacknowledged) == 0 && unacknowledged == 0) unwritten_.clear();
    if ((saw_end_ && unwritten_.empty()) || now >= deadline_) break_off();
    return;
  }
  if (now < deadline_ || state_ == State::Broken) return;
  if (writing_ || waiting_ == Waiting::ForRequest) return break_off();
  if (waiting_ == Waiting::ForHeader || waiting_ == Waiting::ForBody) {
    refuse(408, waiting_ == Waiting::ForHeader ? "the headers took too long" : "the body took too long");
    flush();
  }
}

// The socket goes; whoever waits for an answer of ours will never get it, and the handler may want to know whose
// request that was.
void Connection::break_off() {
  if (state_ == State::Broken) return;
  const auto self = shared_from_this();
  state_ = State::Broken;
  deadline_ = SteadyTime::max();
  parser_.reset();
  error_code ignored;
  socket_.close(ignored);
  for (auto& lost : unwritten_) {
    loop_.handler().broken(lost.key);
    loop_.handler().answered(lost.key, lost.response);
  }
  unwritten_.clear();
  for (auto& slot : slots_) {
    if (!slot.key) continue;
    loop_.handler().broken(slot.key);
    if (slot.response) loop_.handler().answered(slot.key, *slot.response);
  }
  loop_.forget(self);
}

// Sets the deadline when what is waited for has changed.
void Connection::watch() {
  const Waiting now = parser_          ? (parser_->is_header_done() ? Waiting::ForBody : Waiting::ForHeader)
                      : slots_.empty() ? Waiting::ForRequest
                                       : Waiting::ForAnswer;
  const bool same = now == waiting_ && watched_ == begun_ && deadline_ != SteadyTime::max();
  if (same && now != Waiting::ForRequest) return;
  waiting_ = now;
  watched_ = begun_;
  const auto in = [](core::Duration wait) {
    return std::chrono::steady_clock::now() + std::chrono::duration_cast<SteadyTime::duration>(wait);
  };
  switch (now) {
    case Waiting::ForRequest:
      deadline_ = in(loop_.options().idle_deadline);
      break;
    case Waiting::ForHeader:
      deadline_ = in(loop_.options().header_deadline);
      break;
    case Waiting::ForBody:
      deadline_ = in(loop_.options().body_deadline);
      break;
    case Waiting::ForAnswer:
      deadline_ = SteadyTime::max();
      break;  // ours to hurry
  }
}

}  // namespace hub
