#include "hub/http/connection.h"

#include "hub/http/inflate.h"
#include "hub/http/strict.h"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>

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

Connection::Connection(Loop& loop, LoopSocket socket, Door door)
    : loop_{loop}, socket_{std::move(socket)}, door_{door} {}

void Connection::start() {
  error_code fault;
  const auto peer = socket_.remote_endpoint(fault);
  if (fault) return break_off();
  request_.peer = peer.address().to_string();
  socket_.set_option(asio::ip::tcp::no_delay{true}, fault);
  socket_.non_blocking(true, fault);
  in_.reserve(kReadBytes);
  if (loop_.finishing()) return break_off();
  if (loop_.peers() != nullptr && !(place_ = loop_.peers()->enter(request_.peer))) {
    loop_.options().refused("connections");
    return break_off();
  }
  if (loop_.options().tls && door_ == Door::Main) return shake_hands();
  watch();
  read();
}

void Connection::shake_hands() {
  tls_ = std::make_unique<Tls>(loop_.options().tls->context(), socket_);
  waiting_ = Waiting::ForHandshake;
  deadline_ = std::chrono::steady_clock::now() +
              std::chrono::duration_cast<SteadyTime::duration>(loop_.options().handshake_deadline);
  tls_->stream.async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](error_code fault) {
    if (self->state_ == State::Broken) return;
    if (fault) {
      self->loop_.options().refused("handshake");
      return self->break_off();
    }
    self->request_.peer_names = certificate_names(self->tls_->stream.native_handle());
    self->deadline_ = SteadyTime::max();
    self->watch();
    self->read();
  });
}

void Connection::read() {
  if (reading_ || saw_end_ || state_ == State::Broken) return;
  if (tls_ && state_ == State::Lingering) return;  // its end comes by async_shutdown
  if (state_ == State::Open && (slots_.size() >= loop_.options().pipelined || out_.size() >= kMostOut)) return;
  reading_ = true;
  if (state_ != State::Open) in_.clear();  // read only to see the end
  auto then = [self = shared_from_this()](error_code fault, std::size_t bytes) { self->on_read(fault, bytes); };
  if (tls_) return tls_->stream.async_read_some(in_.prepare(kReadBytes), std::move(then));
  socket_.async_read_some(in_.prepare(kReadBytes), std::move(then));
}

void Connection::on_read(error_code fault, std::size_t bytes) {
  reading_ = false;
  if (state_ == State::Broken) return;
  if (fault && fault != asio::error::eof && fault != asio::ssl::error::stream_truncated) return break_off();
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
      head_.clear();
      ++begun_;
      parser_.emplace(request_);
      parser_->eager(true);
      parser_->header_limit(static_cast<std::uint32_t>(loop_.options().header_bytes));
      parser_->body_limit(loop_.options().body_bytes);
    }
    error_code fault;
    const auto bytes = in_.data();
    const bool had_head = parser_->is_header_done();
    const std::size_t taken = parser_->put(bytes, fault);
    std::string_view not_strict;
    if (!had_head) not_strict = look_at_head({static_cast<const char*>(bytes.data()), taken});
    in_.consume(taken);
    if (fault == http::error::need_more) fault = {};
    if (!not_strict.empty())
      refuse(400, "syntax", fmt::format("this is not HTTP/1.1: {}", not_strict));
    else if (fault == http::error::body_limit)
      refuse(413, "body_bytes", fmt::format("the body has more than {} bytes", loop_.options().body_bytes));
    else if (fault == http::error::header_limit)
      refuse(431, "header_bytes", fmt::format("the headers have more than {} bytes", loop_.options().header_bytes));
    else if (fault)
      refuse(400, "syntax", fmt::format("this is not HTTP/1.1: {}", fault.message()));
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
  if (!is_welcome() || !unpack()) return;
  const std::uint64_t number = first_number_ + slots_.size() - 1;
  loop_.handler().handle(request_, Reply{shared_from_this(), number});
}

// What is wrong with the head that the parser has just taken bytes of; "" too as long as it is not whole.
std::string_view Connection::look_at_head(std::string_view taken) {
  if (!head_.empty() || !parser_->is_header_done()) taken = head_.append(taken);
  return parser_->is_header_done() ? why_not_strict(taken.substr(0, taken.find("\r\n\r\n") + 4)) : "";
}

// False: this door does not serve that path, or the peer has had enough for now; answered.
bool Connection::is_welcome() {
  const HttpServerOptions& options = loop_.options();
  if (options.tls && !options.plain_paths.empty()) {
    const auto& plain = options.plain_paths;
    const bool is_plain = std::find(plain.begin(), plain.end(), request_.path()) != plain.end();
    if (is_plain != (door_ == Door::Plain)) {
      options.refused("door");
      answer_here(404, is_plain ? "this path is served without TLS, on tlsserver.notlsport"
                                : "this path is served with TLS, on listenport");
      return false;
    }
  }
  if (options.quota.requests.per_second > 0 && !place_.take_request(std::chrono::steady_clock::now())) {
    options.refused("rate");
    answer_here(429, "this address sends more requests than limits.peer_rate allows", "Retry-After: 1\r\n");
    return false;
  }
  return true;
}

