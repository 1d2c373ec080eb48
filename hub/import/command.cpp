#include "hub/import/command.h"

#include "hub/import/falcosidekick.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace hub {
namespace {

namespace fs = std::filesystem;

int complain(const std::string& sentence) {
  fmt::print(stderr, "tocsin-hub: {}\n", sentence);
  return 1;
}

// False, with the sentence said: it is there already, or cannot be written.
bool write_new(const fs::path& path, const std::string& text, mode_t mode) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) {
    complain(errno == EEXIST ? fmt::format("{} is there already; nothing is overwritten", path.string())
                             : fmt::format("{} cannot be written: {}", path.string(), std::strerror(errno)));
    return false;
  }
  const bool whole = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool closed = close(file) == 0;
  if (!whole || !closed) complain(fmt::format("{} cannot be written: {}", path.string(), std::strerror(errno)));
  return whole && closed;
}

int write_all(const Imported& made, const fs::path& folder) {
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault) return complain(fmt::format("{} cannot be made: {}", folder.string(), fault.message()));
  const fs::path secrets = folder / "secrets";
  if (!made.secrets.empty() && mkdir(secrets.c_str(), 0700) != 0 && errno != EEXIST)
    return complain(fmt::format("{} cannot be made: {}", secrets.string(), std::strerror(errno)));
  for (const ImportedSecret& secret : made.secrets)
    if (!write_new(secrets / secret.variable, secret.value + "\n", 0600)) return 1;
  if (!write_new(folder / "hub.yaml", made.hub_yaml, 0644)) return 1;
  if (!write_new(folder / "outputs.yaml", made.outputs_yaml, 0644)) return 1;
  fmt::print("{0}/hub.yaml and {0}/outputs.yaml are written", folder.string());
  if (!made.secrets.empty()) fmt::print(", with {} secrets in {}", made.secrets.size(), secrets.string());
  fmt::print(".\nCheck them: tocsin-hub check-config -c {0}/hub.yaml --outputs {0}/outputs.yaml\n", folder.string());
  return 0;
}

void print_all(const Imported& made) {
  fmt::print("# ----- hub.yaml -----\n{}\n# ----- outputs.yaml -----\n{}", made.hub_yaml, made.outputs_yaml);
  if (made.secrets.empty()) return;
  fmt::print(stderr, "secrets are not printed; set these variables for the hub, or use --to FOLDER:\n");
  for (const ImportedSecret& secret : made.secrets)
    fmt::print(stderr, "  {} is the value at {}\n", secret.variable, secret.from);
}

}  // namespace

int run_import(const ImportCommand& command, const Environment& environment) {
  if (command.file.empty() && !command.variables) {
    fmt::print(stderr, "tocsin-hub: import falcosidekick wants its config.yaml, or --env for its variables, or both\n");
    return 2;
  }
  core::YamlNode root;
  if (!command.file.empty()) {
    std::ifstream stream{command.file, std::ios::binary};
    std::ostringstream text;
    if (!stream || !(text << stream.rdbuf() || stream.eof())) return complain(command.file + " cannot be read");
    core::Diagnostics diagnostics;
    const auto documents = core::parse_yaml(command.file, text.str(), diagnostics);
    fmt::print(stderr, "{}", diagnostics.render());
    if (diagnostics.has_errors()) return 2;
    if (!documents.empty()) root = documents.front();
    if (!root.is_map() && !root.is_null()) return complain(command.file + " is not a map of options") + 1;
  }
  ImportOptions options;
  if (!command.folder.empty())
    options.secrets_folder = (fs::absolute(command.folder).lexically_normal() / "secrets").string();
  const Imported made = import_falcosidekick(root, command.variables ? environment : Environment{}, options);
  for (const std::string& note : made.notes) fmt::print(stderr, "note: {}\n", note);
  if (!command.folder.empty()) return write_all(made, command.folder);
  print_all(made);
  return 0;
}

}  // namespace hub
