#include "hub/cli_configuration.h"

#include "hub/config/falcosidekick_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace hub {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHubFile = "/etc/tocsin/hub.yaml";

core::Place whole(const std::string& file) {
  core::Place place;
  place.file = file;
  return place;
}

std::string read_file(const std::string& file, core::Diagnostics& diagnostics) {
  std::error_code fault;
  if (fs::is_directory(file, fault)) {
    diagnostics.error(whole(file), "this is a folder, not a file");
    return {};
  }
  std::ifstream stream{file, std::ios::binary};
  if (!stream) {
    diagnostics.error(whole(file), fs::exists(file, fault) ? "this file cannot be read" : "there is no such file",
                      "is the path right?");
    return {};
  }
  std::ostringstream text;
  text << stream.rdbuf();
  return std::move(text).str();
}

bool is_there(const std::string& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

// Options on the command line win over the environment.
Environment environment_of(const CommandLine& line) {
  Environment environment = process_environment();
  if (!line.state_directory.empty()) environment["STATE_DIRECTORY"] = line.state_directory;
  if (line.listen_port) environment["LISTENPORT"] = std::to_string(*line.listen_port);
  return environment;
}

std::string outputs_beside(const std::string& hub_file) {
  const fs::path folder = hub_file.empty() ? fs::path{kHubFile}.parent_path() : fs::path{hub_file}.parent_path();
  const std::string beside = (folder / "outputs.yaml").string();
  return is_there(beside) ? beside : std::string{};
}

void append_table(std::string& to, std::string_view section, const std::vector<core::OptionRow>& rows) {
  to += fmt::format("## {}\n\n| option | type | default | meaning |\n|---|---|---|---|\n", section);
  for (const auto& row : rows)
    to += fmt::format("| `{}` | {} | {} | {} |\n", row.key, row.type,
                      row.required               ? "required"
                      : row.default_text.empty() ? ""
                                                 : fmt::format("`{}`", row.default_text),
                      row.help);
  to += '\n';
}

}  // namespace

HubConfig read_hub_file(const CommandLine& line, core::Diagnostics& diagnostics, std::string* found) {
  std::string file = line.config;
  if (file.empty() && is_there(std::string{kHubFile})) file = kHubFile;
  if (found != nullptr) *found = file;
  const std::string text = file.empty() ? std::string{} : read_file(file, diagnostics);
  return read_hub_config(file.empty() ? "embedded hub.yaml" : file, text, environment_of(line), diagnostics);
}

Configuration read_configuration(const CommandLine& line, boost::asio::io_context& loop,
                                 core::Diagnostics& diagnostics) {
  Configuration configuration;
  configuration.hub = read_hub_file(line, diagnostics, &configuration.hub_file);
  configuration.outputs_file = line.outputs.empty() ? outputs_beside(configuration.hub_file) : line.outputs;

  const Environment environment = environment_of(line);
  const outputs::Surroundings surroundings{loop.get_executor(), configuration.hub.tls};
  if (configuration.outputs_file.empty()) {
    configuration.outputs = embedded_outputs(configuration.hub.state_directory, environment, surroundings, diagnostics,
                                             configuration.hub.falcosidekick);
    return configuration;
  }
  for (const auto& [key, block] : configuration.hub.falcosidekick.entries) {
    const FalcosidekickOutput* output = find_falcosidekick_output(key.scalar);
    if (output == nullptr || !output->is_ours) continue;
    core::conceal(block, diagnostics);  // nobody reads it, or knows what is secret there
    if (is_in_use(*output, &block, {}))
      diagnostics.warning(key.place, fmt::format("'{}' has no effect here: where alerts go stands in {}", key.scalar,
                                                 configuration.outputs_file));
  }
  const std::size_t before = diagnostics.errors();
  const std::string text = read_file(configuration.outputs_file, diagnostics);
  if (diagnostics.errors() == before)
    configuration.outputs = read_outputs(configuration.outputs_file, text, environment, surroundings, diagnostics);
  return configuration;
}

std::vector<std::string> files_of(const CommandLine& line, const Configuration& configuration) {
  std::vector<std::string> files;
  if (!configuration.hub_file.empty()) files.push_back(configuration.hub_file);
  if (!configuration.outputs_file.empty()) {
    files.push_back(configuration.outputs_file);
  } else if (line.outputs.empty() && !configuration.hub_file.empty()) {
    files.push_back((fs::path{configuration.hub_file}.parent_path() / "outputs.yaml").string());
  }
  return files;
}

std::string list_options() {
  std::string text;
  append_table(text, "hub", list_hub_options());
  append_table(text, "defaults", SinkDefaults::rows());
  append_table(text, "every sink", list_sink_options());
  boost::asio::io_context loop;
  const outputs::Surroundings surroundings{loop.get_executor(), {}};
  for (const outputs::Kind& kind : outputs::kinds()) {
    std::vector<core::OptionRow> rows;
    core::Fields fields{rows};
    kind.make(fields, surroundings);
    append_table(text, kind.name, rows);
  }
  return text;
}

}  // namespace hub
