#include "hub/reload/reload.h"

#include "core/log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <tuple>

namespace hub {
namespace asio = boost::asio;
namespace {

std::string place_of(const core::Diagnostic& fault) {
  std::string place = fault.place.file;
  if (fault.place.line > 0) place += fmt::format(":{}:{}", fault.place.line, fault.place.column);
  return place;
}

void log_fault(const core::Diagnostic& fault) {
  const bool error = fault.level == core::Diagnostic::Level::Error;
  core::log(error ? core::LogLevel::Error : core::LogLevel::Warning, error ? "config_fault" : "config_warning",
            {{"at", place_of(fault)}, {"what", fault.what}, {"hint", fault.hint}});
}

std::string brief(const core::Diagnostics& diagnostics) {
  for (const core::Diagnostic& fault : diagnostics.all())
    if (fault.level == core::Diagnostic::Level::Error)
      return fmt::format("{} fault{}, the first: {}: {}", diagnostics.errors(), diagnostics.errors() == 1 ? "" : "s",
                         place_of(fault), fault.what);
  return {};
}

void show(Metrics& metrics, bool successful, core::TimePoint at) {
  metrics.set(Metric::ConfigLastReloadSuccessful, {}, successful ? 1 : 0);
  if (successful)
    metrics.set(Metric::ConfigLastReloadTimestamp, {}, std::chrono::duration<double>(at.time_since_epoch()).count());
}

}  // namespace

Reload::Reload(Place place, HubConfig running, Read read, std::vector<std::string> files)
    : place_{std::move(place)},
      running_{std::move(running)},
      read_{std::move(read)},
      watch_{place_.control_loop, files, [this] { ask("the files changed"); }} {
  status_.at = core::now();
  status_.files = std::move(files);
  show(place_.metrics, true, status_.at);
}

void Reload::ask(const std::string& why, std::function<void(const ReloadResult&)> done) {
  if (stopped_ || !read_) {
    if (done) done({.faults = stopped_ ? "the hub is stopping" : "this hub has no files to read again"});
    return;
  }
  if (under_way_) {
    again_ = why;
    if (done) waiting_for_next_.push_back(std::move(done));
    return;
  }
  if (done) waiting_.push_back(std::move(done));
  begin(why);
}

void Reload::begin(const std::string& why) {
  under_way_ = true;
  core::Diagnostics diagnostics;
  Configuration configuration = read_(diagnostics);
  for (const core::Diagnostic& fault : diagnostics.all()) log_fault(fault);
  if (!diagnostics.has_errors()) return apply(std::move(configuration), why);

  core::log_error("config_not_reloaded", {{"why", why},
                                          {"faults", std::to_string(diagnostics.errors())},
                                          {"effect", "the hub goes on with the configuration it has"}});
  ReloadResult result;
  result.faults = diagnostics.render();
  over(result, brief(diagnostics));
}

void Reload::apply(Configuration configuration, const std::string& why) {
  core::set_log_level(configuration.hub.level());
  core::set_log_format(configuration.hub.log_format == "json" ? core::LogFormat::Json : core::LogFormat::Text);
  if (place_.live) place_.live(configuration.hub);
  const auto needs_restart = restart_options(configuration.hub);

  auto done = [this, &control = place_.control_loop, why, needs_restart, alive = std::weak_ptr{alive_}](
                  const std::exception_ptr& thrown, Delivery::Reloaded sinks) {
    asio::post(control, [this, why, needs_restart, alive, thrown, sinks = std::move(sinks)] {
      if (alive.expired()) return;
      ReloadResult result{.successful = !thrown,
                          .faults = thrown ? "the reload was broken off" : "",
                          .sinks = sinks,
                          .needs_restart = needs_restart};
      core::log_info("config_reloaded", {{"why", why},
                                         {"unchanged", std::to_string(sinks.unchanged)},
                                         {"changed", fmt::format("{}", fmt::join(sinks.changed, ","))},
                                         {"added", fmt::format("{}", fmt::join(sinks.added, ","))},
                                         {"removed", fmt::format("{}", fmt::join(sinks.removed, ","))}});
      over(result, "");
    });
  };
  auto outputs = std::make_shared<Outputs>(std::move(configuration.outputs));
  asio::post(place_.delivery_loop, [&place = place_, outputs, done = std::move(done)]() mutable {
    auto reloading = place.delivery.reload(std::move(*outputs));
    asio::co_spawn(place.delivery_loop, std::move(reloading), std::move(done));
  });
}

void Reload::over(const ReloadResult& result, const std::string& fault) {
  std::vector<std::string> before;
  {
    const std::scoped_lock lock{mutex_};
    status_.successful = result.successful;
    status_.at = core::now();
    status_.fault = fault;
    if (result.successful) before = std::exchange(status_.needs_restart, result.needs_restart);
  }
  show(place_.metrics, result.successful, core::now());
  if (result.successful && !result.needs_restart.empty() && before != result.needs_restart)
    core::log_warning("config_needs_restart", {{"options", fmt::format("{}", fmt::join(result.needs_restart, ","))},
                                               {"effect", "the running hub keeps what it was started with"}});
  under_way_ = false;
  const auto waiting = std::exchange(waiting_, std::exchange(waiting_for_next_, {}));
  const std::string again = std::exchange(again_, "");
  for (const auto& done : waiting) done(result);
  if (!again.empty() && !stopped_) begin(again);
}

ReloadStatus Reload::status() const {
  const std::scoped_lock lock{mutex_};
  return status_;
}

// What a running hub cannot change: its port, its threads, its state, and what the doors were built with.
std::vector<std::string> Reload::restart_options(const HubConfig& next) const {
  std::vector<std::string> names;
  auto compare = [&names](const char* name, const auto& is, const auto& wanted) {
    if (is != wanted) names.emplace_back(name);
  };
  compare("listenaddress", running_.listenaddress, next.listenaddress);
  compare("listenport", running_.listenport, next.listenport);
  compare("state_directory", running_.state_directory, next.state_directory);
  compare("threads", running_.threads, next.threads);
  compare("journal.retain", running_.journal_retain, next.journal_retain);
  compare("journal.max_bytes", running_.journal_max_bytes.count, next.journal_max_bytes.count);
  compare("journal.segment_bytes", running_.journal_segment_bytes.count, next.journal_segment_bytes.count);
  compare("limits.body", running_.body_bytes.count, next.body_bytes.count);
  compare("limits.alert", running_.alert_bytes.count, next.alert_bytes.count);
  compare("limits.peer_connections", running_.peer_connections, next.peer_connections);
  compare("limits.peer_rate", running_.peer_rate, next.peer_rate);
  compare("extralabels", running_.extralabels, next.extralabels);
  compare("open_paths", running_.access.open_paths, next.access.open_paths);
  const auto same_producer = [](const ProducerOptions& a, const ProducerOptions& b) {
    return a.name == b.name && a.token.reveal() == b.token.reveal() && a.certificate == b.certificate &&
           a.hosts == b.hosts;
  };
  const auto &is = running_.access.producers, &wanted = next.access.producers;
  if (!std::equal(is.begin(), is.end(), wanted.begin(), wanted.end(), same_producer)) names.emplace_back("producers");
  const TlsServerConfig &tls = running_.tlsserver, &next_tls = next.tlsserver;
  if (std::tie(tls.deploy, tls.certfile, tls.keyfile, tls.mutualtls, tls.cacertfile, tls.notlsport, tls.notlspaths) !=
      std::tie(next_tls.deploy, next_tls.certfile, next_tls.keyfile, next_tls.mutualtls, next_tls.cacertfile,
               next_tls.notlsport, next_tls.notlspaths))
    names.emplace_back("tlsserver");
  // Whether an alert may come without output_fields is settled where the doors are built.
  if (Mutations{running_.mutations}.adds_fields() != Mutations{next.mutations}.adds_fields())
    names.emplace_back("customfields");
  compare("prometheus.extralabels", running_.extralabels, next.extralabels);
  return names;
}

}  // namespace hub