// False: the body cannot be unpacked; answered.
bool Connection::unpack() {
  if (request_.coding == Request::Coding::None) return true;
  if (request_.coding == Request::Coding::Gzip) {
    const Inflated inflated = inflate_gzip(request_.body, loop_.options().body_bytes, unpacked_);
    request_.body.swap(unpacked_);
    if (inflated == Inflated::Whole) return true;
    loop_.options().refused(inflated == Inflated::TooLarge ? "bomb" : "coding");
    if (inflated == Inflated::TooLarge)
      answer_here(413, "the body unpacks to more than limits.body, or to more than 1MiB and 20 times its size");
    else
      answer_here(400, "the body is not gzip, as Content-Encoding says it is");
    return false;
  }
  loop_.options().refused("coding");
  answer_here(415, "Content-Encoding may be gzip or identity", "Accept-Encoding: gzip\r\n");
  return false;
}

// The newest request gets its answer without the handler.
void Connection::answer_here(int status, std::string_view why, std::string_view headers) {
  slots_.back().response = Response{.status = status,
                                    .content_type = "text/plain; charset=utf-8",
                                    .headers = fmt::format("Tocsin-Hub: 1\r\n{}", headers),
                                    .body = fmt::format("{}\n", why)};
}

// A request that cannot be read: where the next one would begin is unknown, so this is the last answer.
void Connection::refuse(int status, std::string_view reason, std::string_view why) {
  loop_.options().refused(reason);
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
  if (!out_.empty() && tls_) return write_async();
  if (!out_.empty()) {
    error_code fault;
    const std::size_t written = socket_.write_some(asio::buffer(out_), fault);
    if (fault && fault != asio::error::would_block) return break_off();
    if (written < out_.size()) {
      if (!fault || fault == asio::error::would_block) out_.erase(0, written);
      return write_async();
    }
    out_.clear();
  }
  on_written();
}

void Connection::write_async() {
  writing_ = true;
  deadline_ = std::chrono::steady_clock::now() + kWriteDeadline;
  // out_ may grow while this runs: the part under way is moved aside.
  auto rest = std::make_shared<std::string>(std::move(out_));
  out_.clear();
  auto then = [self = shared_from_this(), rest](error_code failed, std::size_t) {
    self->writing_ = false;
    self->deadline_ = SteadyTime::max();  // watch() sets the next
    if (self->state_ == State::Broken) return;
    if (failed) return self->break_off();
    self->write();
  };
  if (tls_)
    asio::async_write(tls_->stream, asio::buffer(*rest), std::move(then));
  else
    asio::async_write(socket_, asio::buffer(*rest), std::move(then));
}

void Connection::on_written() {
  if (!saw_end_) unwritten_.clear();
  if (state_ == State::Closing && slots_.empty()) return linger();
  watch();
  // What had to wait: requests already read, or bytes not yet read. With all slots taken parse() could do nothing, and
  // would come back here, and so on until the stack ends.
  const bool has_slot = slots_.size() < loop_.options().pipelined;
  if (state_ == State::Open && in_.size() > 0 && has_slot && !parser_ && !parsing_) return parse();
  read();
}

// Closing at once would send a reset over an answer that the client has not read yet, if it has sent more than we have
// read. And a client that had closed its side when we wrote may be gone altogether: only its acknowledgement says that
// the answer arrived.
void Connection::linger() {
  if (saw_end_ && unwritten_.empty()) return break_off();
  state_ = State::Lingering;
  deadline_ = std::chrono::steady_clock::now() + kLinger;
  if (tls_) {
    tls_->stream.async_shutdown([self = shared_from_this()](error_code fault) {
      if (self->state_ == State::Broken) return;
      if (!fault && self->saw_end_) return;  // closed before we wrote: attend() waits for its acknowledgement
      if (!fault) self->unwritten_.clear();  // it answered, so it has read all
      self->break_off();
    });
    return;
  }
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
  if (waiting_ == Waiting::ForHandshake) loop_.options().refused("handshake");
  if (writing_ || waiting_ == Waiting::ForRequest || waiting_ == Waiting::ForHandshake) return break_off();
  if (waiting_ == Waiting::ForHeader || waiting_ == Waiting::ForBody) {
    refuse(408, waiting_ == Waiting::ForHeader ? "header_deadline" : "body_deadline",
           waiting_ == Waiting::ForHeader ? "the headers took too long" : "the body took too long");
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
    case Waiting::ForHandshake:
      break;  // shake_hands() set it
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
