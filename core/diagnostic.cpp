// Rendering of faults; the form is held by a golden test.
#include "core/diagnostic.h"

#include "core/text.h"

#include <fmt/format.h>

namespace core {
namespace {

std::string_view line_of(std::string_view text, int line) {
  for (int n = 1; n < line; ++n) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  auto found = text.substr(0, text.find('\n'));
  if (!found.empty() && found.back() == '\r') found.remove_suffix(1);
  return found;
}

}  // namespace

void Diagnostics::add_source(std::string file, std::string text) {
  sources_.push_back({std::move(file), std::move(text)});
}

void Diagnostics::error(Place place, std::string what, std::string hint) {
  all_.push_back({std::move(place), std::move(what), std::move(hint), Diagnostic::Level::Error});
  ++errors_;
}

void Diagnostics::warning(Place place, std::string what, std::string hint) {
  all_.push_back({std::move(place), std::move(what), std::move(hint), Diagnostic::Level::Warning});
}

std::string Diagnostics::render() const {
  std::string out;
  for (const Diagnostic& d : all_) {
    const auto* level = d.level == Diagnostic::Level::Error ? "error" : "warning";
    if (d.place.line == 0) {
      out += fmt::format("{}: {}: {}\n", d.place.file, level, printable(d.what));
    } else {
      out += fmt::format("{}:{}:{}: {}: {}\n", d.place.file, d.place.line, d.place.column, level, printable(d.what));
      for (const Source& source : sources_) {
        if (source.file != d.place.file) continue;
        const auto line = line_of(source.text, d.place.line);
        const auto column = static_cast<std::size_t>(d.place.column > 0 ? d.place.column - 1 : 0);
        const auto room = line.size() > column ? line.size() - column : 1;
        const auto tail = std::min(d.place.length, room);
        out += fmt::format("{:>5} | {}\n", d.place.line, printable(line));
        out += fmt::format("      | {}^{}\n", std::string(column, ' '), std::string(tail > 0 ? tail - 1 : 0, '~'));
        break;
      }
    }
    if (!d.hint.empty()) out += fmt::format("  hint: {}\n", printable(d.hint));
  }
  return out;
}

std::string Diagnostics::summary() const {
  const auto count = [](std::size_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); };
  if (errors_ > 0) return count(errors_, "error") + "; nothing was started.";
  if (!all_.empty()) return count(all_.size(), "warning") + ".";
  return {};
}

}  // namespace core
