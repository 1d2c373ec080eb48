// From files and -o to a Config. One tree is made of all of them, and read once; each node remembers where it came from.
#include "detector/config/config.h"
#include "detector/config/describe.h"
#include "detector/config/tree.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace detector {
namespace {

namespace fs = std::filesystem;
using core::YamlNode;

constexpr auto kDefaultFile = "/etc/tocsin/detector.yaml";
constexpr auto kDefaultFolder = "/etc/tocsin/config.d";

std::optional<YamlNode> read_tree(const std::string& file, core::Diagnostics& diagnostics) {
  std::ifstream in{file, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
  if (!in) {
    diagnostics.error({.file = file, .line = 0, .column = 0}, "this configuration file cannot be read");
    return std::nullopt;
  }
  auto documents = core::parse_yaml(file, text, diagnostics);
  if (documents.empty()) return YamlNode{.kind = YamlNode::Kind::Map, .place = {.file = file, .line = 1, .column = 1}};
  if (!documents.front().is_map() && !documents.front().is_null()) {
    diagnostics.error(documents.front().place, "a configuration is a map of keys", "write it as key: value, one a line");
    return std::nullopt;
  }
  return std::move(documents.front());
}

// One entry of config_files: a file, a folder (its *.yaml by name), or {path, strategy}.
void merge_entry(YamlNode& root, const YamlNode& entry, core::Diagnostics& diagnostics) {
  std::string path = entry.scalar;
  std::string strategy = "append";
  if (entry.is_map()) {
    core::Fields fields{entry, "an entry of config_files", diagnostics};
    path.clear();
    fields.required("path", path, "");
    fields.choice("strategy", strategy, {"append", "override", "add-only"}, "");
    fields.finish();
  }
  const Merge merge = strategy == "override" ? Merge::Override : strategy == "add-only" ? Merge::AddOnly : Merge::Append;

  std::error_code fault;
  std::vector<std::string> files;
  if (fs::is_directory(path, fault)) {
    for (fs::directory_iterator file{path, fault}, end; !fault && file != end; file.increment(fault)) {
      if (file->path().extension() == ".yaml" || file->path().extension() == ".yml") files.push_back(file->path().string());
    }
    std::sort(files.begin(), files.end());
  } else if (fs::exists(path, fault)) {
    files.push_back(path);
  }   // not there: skipped, as Falco does; its own default names a folder that need not exist
  for (const auto& file : files) {
    auto tree = read_tree(file, diagnostics);
    if (!tree) continue;
    if (const YamlNode* nested = tree->find("config_files")) {
      diagnostics.warning(nested->place, "'config_files' has no effect in a file that config_files names");
      std::erase_if(tree->entries, [](const auto& e) { return e.first.scalar == "config_files"; });
    }
    merge_config(root, *tree, merge);
  }
}

void merge_config_files(YamlNode& root, core::Diagnostics& diagnostics, std::string_view default_folder) {
  const YamlNode* given = root.find("config_files");
  YamlNode list = given ? *given : YamlNode{};
  if (!given && !default_folder.empty()) list = YamlNode{.kind = YamlNode::Kind::Scalar, .scalar = std::string{default_folder}};
  expand_environment(list);
  if (list.is_sequence()) {
    for (const YamlNode& entry : list.items) merge_entry(root, entry, diagnostics);
  } else if (!list.is_null()) {
    merge_entry(root, list, diagnostics);
  }
}

// A falco.yaml may be of a newer Falco than the one we know: there an unknown key is a warning; in our own file it is a slip of the pen.
bool is_falcos(const std::string& file) { return fs::path{file}.filename() == "falco.yaml" || file.starts_with("/etc/falco/"); }

}  // namespace

Config load_config(const ConfigRequest& request, core::Diagnostics& diagnostics) {
  std::error_code fault;
  const bool by_default = request.file.empty() && fs::exists(kDefaultFile, fault);
  const std::string file = by_default ? kDefaultFile : request.file;

  YamlNode root{.kind = YamlNode::Kind::Map, .place = {.file = file.empty() ? "configuration" : file, .line = 1, .column = 1}};
  if (!file.empty()) {
    if (auto tree = read_tree(file, diagnostics)) root = *std::move(tree);
  }
  if (root.is_null()) root.kind = YamlNode::Kind::Map;
  for (const auto& assignment : request.overrides) {
    // Twice: config_files themselves may come from -o, and -o wins over what they name.
    if (assignment.starts_with("config_files")) set_override(root, assignment, diagnostics);
  }
  merge_config_files(root, diagnostics, file == kDefaultFile ? kDefaultFolder : "");
  for (const auto& assignment : request.overrides) {
    if (!assignment.starts_with("config_files")) set_override(root, assignment, diagnostics);
  }
  expand_environment(root);

  Config config;
  if (is_falcos(file)) {   // what Falco does where its file says nothing
    config.rules.json_output = false;
    config.syslog.enabled = true;
  }
  core::Diagnostics found;
  core::Fields fields{root, "the configuration", found};
  fields.raw("config_files", "further files to merge in: paths, or {path, strategy: append | override | add-only}", "list");
  describe(fields, config);
  fields.finish();
  diagnostics.conceal_as(found);
  for (const core::Diagnostic& one : found.all()) {
    const bool forgiven = is_falcos(one.place.file) && one.what.find(" has no option '") != std::string::npos;
    if (one.level == core::Diagnostic::Level::Warning || forgiven) diagnostics.warning(one.place, one.what, one.hint);
    else diagnostics.error(one.place, one.what, one.hint);
  }
  const bool asked = std::any_of(request.overrides.begin(), request.overrides.end(), [](const auto& o) { return o.starts_with("json_output="); });
  config.json_reports = config.rules.json_output && (asked || is_falcos(file));
  return config;
}

std::vector<core::OptionRow> config_options() {
  std::vector<core::OptionRow> rows;
  core::Fields fields{rows};
  fields.raw("config_files", "further files to merge in: paths, or {path, strategy: append | override | add-only}", "list");
  Config defaults;
  describe(fields, defaults);
  return rows;
}

}  // namespace detector
