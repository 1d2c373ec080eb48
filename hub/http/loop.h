// One ingest loop: an io_context, the thread that runs it, its connections and its handler. Answers that come from
// other threads are gathered, so that a commit of the journal wakes a loop once and not once an alert.
#pragma once

#include "hub/http/http_server.h"
#include "hub/http/request_handler.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace hub {

// With the concrete executor: Asio's any_io_executor costs an indirection and a reference count at every operation.
using LoopSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
using SteadyTime = std::chrono::steady_clock::time_point;

// Which port a connection came in by.
enum class Door : std::uint8_t { Main, Plain };

class Loop {
 public:
  // `peers`: nullptr for no quota; outlives this.
  Loop(const HttpServerOptions& options, std::unique_ptr<RequestHandler> handler, Peers* peers = nullptr);
  ~Loop();  // stop() came before

  void start();
  // Any thread: no new request is read; connections close when their answers are written.
  void finish();
  // Any thread but the loop's: cuts what is left and ends the thread.
  void stop();

  // On the loop.
  void adopt(LoopSocket socket, Door door = Door::Main);
  void forget(const std::shared_ptr<Connection>& connection);
  RequestHandler& handler() { return *handler_; }
  const HttpServerOptions& options() const { return options_; }
  Peers* peers() const { return peers_; }
  const std::string& date() const { return date_; }
  bool finishing() const { return finishing_; }
  bool on_loop() const { return std::this_thread::get_id() == thread_.get_id(); }

  // Any thread.
  void answer(std::shared_ptr<Connection> connection, std::uint64_t number, Response response);
  std::size_t connections() const { return count_.load(std::memory_order_relaxed); }
  boost::asio::io_context& context() { return context_; }
  void reserve() { count_.fetch_add(1, std::memory_order_relaxed); }  // a connection is on its way here
  void unreserve() { count_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  struct Answer {
    std::shared_ptr<Connection> connection;
    std::uint64_t number;
    Response response;
  };
  void write_answers();
  void sweep();
  void renew_date();

  const HttpServerOptions& options_;
  std::unique_ptr<RequestHandler> handler_;
  Peers* const peers_;
  boost::asio::io_context context_{1};
  boost::asio::steady_timer sweeper_{context_};
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::atomic<std::size_t> count_ = 0;
  std::string date_;
  bool finishing_ = false;
  std::mutex mutex_;  // of the two below
  std::vector<Answer> answers_;
  bool woken_ = false;
  std::vector<Answer> writing_;  // the loop's own; keeps its memory
  std::thread thread_;
};

}  // namespace hub
