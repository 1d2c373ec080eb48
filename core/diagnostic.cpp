// Rendering of faults; the form is held by a golden test.
#include "core/diagnostic.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace core {
namespace {

constexpr std::string_view kRedacted = "<redacted>";

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

// Walks along a line of YAML text beside the scalar's text. True: `column` is where `offset` stands, from 0.
bool follow(std::string_view line, std::string_view scalar, std::size_t offset, std::size_t& column) {
  const char quote = column < line.size() && (line[column] == '"' || line[column] == '\'') ? line[column] : '\0';
  if (quote != '\0') ++column;
  for (std::size_t i = 0; i < offset; ++i, ++column) {
    if (column >= line.size() || i >= scalar.size()) return false;
    const bool escaped = quote == '"' ? line[column] == '\\' : quote == '\'' && line[column] == '\'';
    if (escaped && ++column >= line.size()) return false;
    const char said = escaped && quote == '"' && line[column] == 'n'   ? '\n'
                      : escaped && quote == '"' && line[column] == 't' ? '\t'
                                                                       : line[column];
    if (said != scalar[i]) return false;
  }
  return column < line.size();
}

}  // namespace

Place Diagnostics::within(const Place& value, std::string_view scalar, std::size_t offset) const {
  const auto source =
      std::find_if(sources_.begin(), sources_.end(), [&](const Source& s) { return s.file == value.file; });
  if (source == sources_.end() || value.line == 0 || value.column == 0) return value;
  Place place = value;
  place.length = 1;
  const std::string_view line = line_of(source->text, value.line);
  auto column = static_cast<std::size_t>(value.column - 1);
  const char first = column < line.size() ? line[column] : '\0';
  if (first == '|' || first == '>') {
    const std::size_t start = scalar.substr(0, offset).find_last_of('\n') + 1;  // npos + 1: 0
    const auto before = scalar.substr(0, start);
    place.line += 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    const std::string_view block = line_of(source->text, place.line);
    column = std::min(block.find_first_not_of(' '), block.size());
    const std::string_view rest = scalar.substr(start);
    const auto blanks = std::min(rest.find_first_not_of(' '), rest.size());
    column -= std::min(column, blanks);
    if (block.substr(column, offset - start) != rest.substr(0, offset - start)) return value;
    column += offset - start;
  } else if (!follow(line, scalar, offset, column)) {
    return value;
  }
  place.column = static_cast<int>(column + 1);
  return place;
}

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

void Diagnostics::conceal(Place place) {
  concealed_.push_back(std::move(place));
}

void Diagnostics::conceal_as(const Diagnostics& other) {
  concealed_.insert(concealed_.end(), other.concealed_.begin(), other.concealed_.end());
}

// The line and its caret. A caret under a concealed value is as long as the word that stands for it: the value's length
// is nobody's business either.
std::string Diagnostics::excerpt(const Diagnostic& fault, std::string_view line) const {
  const auto from_0 = [](int column) { return static_cast<std::size_t>(column > 0 ? column - 1 : 0); };
  std::size_t end = line.size();
  for (const Place& place : concealed_)
    if (place.line == fault.place.line && place.file == fault.place.file) end = std::min(end, from_0(place.column));

  std::string shown{line.substr(0, end)};
  std::size_t column = from_0(fault.place.column);
  std::size_t length = fault.place.length;
  if (end < line.size()) {
    shown += kRedacted;
    if (column >= end) {
      column = end;
      length = kRedacted.size();
    }
  }
  const auto room = shown.size() > column ? shown.size() - column : 1;
  length = std::clamp<std::size_t>(length, 1, room);
  return fmt::format("{:>5} | {}\n      | {}^{}\n", fault.place.line, printable(shown), std::string(column, ' '),
                     std::string(length - 1, '~'));
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
        out += excerpt(d, line_of(source.text, d.place.line));
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
