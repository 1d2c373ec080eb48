// hub.yaml: where to listen, where to keep state, how much. Precedence as falcosidekick has it: environment, then the
// file, then defaults.
#pragma once

#include "core/fields.h"
#include "core/log.h"
#include "hub/config/access_options.h"
#include "hub/ingest/mutations.h"
#include "net/tls.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hub {

// falcosidekick's tlsserver: how senders reach us.
struct TlsServerConfig {
  bool deploy = false;  // serve TLS on listenport
  std::string certfile = "/etc/certs/server/server.crt", keyfile = "/etc/certs/server/server.key";
  bool mutualtls = false;  // senders must show a certificate of cacertfile
  std::string cacertfile = "/etc/certs/server/ca.crt";
  std::uint16_t notlsport = 2810;
  std::vector<std::string> notlspaths;  // served in clear on notlsport, and there alone

  void describe(core::Fields& fields);
};

struct HubConfig {
  std::string listenaddress = "127.0.0.1";
  std::uint16_t listenport = 2801;
  std::string state_directory;  // the default depends on who we are; see default_state_directory()
  unsigned threads = 0;         // 0: one a core
  core::Duration journal_retain = std::chrono::hours{24};
  core::Bytes journal_max_bytes, journal_segment_bytes;  // 0: by the file system's size
  std::string log_level = "info", log_format = "text";
  core::Bytes body_bytes{8 << 20}, alert_bytes{1 << 20};
  unsigned peer_connections = 1024;
  core::Rate peer_rate;  // of requests; per_second 0: unlimited
  AccessOptions access;
  bool debug = false;   // falcosidekick's word for log.level debug
  net::TlsOptions tls;  // what every output starts from: tlsclient, mutualtlsclient, mutualtlsfilespath
  TlsServerConfig tlsserver;
  MutationOptions mutations;
  core::YamlNode falcosidekick;          // a map when the file is falcosidekick's own: its root, for its outputs
  std::vector<std::string> extralabels;  // of falcosecurity_falcosidekick_falco_events_total: names of output fields

  void describe(core::Fields& fields);
  core::LogLevel level() const;
};

using Environment = std::map<std::string, std::string>;
Environment process_environment();

// /var/lib/tocsin for root; else $XDG_STATE_HOME/tocsin or ~/.local/state/tocsin.
std::string default_state_directory(const Environment& environment);

// Reads `text` (from `file`; an empty text is a file without keys). All faults and warnings go to `diagnostics`.
HubConfig read_hub_config(const std::string& file, const std::string& text, const Environment& environment,
                          core::Diagnostics& diagnostics);

// The options as rows, for docs and --list-options.
std::vector<core::OptionRow> list_hub_options();

}  // namespace hub
