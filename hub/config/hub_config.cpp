#include "hub/config/hub_config.h"

#include "core/text.h"
#include "hub/config/falcosidekick_file.h"
#include "hub/config/mutation_options.h"
#include "hub/ingest/event_labels.h"

#include <fmt/format.h>
#include <boost/asio/ip/address.hpp>

#include <unistd.h>

extern char** environ;

namespace hub {
namespace {

// The variables that win over the file. falcosidekick's names; an empty one counts as not set, as there.
constexpr std::pair<std::string_view, std::string_view> kVariables[] = {
    {"LISTENADDRESS", "listenaddress"},
    {"LISTENPORT", "listenport"},
    {"DEBUG", "debug"},
    {"STATE_DIRECTORY", "state_directory"},
    {"BRACKETREPLACER", "bracketreplacer"},
    {"OUTPUTFIELDFORMAT", "outputfieldformat"},
    {"MUTUALTLSFILESPATH", "mutualtlsfilespath"},
    {"MUTUALTLSCLIENT_CERTFILE", "mutualtlsclient.certfile"},
    {"MUTUALTLSCLIENT_KEYFILE", "mutualtlsclient.keyfile"},
    {"MUTUALTLSCLIENT_CACERTFILE", "mutualtlsclient.cacertfile"},
    {"TLSCLIENT_CACERTFILE", "tlsclient.cacertfile"},
    {"TLSSERVER_DEPLOY", "tlsserver.deploy"},
    {"TLSSERVER_CERTFILE", "tlsserver.certfile"},
    {"TLSSERVER_KEYFILE", "tlsserver.keyfile"},
    {"TLSSERVER_MUTUALTLS", "tlsserver.mutualtls"},
    {"TLSSERVER_CACERTFILE", "tlsserver.cacertfile"},
    {"TLSSERVER_NOTLSPORT", "tlsserver.notlsport"},
    {"TLSSERVER_NOTLSPATHS", "tlsserver.notlspaths"},
    {"PROMETHEUS_EXTRALABELS", "prometheus.extralabels"}};

constexpr std::string_view kClientFiles = "/etc/certs";  // falcosidekick's mutualtlsfilespath

// client.crt, client.key and ca.crt of a folder, where mutualtlsclient and tlsclient name no other. The default folder
// counts only where it has them.
void use_client_files(const std::string& folder, net::TlsOptions& tls) {
  const std::string path = folder.empty() ? std::string{kClientFiles} : folder;
  const auto is_meant = [&](const std::string& file) { return !folder.empty() || access(file.c_str(), R_OK) == 0; };
  if (tls.cert_file.empty() && tls.key_file.empty() && is_meant(path + "/client.crt")) {
    tls.cert_file = path + "/client.crt";
    tls.key_file = path + "/client.key";
    if (tls.ca_file.empty() && access((path + "/ca.crt").c_str(), R_OK) == 0) tls.ca_file = path + "/ca.crt";
  }
}

}  // namespace

void TlsServerConfig::describe(core::Fields& fields) {
  fields.optional("deploy", deploy, "serve HTTPS on listenport");
  fields.optional("certfile", certfile, "PEM file with the server's certificate and its chain");
  fields.optional("keyfile", keyfile, "PEM file with its key");
  fields.optional("mutualtls", mutualtls, "senders must show a certificate that cacertfile has signed");
  fields.optional("cacertfile", cacertfile, "PEM file of the authorities that sign senders' certificates");
  fields.optional("notlsport", notlsport, "the port on which notlspaths are served in clear");
  fields.optional("notlspaths", notlspaths,
                  "paths served in clear on notlsport and no longer on listenport: /healthz, …");
}

void HubConfig::describe(core::Fields& fields) {
  fields.optional("listenaddress", listenaddress,
                  "IP address to listen on; 0.0.0.0 for every IPv4 address, :: for both families");
  fields.optional("listenport", listenport, "TCP port to listen on");
  fields.optional("state_directory", state_directory,
                  "where journal and delivery state are kept; only its owner can read it");
  fields.optional("threads", threads, "ingest threads; 0: one for each core");
  fields.optional("debug", debug, "the same as log: {level: debug}");
  fields.group("journal", "how much is kept after every sink has it", [this](core::Fields& journal) {
    journal.optional("retain", journal_retain, "how long alerts stay on disk after the last sink has them");
    journal.optional("max_bytes", journal_max_bytes,
                     "how much of that is kept at most; 0: 10GiB, or a fifth of the file system if that is less");
    journal.optional("segment_bytes", journal_segment_bytes,
                     "size of one file; 0: 64MiB, or 1/32 of the file system if that is less");
  });
  fields.group("log", "what goes to stderr", [this](core::Fields& log) {
    log.choice("level", log_level, {"error", "warning", "info", "debug"}, "the least important lines shown");
    log.choice("format", log_format, {"text", "json"}, "one line of key=value, or one JSON object");
  });
  fields.group("limits", "what is refused at the door", [this](core::Fields& limits) {
    limits.optional("body", body_bytes, "largest request body; beyond: 413");
    limits.optional("alert", alert_bytes, "largest single alert; beyond it is refused");
    limits.optional("peer_connections", peer_connections,
                    "connections of one address at a time; beyond they are closed");
    limits.optional("peer_rate", peer_rate, "requests of one address, as 1000/s; beyond: 429; empty: unlimited");
  });
  access.describe(fields);
  fields.group("tlsclient", "what outputs trust", [this](core::Fields& client) {
    client.optional("cacertfile", tls.ca_file, "PEM file of certificate authorities, added to the system's");
  });
  fields.group("mutualtlsclient", "who outputs say they are", [this](core::Fields& client) {
    client.optional("certfile", tls.cert_file, "PEM file with the client certificate of all outputs");
    client.optional("keyfile", tls.key_file, "PEM file with its key");
    client.optional("cacertfile", tls.ca_file, "the same as tlsclient.cacertfile");
  });
  std::string files;
  fields.optional(
      "mutualtlsfilespath", files,
      "folder with client.crt, client.key and ca.crt, where mutualtlsclient names no files; /etc/certs if they "
      "are there");
  if (!fields.listing()) use_client_files(files, tls);
  fields.group("tlsserver", "how senders reach us", [this](core::Fields& server) { tlsserver.describe(server); });
  fields.group("prometheus", "falcosidekick's metrics", [this](core::Fields& prometheus) {
    prometheus.optional("extralabels", extralabels,
                        "output fields that become labels of falcosecurity_falcosidekick_falco_events_total");
  });
  describe_mutations(fields, mutations);
}

core::LogLevel HubConfig::level() const {
  if (debug || log_level == "debug") return core::LogLevel::Debug;
  if (log_level == "error") return core::LogLevel::Error;
  if (log_level == "warning") return core::LogLevel::Warning;
  return core::LogLevel::Info;
}

Environment process_environment() {
  Environment environment;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view entry = *each;
    if (const auto equals = entry.find('='); equals != std::string_view::npos)
      environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return environment;
}

std::string default_state_directory(const Environment& environment) {
  if (geteuid() == 0) return "/var/lib/tocsin";
  const auto get = [&environment](const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string{} : found->second;
  };
  if (const std::string state = get("XDG_STATE_HOME"); !state.empty()) return state + "/tocsin";
  if (const std::string home = get("HOME"); !home.empty()) return home + "/.local/state/tocsin";
  return "/var/tmp/tocsin-" + std::to_string(geteuid());
}

HubConfig read_hub_config(const std::string& file, const std::string& text, const Environment& environment,
                          core::Diagnostics& diagnostics) {
  HubConfig config;
  config.state_directory = default_state_directory(environment);

  const auto documents = core::parse_yaml(file, text, diagnostics);
  if (diagnostics.has_errors()) return config;
  if (documents.size() > 1)
    diagnostics.error(documents[1].place, "a second document in this file", "hub.yaml is one map; remove the '---'");
  core::YamlNode nothing;
  nothing.place.file = file;
  core::YamlNode root = documents.empty() ? nothing : documents.front();
  if (!root.is_map() && !root.is_null()) {
    diagnostics.error(root.place, "hub.yaml is a map of options", "for example: listenport: 2801");
    return config;
  }

  const bool is_theirs = is_falcosidekick_file(root);
  if (is_theirs) config.falcosidekick = root = with_falcosidekick_case(std::move(root));
  for (auto& [key, value] : root.entries)
    if (key.scalar == "outputFieldFormat") key.scalar = "outputfieldformat";  // as falcosidekick's manual writes it

  std::map<std::string, std::string> overrides;
  for (const auto& [variable, key] : kVariables)
    if (const auto found = environment.find(std::string{variable});
        found != environment.end() && !found->second.empty())
      overrides.emplace(key, found->second);

  core::Fields fields{root, "hub.yaml", diagnostics, std::move(overrides)};
  config.describe(fields);
  warn_of_what_we_lack(root, environment, fields);
  fields.finish(is_theirs ? core::Fields::Unknown::Warning : core::Fields::Unknown::Error);
  add_variables(config.mutations, environment, diagnostics);
  const EventLabels labels{config.mutations, config.extralabels};
  for (const std::string& name : labels.left_out())
    diagnostics.warning(
        fields.place_of("prometheus"),
        fmt::format("'{}' becomes no label of the metrics: it cannot be the name of one", core::printable(name)));

  boost::system::error_code fault;
  if (!config.listenaddress.empty()) boost::asio::ip::make_address(config.listenaddress, fault);
  if (fault)
    fields.error("listenaddress", fmt::format("listenaddress '{}' is not an IP address", config.listenaddress),
                 "0.0.0.0 listens on every IPv4 address, 127.0.0.1 on this machine alone");
  if (config.alert_bytes > config.body_bytes)
    fields.error("limits", "limits.alert is larger than limits.body", "an alert comes in a body");
  if (config.alert_bytes.count > 4'000'000)
    fields.error("limits", "limits.alert is more than 4MB, which is what a journal record can hold");
  const bool shows_certificates = config.tlsserver.deploy && config.tlsserver.mutualtls;
  for (const ProducerOptions& producer : config.access.producers)
    if (!producer.certificate.empty() && !shows_certificates)
      fields.error("producers",
                   fmt::format("producer '{}' is known by its certificate, but none is asked for", producer.name),
                   "set tlsserver: {deploy: true, mutualtls: true}");
  if (config.tlsserver.deploy && !config.tlsserver.notlspaths.empty() &&
      config.tlsserver.notlsport == config.listenport)
    fields.error("tlsserver", "tlsserver.notlsport is listenport", "give each a port of its own");
  if (config.tls.cert_file.empty() != config.tls.key_file.empty())
    fields.error("mutualtlsclient", "mutualtlsclient needs certfile and keyfile, or neither");
  return config;
}

std::vector<core::OptionRow> list_hub_options() {
  std::vector<core::OptionRow> rows;
  core::Fields fields{rows};
  HubConfig config;
  config.state_directory = "/var/lib/tocsin";
  config.describe(fields);
  return rows;
}

}  // namespace hub
