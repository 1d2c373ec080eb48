// The control loop (signals, control socket) has a thread of its own, so that a second signal is heard while the first
// one's drain is waiting.
#include "hub/hub.h"

#include "hub/control/control_socket.h"
#include "hub/control/report.h"
#include "hub/deliver/delivery.h"
#include "hub/http/http_server.h"
#include "hub/ingest/disk_alarm.h"
#include "hub/ingest/endpoints.h"
#include "hub/ingest/ingest.h"
#include "hub/journal/segment_journal.h"
#include "hub/reload/reload.h"
#include "hub/route/silences.h"
#include "hub/state/sqlite_state_store.h"
#include "hub/state/state_directory.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <future>
#include <thread>

namespace hub {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kRequestGrace = 1s;  // the journal answers within a sync
constexpr auto kSinkGrace = 6s;
constexpr auto kEnd = 2s;  // what Delivery::stop takes beyond its grace, at most
constexpr auto kAll = 8s;  // Docker kills at 10

// Offsets are never used again, not even those of a journal that was lost: the cursors remember how far they had come.
core::Result<Offset> next_offset(StateStore& state) {
  const auto cursors = state.cursors();
  if (!cursors) return core::in_context("read the cursors", cursors.error());
  Offset next{1};
  for (const auto& [sink, cursor] : *cursors) {
    next = std::max(next, cursor.position);
    if (!cursor.settled_above.empty()) next = std::max(next, cursor.settled_above.back().last.next());
  }
  return next;
}

// Beyond loopback only because somebody wrote it so; but then perhaps not knowing what it means.
void warn_if_open(const HubConfig& config) {
  boost::system::error_code fault;
  const auto address = asio::ip::make_address(config.listenaddress, fault);
  if (!fault && address.is_loopback()) return;
  if (!config.access.producers.empty() || (config.tlsserver.deploy && config.tlsserver.mutualtls)) return;
  core::log_warning("open_to_the_network", {{"listenaddress", config.listenaddress},
                                            {"why", "whoever reaches this port can send alerts, and read /status"},
                                            {"hint", "name producers in hub.yaml, or set tlsserver.mutualtls"}});
}

}  // namespace

HubParts real_parts() {
  return {posix_file_system(), [](const std::string& path) -> core::Result<std::unique_ptr<StateStore>> {
            auto opened = open_state_store(path);
            if (!opened) return opened.error();
            if (opened->was_reset())
              core::log_error("state_lost", {{"set_aside", opened->set_aside.string()},
                                             {"effect", "every retained alert is delivered again"}});
            return std::move(opened->store);
          }};
}

struct Hub::Rooms {
  Rooms(StateDirectory its_directory, asio::io_context& its_loop)
      : directory{std::move(its_directory)}, delivery_loop{its_loop} {}

  StateDirectory directory;
  asio::io_context& delivery_loop;
  Metrics metrics;
  FreshAlerts fresh;
  std::unique_ptr<StateStore> state;
  std::unique_ptr<Silences> silences;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Delivery> delivery;
  std::unique_ptr<Report> report;
  std::unique_ptr<IngestRoom> ingest;
  std::unique_ptr<HttpServer> server;

  asio::io_context control_loop;
  asio::executor_work_guard<asio::io_context::executor_type> control_work{control_loop.get_executor()};
  asio::signal_set signals{control_loop};
  asio::steady_timer watchdog{control_loop};
  std::unique_ptr<Reload> reload;
  std::unique_ptr<OpenHub> running;  // as commands see it
  std::unique_ptr<ControlSocket> control;
  std::unique_ptr<DiskAlarm> disk_alarm;
  asio::steady_timer disk_look{control_loop};
  std::thread control_thread, delivery_thread;
  std::promise<void> stop_asked;
  std::atomic<bool> opening{true};  // nothing has been taken or sent since the start
  bool stopping = false;            // on the control loop
  bool closed = false;

  void mutate_with(const HubConfig& next);
  void ask_to_stop(const std::string& why);
  void wait_for_signal();
  void start_control();
  void watch_disk();
  void start_delivery();
  void drain();
  void close();
};

