// What the detector was told: falco.yaml's keys, read from the configuration file, its config_files, and -o key=value, in that order.
// Everything has a default, so that an empty file is a configuration. Faults go to Diagnostics, all at once.
#pragma once

#include "core/diagnostic.h"
#include "core/fields.h"
#include "core/log.h"
#include "core/units.h"
#include "detector/rules/engine.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace detector {

// In rules_files this word stands for the rules that are compiled in (config/rules/tocsin_rules.yaml).
inline constexpr std::string_view kBuiltinRules = "builtin";

struct FileOutput {
  bool enabled = false;
  bool keep_alive = false;            // false: opened anew for each alert, so that a rotated file is followed
  std::string filename = "./events.txt";
};

struct ProgramOutput {
  bool enabled = false;
  bool keep_alive = false;            // false: one run of the program for each alert
  std::string program;                // for /bin/sh -c
};

struct SyslogOutput {
  bool enabled = false;
  std::string socket = "/dev/log";
};

struct HttpOutput {
  bool enabled = false;
  core::Secret url;                   // may carry credentials
  std::string user_agent = "tocsin-detector";
  bool insecure = false;
  std::string ca_cert, ca_bundle;
  bool mtls = false;
  std::string client_cert = "/etc/ssl/certs/client.crt";
  std::string client_key = "/etc/ssl/certs/client.key";
  bool echo = false;
  bool compress_uploads = false;
  bool keep_alive = true;
  unsigned max_consecutive_timeouts = 5;
  std::size_t spool_alerts = 10'000;  // while the receiver is away
  core::Bytes spool_bytes{16 << 20};
};

struct Webserver {
  bool enabled = false;
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 8765;
  std::string healthz = "/healthz";
};

struct EventDrops {
  double threshold = 0.1;             // share of the events of one second
  std::vector<std::string> actions{"log", "alert"};   // ignore, log, alert, exit
  double rate = 0.03333;              // actions a second
  unsigned max_burst = 1;
};

struct Metrics {
  bool enabled = false;
  core::Duration interval = std::chrono::hours{1};
  bool output_rule = true;
  std::string output_file;
};

enum class EngineKind : std::uint8_t { Ebpf, Replay, NoDriver };

struct Config {
  EngineKind engine = EngineKind::Ebpf;
  std::string capture_file;            // engine.replay
  core::Bytes buffer{8 << 20};         // engine.modern_ebpf.buf_size_preset
  bool drop_failed_exit = false;

  std::vector<std::string> rules_files{std::string{kBuiltinRules}};
  EngineOptions rules;                 // hostname is the pipeline's
  std::size_t queue_capacity = 0;      // outputs_queue.capacity; 0: kLargeQueue
  core::Duration output_timeout = std::chrono::seconds{2};

  bool stdout_enabled = true;
  FileOutput file;
  ProgramOutput program;
  SyslogOutput syslog;
  HttpOutput http;
  Webserver webserver;
  EventDrops drops;
  Metrics metrics;
  core::LogLevel log_level = core::LogLevel::Info;
  bool json_reports = false;           // json_output was asked for on the command line or by a falco.yaml: -V, -L and --version speak JSON
};

struct ConfigRequest {
  std::string file;                       // "" : /etc/tocsin/detector.yaml if it is there, else defaults
  std::vector<std::string> overrides;     // -o key=value
};

// Never throws, never stops at the first fault. With errors in `diagnostics` the result must not be used.
Config load_config(const ConfigRequest& request, core::Diagnostics& diagnostics);

// The rule files that `paths` stand for: files as they are, folders as their *.yaml and *.yml by name, "builtin" as the compiled-in rules.
// A path that is not there is an error, or (Absent::Skip, as Falco treats its rules_files) a warning.
enum class Absent { Refuse, Skip };
std::vector<RuleFile> read_rule_files(const std::vector<std::string>& paths, Absent absent, core::Diagnostics& diagnostics);

// The option table, for docs and their test.
std::vector<core::OptionRow> config_options();

}  // namespace detector
