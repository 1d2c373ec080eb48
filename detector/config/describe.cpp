#include "detector/config/describe.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace detector {
namespace {

using core::Fields;
using core::YamlNode;

void error_at(Fields& fields, const YamlNode& node, std::string what, std::string hint = {}) {
  fields.diagnostics().error(node.place, std::move(what), std::move(hint));
}

// falco.yaml's buf_size_preset: 1 → 1 MB, doubling, 10 → 512 MB.
void buffer_preset(Fields& fields, Config& config) {
  unsigned preset = 4;
  fields.optional("buf_size_preset", preset, "size of the ring buffer of system calls: 1 is 1 MiB, each step doubles it, 10 is 512 MiB");
  if (preset < 1 || preset > 10) fields.error("buf_size_preset", fmt::format("buf_size_preset is {}, which is not a preset", preset), "1 to 10");
  else config.buffer.count = std::uint64_t{1 << 20} << (preset - 1);
}

void describe_engine(Fields& fields, Config& config) {
  std::string kind = config.engine == EngineKind::Replay ? "replay" : config.engine == EngineKind::NoDriver ? "nodriver" : "modern_ebpf";
  fields.choice("kind", kind, {"modern_ebpf", "kmod", "replay", "nodriver"}, "where events come from; nodriver: from nowhere");
  if (kind == "kmod") fields.diagnostics().warning(fields.place_of("kind"), "tocsin-detector has no kernel module; modern_ebpf is used instead");
  config.engine = kind == "replay" ? EngineKind::Replay : kind == "nodriver" ? EngineKind::NoDriver : EngineKind::Ebpf;
  fields.group("modern_ebpf", "the eBPF sensor", [&](Fields& g) {
    buffer_preset(g, config);
    g.optional("drop_failed_exit", config.drop_failed_exit, "forget failed system calls in the kernel");
    g.ignored("cpus_for_each_buffer", "the sensor has one ring buffer");
    g.ignored("disable_iterators", "the sensor decides by what the kernel has");
  });
  fields.group("replay", "events from a recording", [&](Fields& g) {
    g.optional("capture_file", config.capture_file, "a recording in JSON lines (detector/sensor/REPLAY.md)");
  });
  fields.ignored("kmod", "there is no kernel module");
}

// rules: [{enable: {rule: "name*"}}, {disable: {tag: network}}]
void describe_selections(Fields& fields, Config& config) {
  const YamlNode* list = fields.raw("rules", "which rules are on: a list of enable: or disable: with rule: (may hold *) or tag:, in order", "list");
  if (!list || list->is_null()) return;
  constexpr auto kForm = "write - enable: {rule: \"name*\"} or - disable: {tag: name}";
  if (!list->is_sequence()) return error_at(fields, *list, "'rules' is not a list", kForm);
  for (const YamlNode& item : list->items) {
    if (!item.is_map() || item.entries.size() != 1) {
      error_at(fields, item, "an entry of 'rules' is not one enable: or disable:", kForm);
      continue;
    }
    const auto& [verb, what] = item.entries.front();
    if (verb.scalar != "enable" && verb.scalar != "disable") {
      error_at(fields, verb, fmt::format("an entry of 'rules' has '{}', which is neither enable nor disable", verb.scalar), kForm);
      continue;
    }
    const YamlNode* rule = what.find("rule");
    const YamlNode* tag = what.find("tag");
    if (!what.is_map() || what.entries.size() != 1 || (!rule && !tag) || !(rule ? rule : tag)->is_scalar()) {
      error_at(fields, what, fmt::format("'{}' names neither a rule: nor a tag:", verb.scalar), kForm);
      continue;
    }
    config.rules.selections.push_back({verb.scalar == "enable", rule ? rule->scalar : "", tag ? tag->scalar : ""});
  }
}

// append_output: [{suggested_output: true}, {extra_output: "on %evt.hostname"}]
void describe_append_output(Fields& fields, Config& config) {
  const YamlNode* list = fields.raw("append_output", "texts put behind every rule's output: a list of extra_output: and suggested_output:", "list");
  if (!list) return;
  config.rules.suggested_output = false;
  if (list->is_null()) return;
  constexpr auto kForm = "write - extra_output: \"text with %fields\" or - suggested_output: true";
  if (!list->is_sequence()) return error_at(fields, *list, "'append_output' is not a list", kForm);
  for (const YamlNode& item : list->items) {
    if (!item.is_map()) {
      error_at(fields, item, "an entry of 'append_output' is not a map", kForm);
      continue;
    }
    Fields entry{item, "an entry of append_output", fields.diagnostics()};
    std::string extra;
    bool suggested = false;
    entry.optional("extra_output", extra, "");
    entry.optional("suggested_output", suggested, "");
    if (const auto* match = entry.raw("match", ""); match && match->is_map() && !match->entries.empty()) {
      // Appending to every rule what was meant for some would be a silent change of alerts.
      fields.diagnostics().warning(match->place, "append_output with 'match' is not supported yet; this entry was left out");
      extra.clear();
      suggested = false;
    }
    entry.ignored("extra_fields", "fields are added through extra_output only");
    entry.finish();
    if (!extra.empty()) config.rules.append_output.push_back(extra);
    config.rules.suggested_output |= suggested;
  }
}

void describe_http(Fields& g, Config& config) {
  HttpOutput& http = config.http;
  g.optional("enabled", http.enabled, "POST each alert to a URL");
  g.optional("url", http.url, "where to; a Tocsin hub is recognised by its answer and gets batches");
  g.optional("user_agent", http.user_agent, "the User-Agent header");
  g.optional("insecure", http.insecure, "do not verify the receiver's certificate");
  g.optional("ca_cert", http.ca_cert, "file of the authority to trust, besides the system's");
  g.optional("ca_bundle", http.ca_bundle, "file of several authorities to trust, besides the system's");
  g.ignored("ca_path", "the system's store is always trusted; name a file in ca_cert or ca_bundle");
  g.optional("mtls", http.mtls, "show a certificate of our own");
  g.optional("client_cert", http.client_cert, "with mtls: its file");
  g.optional("client_key", http.client_key, "with mtls: its key");
  g.optional("echo", http.echo, "log what the receiver answers");
  g.optional("compress_uploads", http.compress_uploads, "compress bodies with gzip");
  g.optional("keep_alive", http.keep_alive, "keep the connection between alerts");
  g.optional("max_consecutive_timeouts", http.max_consecutive_timeouts, "after so many timeouts in a row, an error is logged; alerts wait in the spool");
  g.optional("spool_alerts", http.spool_alerts, "alerts kept in memory while the receiver is away");
  g.optional("spool_bytes", http.spool_bytes, "and how many bytes of them");
  if (g.listing() || !http.enabled) return;
  if (http.url.empty()) g.error("url", "http_output is enabled but has no url", "http_output.url: http://127.0.0.1:2801/");
}

void describe_outputs(Fields& fields, Config& config) {
  fields.group("stdout_output", "alerts on standard output", [&](Fields& g) { g.optional("enabled", config.stdout_enabled, "one line an alert"); });
  fields.group("file_output", "alerts in a file", [&](Fields& g) {
    g.optional("enabled", config.file.enabled, "append a line for each alert");
    g.optional("keep_alive", config.file.keep_alive, "keep the file open; SIGUSR1 opens it anew");
    g.optional("filename", config.file.filename, "which file");
  });
  fields.group("syslog_output", "alerts in the system's log", [&](Fields& g) {
    g.optional("enabled", config.syslog.enabled, "facility user, severity = priority");
    g.optional("socket", config.syslog.socket, "the logger's socket");
  });
  fields.group("program_output", "alerts to a program's standard input", [&](Fields& g) {
    g.optional("enabled", config.program.enabled, "run a program");
    g.optional("keep_alive", config.program.keep_alive, "run it once, and write every alert to it; SIGUSR1 runs it anew");
    g.optional("program", config.program.program, "the command, for /bin/sh -c");
  });
  if (!fields.listing() && config.program.enabled && config.program.program.empty()) {
    fields.error("program_output", "program_output is enabled but has no program", "program_output.program: \"logger -t tocsin\"");
  }
  fields.group("http_output", "alerts over HTTP", [&](Fields& g) { describe_http(g, config); });
  fields.group("outputs_queue", "the queue before each output", [&](Fields& g) {
    g.optional("capacity", config.queue_capacity, "alerts that may wait; 0: 65536. A full queue drops, counts and says so");
  });
  std::uint64_t timeout = 2000;
  fields.optional("output_timeout", timeout, "milliseconds after which a blocked output is logged as an error");
  config.output_timeout = std::chrono::milliseconds{std::min<std::uint64_t>(timeout, 86'400'000)};
}

void describe_drops(Fields& g, Config& config) {
  g.optional("threshold", config.drops.threshold, "share of the events of a second, 0 to 1, whose loss is acted on");
  g.optional("actions", config.drops.actions, "what to do: ignore, log, alert, exit");
  g.optional("rate", config.drops.rate, "actions a second");
  g.optional("max_burst", config.drops.max_burst, "actions at once");
  g.ignored("simulate_drops", "it is a test switch of Falco");
  if (g.listing()) return;
  if (config.drops.threshold < 0 || config.drops.threshold > 1) g.error("threshold", "threshold is not between 0 and 1");
  for (const auto& action : config.drops.actions) {
    if (action != "ignore" && action != "log" && action != "alert" && action != "exit") {
      g.error("actions", fmt::format("'{}' is not an action", action), "ignore, log, alert, exit");
    }
  }
}

void describe_metrics(Fields& g, Config& config) {
  g.optional("enabled", config.metrics.enabled, "say every interval what was seen and lost");
  g.optional("interval", config.metrics.interval, "how often");
  g.optional("output_rule", config.metrics.output_rule, "as an alert of the rule 'Falco internal: metrics snapshot'");
  g.optional("output_file", config.metrics.output_file, "append the snapshot to this file");
  for (const auto* key : {"rules_counters_enabled", "resource_utilization_enabled", "state_counters_enabled", "kernel_event_counters_enabled",
                          "kernel_event_counters_per_cpu_enabled", "libbpf_stats_enabled", "plugins_metrics_enabled", "jemalloc_stats_enabled",
                          "convert_memory_to_mb", "include_empty_values", "kernel_iter_event_counters_enabled"}) {
    g.ignored(key, "a snapshot always has the same keys");
  }
}

void describe_log_level(Fields& fields, Config& config) {
  std::string level = "info";
  fields.choice("log_level", level, {"emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"}, "how much is logged to standard error");
  config.log_level = level == "debug"                          ? core::LogLevel::Debug
                     : level == "info" || level == "notice"    ? core::LogLevel::Info
                     : level == "warning"                      ? core::LogLevel::Warning
                                                               : core::LogLevel::Error;
}

// What falco.yaml has and we lack: each says so when it is given.
void describe_lacking(Fields& fields) {
  fields.ignored("watch_config_files", "send SIGHUP to load the rules again");
  fields.ignored("plugins", "there are no plugins; container metadata is built in");
  fields.ignored("load_plugins", "there are no plugins; container metadata is built in");
  fields.ignored("plugins_hostinfo", "there are no plugins");
  fields.ignored("buffered_outputs", "each alert is written at once");
  fields.ignored("buffer_format_base64", "buffers are printed as text");
  fields.ignored("static_fields", "add fixed text with append_output");
  fields.ignored("capture", "system calls are not captured to files yet");
  fields.ignored("libs_logger", "there is one log; see log_level");
  fields.ignored("log_stderr", "the log goes to standard error");
  fields.ignored("log_syslog", "the log goes to standard error, and so to the journal");
  fields.ignored("syscall_event_timeouts", "an idle host is not reported");
  fields.ignored("base_syscalls", "the sensor follows from the rules which system calls it needs");
  fields.ignored("falco_libs", "the process table sizes itself");
  fields.ignored("grpc", "Falco removed it too");
  fields.ignored("grpc_output", "Falco removed it too");
  fields.ignored("outputs", "Falco removed rate and max_burst too; a hub can throttle");
}

}  // namespace

