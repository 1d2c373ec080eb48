// From rules_files and -r to texts: files, folders in the order of their names, and the compiled-in rules.
#include "detector/config/builtin_rules.h"
#include "detector/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace detector {
namespace {

namespace fs = std::filesystem;

core::Place whole(const std::string& file) { return {.file = file, .line = 0, .column = 0}; }

bool is_rules_name(const fs::path& path) { return path.extension() == ".yaml" || path.extension() == ".yml"; }

void read_one(const std::string& path, std::vector<RuleFile>& into, core::Diagnostics& diagnostics) {
  std::ifstream in{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
  if (!in) {
    diagnostics.error(whole(path), "this rules file cannot be read", "check its permissions");
    return;
  }
  into.push_back({path, std::move(text)});
}

}  // namespace

std::vector<RuleFile> read_rule_files(const std::vector<std::string>& paths, Absent absent, core::Diagnostics& diagnostics) {
  std::vector<RuleFile> files;
  for (const std::string& path : paths) {
    std::error_code fault;
    if (path == kBuiltinRules) {
      files.push_back({std::string{kBuiltinRules}, std::string{builtin_rules()}});
    } else if (fs::is_directory(path, fault)) {
      std::vector<std::string> inside;
      for (fs::directory_iterator entry{path, fault}, end; !fault && entry != end; entry.increment(fault)) {
        if (is_rules_name(entry->path())) inside.push_back(entry->path().string());
      }
      if (fault) diagnostics.error(whole(path), fmt::format("this folder of rules cannot be read: {}", fault.message()));
      std::sort(inside.begin(), inside.end());
      for (const auto& file : inside) read_one(file, files, diagnostics);
    } else if (fs::exists(path, fault)) {
      read_one(path, files, diagnostics);
    } else if (absent == Absent::Skip && !is_rules_name(path)) {
      // A folder to drop rules into, which nobody has made yet: our own default names one, and Falco's does too.
    } else if (absent == Absent::Skip) {
      diagnostics.warning(whole(path), "this rules file is named in rules_files but is not there; it was skipped");
    } else {
      diagnostics.error(whole(path), "this rules file is not there");
    }
  }
  return files;
}

}  // namespace detector
