#include "hub/deliver/sink_fingerprint.h"

#include "core/references.h"

#include <fstream>
#include <functional>
#include <sstream>

namespace hub {
namespace {

class Print {
 public:
  void add(std::string_view text) { add(std::hash<std::string_view>{}(text)); }
  void add(std::size_t part) { value_ ^= part + 0x9e3779b97f4a7c15ULL + (value_ << 12) + (value_ >> 4); }
  void add_file(const std::string& path) {
    if (path.empty()) return;
    std::ifstream stream{path, std::ios::binary};
    std::ostringstream text;
    if (stream) text << stream.rdbuf();
    add(text.view());
  }
  void add(const core::YamlNode& node) {
    add(static_cast<std::size_t>(node.kind));
    if (node.is_scalar()) {
      const auto resolved = core::resolve_references(node.scalar);
      add(resolved ? *resolved : node.scalar);
    }
    for (const core::YamlNode& item : node.items) add(item);
    for (const auto& [key, value] : node.entries) {
      add(std::string_view{key.scalar});
      add(value);
      if (!key.scalar.ends_with("file") || !value.is_scalar()) continue;
      const auto path = core::resolve_references(value.scalar);
      if (path) add_file(*path);
    }
  }
  std::size_t value() const { return value_; }

 private:
  std::size_t value_ = 0;
};

}  // namespace

std::size_t fingerprint_of(const core::YamlNode& node) {
  Print print;
  print.add(node);
  return print.value();
}

std::size_t fingerprint_of(const core::YamlNode& options, const std::map<std::string, std::string>& overrides,
                           std::size_t defaults, const outputs::Surroundings& surroundings) {
  Print print;
  print.add(options);
  for (const auto& [key, value] : overrides) {
    print.add(std::string_view{key});
    print.add(std::string_view{value});
  }
  print.add(defaults);
  for (const std::string& file : {surroundings.tls.ca_file, surroundings.tls.cert_file, surroundings.tls.key_file}) {
    print.add(std::string_view{file});
    print.add_file(file);
  }
  return print.value();
}

}  // namespace hub
