#include "detector/health.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <thread>

namespace detector {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t kMostRequest = 8 << 10;
constexpr std::chrono::seconds kPatience{5};

constexpr auto kVersions = R"({"engine_version":"62","engine_version_semver":"0.62.0","falco_version":"0.44.1","tocsin_version":")" TOCSIN_VERSION R"("})";

std::string answer(std::string_view request, const std::string& healthz) {
  const auto target = request.substr(0, request.find('\r'));
  const auto path = [&](std::string_view name) { return target.starts_with(fmt::format("GET {} ", name)); };
  const auto reply = [](std::string_view status, std::string_view body) {
    return fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", status, body.size(), body);
  };
  if (path(healthz)) return reply("200 OK", R"({"status": "ok"})");
  if (path("/versions")) return reply("200 OK", kVersions);
  return reply("404 Not Found", R"({"error":"not found"})");
}

class Server final : public Health {
 public:
  explicit Server(std::string healthz) : healthz_{std::move(healthz)} {}
  ~Server() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  core::Result<> open(const Webserver& options) {
    boost::system::error_code fault;
    const auto address = asio::ip::make_address(options.listen_address, fault);
    if (fault) return core::Error{core::Fault::Invalid, fmt::format("webserver.listen_address '{}' is not an IP address", options.listen_address)};
    const tcp::endpoint endpoint{address, options.listen_port};
    acceptor_.open(endpoint.protocol(), fault);
    if (!fault) acceptor_.set_option(tcp::acceptor::reuse_address{true}, fault);
    if (!fault) acceptor_.bind(endpoint, fault);
    if (!fault) acceptor_.listen(16, fault);
    if (fault) return core::Error{core::Fault::Io, fmt::format("webserver: listen on {}:{}: {}", options.listen_address, options.listen_port, fault.message())};
    port_ = acceptor_.local_endpoint(fault).port();
    asio::co_spawn(io_, serve(), rethrow);
    thread_ = std::thread{[this] { io_.run(); }};
    return {};
  }
  std::uint16_t port() const override { return port_; }

 private:
  static void rethrow(std::exception_ptr fault) {
    if (fault) std::rethrow_exception(fault);
  }

  // One client at a time, each with a deadline: probes come one by one, and nobody can pile up connections here.
  asio::awaitable<void> serve() {
    const auto token = asio::as_tuple(asio::use_awaitable);
    while (true) {
      auto [fault, accepted] = co_await acceptor_.async_accept(token);
      if (fault) {
        asio::steady_timer pause{io_, std::chrono::milliseconds{100}};   // out of descriptors, perhaps: not a busy loop
        co_await pause.async_wait(token);
        continue;
      }
      // Shared with the deadline: its handler may already be queued when the client is done.
      const auto client = std::make_shared<tcp::socket>(std::move(accepted));
      asio::steady_timer deadline{io_, kPatience};
      deadline.async_wait([client](boost::system::error_code cancelled) {
        boost::system::error_code ignored;
        if (!cancelled) client->close(ignored);
      });
      std::string request;
      auto buffer = asio::dynamic_buffer(request, kMostRequest);
      const auto [broken, size] = co_await asio::async_read_until(*client, buffer, "\r\n\r\n", token);
      if (!broken) {
        const std::string reply = answer(request, healthz_);
        const auto bytes = asio::buffer(reply);
        const auto written = co_await asio::async_write(*client, bytes, token);
        (void)written;
      }
    }
  }

  const std::string healthz_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

core::Result<std::unique_ptr<Health>> open_health(const Webserver& options) {
  auto server = std::make_unique<Server>(options.healthz);
  if (auto opened = server->open(options); !opened) return opened.error();
  return std::unique_ptr<Health>{std::move(server)};
}

}  // namespace detector
