// Small requests leave in one system call without a turn of the loop; everything else is Asio's usual way.
#include "net/connection.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>

namespace net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kReadSize = 8192;

}  // namespace

void DeadlineWatch::remove(Connection* connection) {
  connections_.erase(std::remove(connections_.begin(), connections_.end(), connection), connections_.end());
}

void DeadlineWatch::no_later_than(SteadyTime deadline) {
  if (deadline >= next_) return;
  next_ = deadline;
  timer_.expires_at(deadline);
  timer_.async_wait([weak = weak_from_this()](const error_code& error) {
    if (error) return;  // re-armed for an earlier time, or gone
    if (const auto self = weak.lock()) self->look();
  });
}

void DeadlineWatch::look() {
  const SteadyTime now = std::chrono::steady_clock::now();
  next_ = SteadyTime::max();
  SteadyTime earliest = SteadyTime::max();
  for (Connection* const connection : std::vector<Connection*>{connections_}) {
    if (connection->deadline() <= now)
      connection->expire();
    else
      earliest = std::min(earliest, connection->deadline());
  }
  if (earliest != SteadyTime::max()) no_later_than(earliest);
}

Connection::Connection(const asio::any_io_executor& executor, std::shared_ptr<DeadlineWatch> watch)
    : socket_{executor}, watch_{std::move(watch)} {
  watch_->add(this);
}

Connection::~Connection() {
  watch_->remove(this);
}

void Connection::set_deadline(SteadyTime deadline) {
  deadline_ = deadline;
  watch_->no_later_than(deadline);
}

void Connection::expire() {
  expired_ = true;
  deadline_ = SteadyTime::max();
  error_code ignored;  // it is given up either way
  socket_.close(ignored);
}

asio::awaitable<error_code> Connection::connect(asio::ip::tcp::endpoint endpoint) {
  error_code error;
  co_await socket_.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  if (!error) socket_.set_option(asio::ip::tcp::no_delay{true}, error);
  if (!error) socket_.non_blocking(true, error);
  if (error) {
    error_code ignored;
    socket_.close(ignored);
  }
  co_return error;
}

asio::awaitable<std::string> Connection::handshake(std::shared_ptr<asio::ssl::context> context, std::string host) {
  context_ = std::move(context);
  tls_ = std::make_unique<asio::ssl::stream<Socket&>>(socket_, *context_);
  error_code error;
  asio::ip::make_address(host, error);
  const bool is_name = static_cast<bool>(error);
  if (is_name && SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str()) != 1)
    co_return "host name not usable for TLS";
  tls_->set_verify_callback(asio::ssl::host_name_verification{host}, error);

  error = {};
  co_await tls_->async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_return std::string{};
  // "certificate verify failed" alone sends people searching; OpenSSL knows why.
  const long verdict = SSL_get_verify_result(tls_->native_handle());
  std::string why = error.message();
  if (verdict != X509_V_OK) why += std::string{": "} + X509_verify_cert_error_string(verdict);
  co_return why;
}

asio::awaitable<error_code> Connection::write(std::string_view head, std::string_view body) {
  error_code error;
  if (tls_) {
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
    co_await asio::async_write(*tls_, buffers, asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
  const std::size_t sent = socket_.write_some(buffers, error);
  if (error == asio::error::would_block || error == asio::error::try_again) error = {};
  if (error || sent == head.size() + body.size()) co_return error;
  head.remove_prefix(std::min(sent, head.size()));
  body.remove_prefix(sent > buffers[0].size() ? sent - buffers[0].size() : 0);
  const std::array<asio::const_buffer, 2> rest{asio::buffer(head), asio::buffer(body)};
  co_await asio::async_write(socket_, rest, asio::redirect_error(asio::use_awaitable, error));
  co_return error;
}

asio::awaitable<error_code> Connection::read_some() {
  error_code error;
  const std::size_t unread = buffer_.size();
  buffer_.resize(unread + kReadSize);
  const asio::mutable_buffer space{buffer_.data() + unread, kReadSize};
  std::size_t size = 0;
  if (tls_)
    size = co_await tls_->async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
  else
    size = co_await socket_.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
  buffer_.resize(unread + size);
  co_return error;
}

}  // namespace net