core::Result<std::unique_ptr<Hub>> Hub::open(const HubConfig& config, Outputs outputs, asio::io_context& loop,
                                             const HubParts& parts, Rereading rereading) {
  auto directory = lock_state_directory(config.state_directory);
  if (!directory) return directory.error();
  auto rooms = std::make_unique<Rooms>(std::move(*directory), loop);
  Rooms& r = *rooms;
  auto hub = std::unique_ptr<Hub>{new Hub{std::move(rooms)}};  // from here on its destructor closes what is open
  r.start_control();

  // First of all: opening the state upgrades it, and then the newer version that wrote the journal could not go back.
  if (const auto known = check_journal_format(parts.files, r.directory.journal()); !known) return known.error();
  auto state = parts.open_state(r.directory.state_file());
  if (!state) return core::in_context("open the state", state.error());
  r.state = std::move(*state);
  auto silences = Silences::open(*r.state);
  if (!silences) return silences.error();
  r.silences = std::move(*silences);
  const auto next = next_offset(*r.state);
  if (!next) return next.error();

  JournalOptions options;
  options.segment_bytes = config.journal_segment_bytes.count;
  options.max_bytes = config.journal_max_bytes.count;
  options.retain = config.journal_retain;
  options.next_at_least = *next;
  auto journal = open_journal(parts.files, r.directory.journal(), options);
  if (!journal) return core::in_context("open the journal", journal.error());
  r.journal = std::move(*journal);

  r.delivery = std::make_unique<Delivery>(loop, *r.journal, *r.state, r.metrics, std::move(outputs));
  r.delivery->look_in(r.fresh);
  const auto mutations = std::make_shared<const Mutations>(config.mutations);
  r.delivery->mutate_with(mutations);
  r.delivery->look_at(*r.silences);
  r.journal->on_durable([delivery = r.delivery.get()](Offset) { delivery->wake(); });
  if (const auto started = r.delivery->start(); !started) return core::in_context("start delivery", started.error());
  r.opening = false;
  r.report = std::make_unique<Report>(
      *r.journal, r.metrics, [delivery = r.delivery.get()] { return delivery->status(); },
      [delivery = r.delivery.get()] { return delivery->routed_to(); });

  r.ingest = std::make_unique<IngestRoom>(
      *r.journal, r.metrics,
      core::AlertLimits{.bytes = config.alert_bytes.count, .needs_fields = !mutations->adds_fields()});
  r.ingest->mutations.set(mutations);
  r.ingest->labels = EventLabels{config.mutations, config.extralabels};
  r.metrics.extend(Metric::FalcosidekickFalcoEvents, r.ingest->labels.names());
  r.ingest->fresh = &r.fresh;
  r.ingest->access = Access{config.access.producers, config.access.open_paths};

  asio::dispatch(r.control_loop, asio::use_future([&] {  // where it lives
                   r.reload =
                       std::make_unique<Reload>(Reload::Place{r.control_loop, loop, *r.delivery, r.metrics,
                                                              [&r](const HubConfig& changed) { r.mutate_with(changed); }},
                                                config, std::move(rereading.read), std::move(rereading.files));
                 }))
      .get();
  r.report->tell_of(*r.reload);
  r.running = std::make_unique<OpenHub>(*r.report, *r.journal, r.metrics, *r.delivery, r.delivery_loop, *r.reload, *r.silences);
  auto control =
      ControlSocket::open(r.control_loop, r.directory.control_socket(), [&r](std::string_view line, Answer answer) {
        run_command(line, {*r.state, r.running.get()}, std::move(answer));
      });
  if (!control) return control.error();
  r.control = std::move(*control);
  r.disk_alarm = std::make_unique<DiskAlarm>(*r.journal);
  asio::post(r.control_loop, [&r] { r.watch_disk(); });
  r.start_delivery();

  HttpServerOptions http;
  http.address = config.listenaddress;
  http.port = config.listenport;
  http.loops = config.threads;
  http.body_bytes = config.body_bytes.count;
  http.quota = {.connections = config.peer_connections, .requests = config.peer_rate};
  http.refused = [&r](std::string_view reason) { r.metrics.add(Metric::RequestsRefused, {reason}); };
  if (config.tlsserver.deploy) {
    const TlsServerConfig& tls = config.tlsserver;
    auto served = TlsServer::open({tls.certfile, tls.keyfile, tls.mutualtls ? tls.cacertfile : ""});
    if (!served) return served.error();
    http.tls = std::move(*served);
    http.plain_paths = tls.notlspaths;
    http.plain_port = tls.notlsport;
  }
  warn_if_open(config);
  auto server = HttpServer::open(http, [&r](unsigned) { return std::make_unique<Endpoints>(*r.ingest, *r.report); });
  if (!server) return server.error();
  r.server = std::move(*server);
  core::log_info("hub_opened", {{"address", config.listenaddress},
                                {"port", std::to_string(r.server->port())},
                                {"state_directory", r.directory.path().string()}});
  return hub;
}