void describe(Fields& fields, Config& config) {
  fields.group("engine", "where events come from", [&](Fields& g) { describe_engine(g, config); });
  fields.optional("rules_files", config.rules_files, "rule files and folders of them, in order; 'builtin' is the rules in the program");
  if (fields.has("rules_file")) fields.optional("rules_file", config.rules_files, "the old name of rules_files");
  describe_selections(fields, config);
  fields.optional("priority", config.rules.priority, "rules below this priority are not loaded");
  std::string matching = "first";
  fields.choice("rule_matching", matching, {"first", "all"}, "whether one event makes one alert or one of each rule it matches");
  config.rules.match_all = matching == "all";

  fields.optional("json_output", config.rules.json_output, "alerts as JSON instead of text");
  fields.optional("json_include_output_property", config.rules.include_output, "JSON has 'output'");
  fields.optional("json_include_output_fields_property", config.rules.include_output_fields, "JSON has 'output_fields'");
  fields.optional("json_include_tags_property", config.rules.include_tags, "JSON has 'tags'");
  fields.optional("json_include_message_property", config.rules.include_message, "JSON has 'message': the output without time and priority");
  fields.optional("time_format_iso_8601", config.rules.time_iso_8601, "times in texts as 2016-08-04T16:17:57.881781397+0000");
  describe_append_output(fields, config);

  describe_outputs(fields, config);
  fields.group("webserver", "the health endpoint", [&](Fields& g) {
    g.optional("enabled", config.webserver.enabled, "answer GET /healthz and /versions");
    g.optional("listen_address", config.webserver.listen_address, "on which address");
    g.optional("listen_port", config.webserver.listen_port, "on which port");
    g.optional("k8s_healthz_endpoint", config.webserver.healthz, "path of the health check");
    g.ignored("threadiness", "one thread is enough");
    g.ignored("prometheus_metrics_enabled", "metrics are the hub's");
    g.ignored("ssl_enabled", "the health endpoint speaks plain HTTP");
    g.ignored("ssl_certificate", "the health endpoint speaks plain HTTP");
  });
  fields.group("syscall_event_drops", "what to do when events are lost", [&](Fields& g) { describe_drops(g, config); });
  fields.group("metrics", "snapshots of the detector's own numbers", [&](Fields& g) { describe_metrics(g, config); });
  describe_log_level(fields, config);
  describe_lacking(fields);
}

}  // namespace detector
