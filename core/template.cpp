// Templates without logic: fixed text and holes with filters. Parsed once, rendered for each alert.
#include "core/template.h"

#include "core/text.h"

#include <fmt/format.h>

#include <charconv>

namespace core {
namespace {

Error invalid(std::string what) {
  return {Fault::Invalid, std::move(what)};
}

std::string ascii_upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return text;
}

std::string value_of(const Alert& alert, std::string_view name) {
  if (name == "rule") return alert.rule;
  if (name == "priority") return std::string{to_text(alert.priority)};
  if (name == "output") return alert.output;
  if (name == "source") return alert.source;
  if (name == "hostname") return alert.hostname;
  if (name == "time") return alert.time_text;
  if (name == "uuid") return to_text(alert.id);
  if (name == "tags") {
    std::string joined;
    for (const auto& tag : alert.tags) joined += (joined.empty() ? "" : ",") + tag;
    return joined;
  }
  const AlertField* field = alert.field(name);
  return field ? field->text : std::string{};
}

}  // namespace

Result<Template> Template::parse(std::string_view text) {
  Template parsed;
  parsed.text_ = text;
  while (!text.empty()) {
    const auto open = text.find("{{");
    if (open != 0) parsed.pieces_.push_back({std::string{text.substr(0, open)}, {}, {}});
    if (open == std::string_view::npos) break;
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos) return invalid("'{{' is not closed by '}}'");
    const auto parts = split(text.substr(open + 2, close - open - 2), '|');
    Piece hole;
    hole.name = trim(parts.front());
    if (hole.name.empty()) return invalid("'{{}}' names nothing");
    if (hole.name.find_first_of(" \t\"") != std::string::npos)
      return invalid(fmt::format("'{{{{{}}}}}' is not a name such as rule or proc.name", hole.name));
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const auto filter = trim(parts[i]);
      const auto paren = filter.find('(');
      const auto name = trim(filter.substr(0, paren));
      std::string_view argument;
      if (paren != std::string_view::npos) {
        if (filter.back() != ')') return invalid(fmt::format("filter '{}' is not closed by ')'", filter));
        argument = trim(filter.substr(paren + 1, filter.size() - paren - 2));
      }
      Filter made{};
      if (name == "upper")
        made.kind = Filter::Kind::Upper;
      else if (name == "lower")
        made.kind = Filter::Kind::Lower;
      else if (name == "truncate") {
        made.kind = Filter::Kind::Truncate;
        const auto [end, error] = std::from_chars(argument.data(), argument.data() + argument.size(), made.count);
        if (error != std::errc{} || end != argument.data() + argument.size())
          return invalid("truncate wants a number: truncate(600)");
      } else if (name == "default") {
        made.kind = Filter::Kind::Default;
        if (argument.size() < 2 || argument.front() != '"' || argument.back() != '"')
          return invalid("default wants a text in quotes: default(\"none\")");
        made.text = argument.substr(1, argument.size() - 2);
      } else {
        return invalid(fmt::format("no filter '{}'; there are upper, lower, truncate(n) and default(\"text\")", name));
      }
      hole.filters.push_back(std::move(made));
    }
    parsed.pieces_.push_back(std::move(hole));
    text.remove_prefix(close + 2);
  }
  return parsed;
}

std::string Template::render(const Alert& alert, const Escape& escape) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    if (piece.name.empty()) {
      out += piece.literal;
      continue;
    }
    std::string value = value_of(alert, piece.name);
    for (const Filter& filter : piece.filters) {
      switch (filter.kind) {
        case Filter::Kind::Upper:
          value = ascii_upper(std::move(value));
          break;
        case Filter::Kind::Lower:
          value = ascii_lower(value);
          break;
        case Filter::Kind::Truncate:
          value = truncate_utf8(value, filter.count);
          break;
        case Filter::Kind::Default:
          if (value.empty()) value = filter.text;
          break;
      }
    }
    out += escape ? escape(value) : value;
  }
  return out;
}

bool Template::is_fixed() const {
  for (const Piece& piece : pieces_)
    if (!piece.name.empty()) return false;
  return true;
}

std::string_view Template::literal_prefix() const {
  return pieces_.empty() || !pieces_.front().name.empty() ? std::string_view{}
                                                          : std::string_view{pieces_.front().literal};
}

}  // namespace core
