// One acceptor that gives each new connection to the loop with the fewest, and not SO_REUSEPORT: its hash deals sixteen
// connections out as eleven and five, and a second hub could take the same port without anybody noticing.
#include "hub/http/http_server.h"

#include "core/log.h"
#include "hub/http/loop.h"

#include <fmt/format.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <future>

namespace hub {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kPause =
    std::chrono::milliseconds{100};  // after accept() failed or while there are too many connections

core::Error cannot_listen(const std::string& where, const error_code& fault) {
  std::string hint;
  if (fault == asio::error::address_in_use)
    hint = " (is another hub, or falcosidekick, running? set listenport to use another port)";
  if (fault == asio::error::access_denied) hint = " (ports below 1024 need CAP_NET_BIND_SERVICE)";
  return {core::Fault::Io, fmt::format("listen on {}: {}{}", where, fault.message(), hint)};
}

}  // namespace

// One port that is listened on. On the first loop.
struct Listener {
  Listener(asio::io_context& context, Door its_door) : acceptor{context}, pause{context}, door{its_door} {}
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  const Door door;
};

struct HttpServer::Parts {
  explicit Parts(HttpServerOptions its_options) : options{std::move(its_options)}, peers{options.quota} {}

  const HttpServerOptions options;
  Peers peers;
  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::uint16_t port = 0, plain_port = 0;

  std::size_t connections() const {
    std::size_t all = 0;
    for (const auto& loop : loops) all += loop->connections();
    return all;
  }

  core::Result<> listen(const asio::ip::address& address, std::uint16_t wanted, Door door) {
    auto listener = std::make_unique<Listener>(loops.front()->context(), door);
    const tcp::endpoint endpoint{address, wanted};
    const std::string where = fmt::format("{}:{}", options.address.empty() ? "*" : options.address, wanted);
    tcp::acceptor& acceptor = listener->acceptor;
    error_code fault;
    if (acceptor.open(endpoint.protocol(), fault); fault) return cannot_listen(where, fault);
    acceptor.set_option(tcp::acceptor::reuse_address{true}, fault);
    if (options.address.empty()) acceptor.set_option(asio::ip::v6_only{false}, fault);
    if (acceptor.bind(endpoint, fault); fault) return cannot_listen(where, fault);
    if (acceptor.listen(4096, fault); fault) return cannot_listen(where, fault);
    (door == Door::Main ? port : plain_port) = acceptor.local_endpoint(fault).port();
    accept(*listener);
    listeners.push_back(std::move(listener));
    return {};
  }

  void accept_later(Listener& listener) {
    listener.pause.expires_after(kPause);
    listener.pause.async_wait([this, &listener](error_code fault) {
      if (!fault) accept(listener);
    });
  }

  void accept(Listener& listener) {
    if (!listener.acceptor.is_open()) return;
    if (connections() >= options.connections) return accept_later(listener);
    Loop& loop = **std::min_element(loops.begin(), loops.end(),
                                    [](const auto& a, const auto& b) { return a->connections() < b->connections(); });
    listener.acceptor.async_accept(loop.context(), [this, &loop, &listener](error_code fault, LoopSocket socket) {
      if (fault == asio::error::operation_aborted) return;
      if (fault) {
        core::log_warning("accept_failed", {{"why", fault.message()}});
        return accept_later(listener);
      }
      loop.reserve();
      asio::post(loop.context(), [&loop, door = listener.door, taken = std::move(socket)]() mutable {
        loop.adopt(std::move(taken), door);
      });
      accept(listener);
    });
  }
};

core::Result<std::unique_ptr<HttpServer>> HttpServer::open(HttpServerOptions options, const MakeHandler& make_handler) {
  if (options.loops == 0) options.loops = std::max(1u, std::thread::hardware_concurrency());
  auto parts = std::make_unique<Parts>(std::move(options));
  for (unsigned i = 0; i < parts->options.loops; ++i)
    parts->loops.push_back(std::make_unique<Loop>(parts->options, make_handler(i), &parts->peers));

  error_code fault;
  const std::string& text = parts->options.address;
  const asio::ip::address address =
      text.empty() ? asio::ip::address{asio::ip::address_v6::any()} : asio::ip::make_address(text, fault);
  if (fault) return core::Error{core::Fault::Invalid, fmt::format("listenaddress '{}' is not an IP address", text)};
  if (const auto main = parts->listen(address, parts->options.port, Door::Main); !main) return main.error();
  if (parts->options.tls && !parts->options.plain_paths.empty())
    if (const auto plain = parts->listen(address, parts->options.plain_port, Door::Plain); !plain) return plain.error();
  for (const auto& loop : parts->loops) loop->start();
  return std::unique_ptr<HttpServer>{new HttpServer{std::move(parts)}};
}

HttpServer::HttpServer(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}

HttpServer::~HttpServer() {
  stop(core::Duration{0});
}

std::uint16_t HttpServer::port() const {
  return parts_->port;
}

std::uint16_t HttpServer::plain_port() const {
  return parts_->plain_port;
}

std::size_t HttpServer::connections() const {
  return parts_->connections();
}

void HttpServer::stop(core::Duration grace) {
  const SteadyTime end = std::chrono::steady_clock::now() + std::chrono::duration_cast<SteadyTime::duration>(grace);
  if (!parts_->listeners.empty() && grace.count() > 0) {
    std::promise<void> closed;
    asio::post(parts_->loops.front()->context(), [this, &closed] {
      error_code ignored;
      for (const auto& listener : parts_->listeners) {
        listener->acceptor.close(ignored);
        listener->pause.cancel();
      }
      closed.set_value();
    });
    closed.get_future().wait();
    for (const auto& loop : parts_->loops) loop->finish();
    while (connections() > 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  for (const auto& loop : parts_->loops) loop->stop();
  parts_->listeners.clear();
}

}  // namespace hub