Hub::Hub(std::unique_ptr<Rooms> rooms) : rooms_{std::move(rooms)} {}

Hub::~Hub() {
  rooms_->close();
}

std::uint16_t Hub::port() const {
  return rooms_->server->port();
}

std::string Hub::status_json() const {
  return rooms_->report->status_json();
}

void Hub::run() {
  rooms_->stop_asked.get_future().wait();
  rooms_->close();
}

void Hub::stop() {
  asio::post(rooms_->control_loop, [r = rooms_.get()] { r->ask_to_stop("asked"); });
}

// A reload, on the control loop.
void Hub::Rooms::mutate_with(const HubConfig& next) {
  const auto mutations = std::make_shared<const Mutations>(next.mutations);
  asio::post(delivery_loop, [this, mutations] { delivery->mutate_with(mutations); });
  ingest->mutations.set(mutations);
}

void Hub::Rooms::ask_to_stop(const std::string& why) {
  if (stopping) return;
  stopping = true;
  if (reload) reload->stop();
  core::log_info("hub_stopping", {{"why", why}});
  watchdog.expires_after(kAll);
  watchdog.async_wait([](boost::system::error_code fault) {
    if (fault) return;
    core::log_error("stop_cut_short",
                    {{"why", "8 s have passed"}, {"effect", "alerts settled in the last second are delivered again"}});
    std::_Exit(1);
  });
  stop_asked.set_value();
}

void Hub::Rooms::wait_for_signal() {
  signals.async_wait([this](boost::system::error_code fault, int signal) {
    if (fault) return;
    if (signal == SIGHUP) {
      if (reload) reload->ask("SIGHUP");
      return wait_for_signal();
    }
    if (opening) {
      // A journal may take seconds to read, and everything it has is as safe as it will be after them.
      core::log_info("hub_stopping", {{"why", "a signal came while the hub was opening"}});
      std::_Exit(0);
    }
    if (stopping) {
      core::log_warning("stop_cut_short", {{"why", "a second signal came"},
                                           {"effect", "alerts settled in the last second are delivered again"}});
      std::_Exit(128 + signal);
    }
    ask_to_stop(signal == SIGTERM ? "SIGTERM" : "SIGINT");
    wait_for_signal();
  });
}

// Before anything that takes time: as process 1 of a container the hub would not even notice a signal it does not ask
// for.
void Hub::Rooms::start_control() {
  boost::system::error_code ignored;  // only a signal's number can be wrong
  signals.add(SIGTERM, ignored);
  signals.add(SIGINT, ignored);
  signals.add(SIGHUP, ignored);
  wait_for_signal();
  control_thread = std::thread{[this] {
    pthread_setname_np(pthread_self(), "control");
    control_loop.run();
  }};
}

void Hub::Rooms::watch_disk() {
  disk_alarm->look(core::now());
  disk_look.expires_after(1s);
  disk_look.async_wait([this](boost::system::error_code fault) {
    if (!fault) watch_disk();
  });
}

void Hub::Rooms::start_delivery() {
  delivery_thread = std::thread{[this] {
    pthread_setname_np(pthread_self(), "delivery");
    const auto work = asio::make_work_guard(delivery_loop);
    delivery_loop.run();
  }};
}

void Hub::Rooms::drain() {
  const auto begun = std::chrono::steady_clock::now();
  if (server) server->stop(kRequestGrace);
  if (!delivery_thread.joinable()) return;
  const auto left = begun + kAll - kEnd - std::chrono::steady_clock::now();
  const auto grace = std::clamp<core::Duration>(left, 0s, kSinkGrace);
  auto stopped = asio::co_spawn(delivery_loop, delivery->stop(grace), asio::use_future);
  if (stopped.wait_for(kAll) != std::future_status::ready) core::log_error("delivery_did_not_stop");
}

void Hub::Rooms::close() {
  if (std::exchange(closed, true)) return;
  if (reload) asio::dispatch(control_loop, asio::use_future([this] { reload->stop(); })).get();
  drain();
  if (journal) journal->close();  // answers every request that still waits
  ingest.reset();                 // replies that wait for a copy of theirs go before the loops they belong to
  server.reset();
  delivery_loop.stop();
  if (delivery_thread.joinable()) delivery_thread.join();
  if (state) state->close();
  control_loop.stop();
  if (control_thread.joinable()) control_thread.join();
  control.reset();
  reload.reset();
  delivery.reset();
  core::log_info("hub_closed");
}

}  // namespace hub
