// Tags first, fields after one blank, time after another. Names are settled before they are escaped: two of them must
// not become one, whatever is replaced in them.
#include "outputs/line_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace outputs {
namespace {

// Names that no output field may have: the point's own, and the server's own, which it drops or refuses.
constexpr std::string_view kReserved[] = {"value", "id",       "event_time", "rule",  "priority",     "source",
                                          "tags",  "hostname", "time",       "_time", "_measurement", "_field"};
// "…moved by less than a tenth of a millisecond": wide enough that thousands of one moment find a place of their own.
constexpr std::int64_t kSpread = 100'000;

// As it will read at the destination: line breaks as \n, no backslash at the end.
std::string settled(std::string_view text) {
  std::string name;
  name.reserve(text.size() + 8);
  for (const char c : text) {
    if (c == '\n')
      name += "\\n";
    else if (c == '\r')
      name += "\\r";
    else
      name += c;
  }
  while (!name.empty() && name.back() == '\\') name.pop_back();
  return name;
}

class Line {
 public:
  Line(const PointShape& shape, PointMemory& memory) : memory_{memory} {
    for (const char c : settled(shape.measurement)) {  // here an equals sign is a character like another
      if (c == ',' || c == ' ') text_ += '\\';
      text_ += c;
    }
    for (const std::string& tag : shape.tags) taken_.push_back(settled(tag));
  }

  void tag(std::string_view name, std::string_view value) {
    const std::string escaped = escape_tag(value);
    if (escaped.empty()) return;  // an empty tag is a syntax error
    text_ += ',' + escape_tag(name) + '=' + escaped;
  }
  void end_of_tags() { series_ = text_.size(); }
  std::string_view series() const { return std::string_view{text_}.substr(0, series_); }

  void own(std::string_view name, std::string_view value) {
    text_ += text_.size() == series_ ? ' ' : ',';
    text_ += name;
    text_ += '=';
    text_ += quote_field(value);
  }
  void text(std::string_view name, std::string_view value) { field(name, "string", quote_field(value)); }
  void field(std::string_view name, std::string_view type, std::string_view written) {
    std::string shown = settled(name);
    if (shown.empty()) return;
    const std::string unique = free_name(memory_.name_for(std::move(shown), type));
    text_ += text_.size() == series_ ? ' ' : ',';
    text_ += escape_tag(unique);
    text_ += '=';
    text_ += written;
  }
  void number(std::string_view name, std::string_view literal) {
    const char* const end = literal.data() + literal.size();
    std::int64_t whole = 0;
    if (const auto [stop, error] = std::from_chars(literal.data(), end, whole); error == std::errc{} && stop == end)
      return field(name, "integer", std::string{literal} + 'i');
    double number = 0;
    const auto [stop, error] = std::from_chars(literal.data(), end, number);
    const bool is_whole = literal.find_first_of(".eE") == std::string_view::npos;
    // JSON's form of a number is one of the protocol's too. What a double cannot hold keeps its digits, as a string.
    if (error == std::errc{} && stop == end && !is_whole) return field(name, "float", literal);
    field(std::string{name} + "_string", "string", quote_field(literal));
  }
  std::string take(std::int64_t time) { return std::move(text_) + fmt::format(" {}\n", time); }

 private:
  std::string free_name(std::string name) {
    const auto is_taken = [this](const std::string& one) {
      return std::find(std::begin(kReserved), std::end(kReserved), one) != std::end(kReserved) ||
             std::find(taken_.begin(), taken_.end(), one) != taken_.end();
    };
    while (is_taken(name)) name += '_';
    taken_.push_back(name);
    return name;
  }

  PointMemory& memory_;
  std::string text_;
  std::size_t series_ = 0;
  std::vector<std::string> taken_;  // an alert has some dozens of fields: a search beats a tree
};

std::string joined(const std::vector<std::string>& tags) {
  std::string all;
  for (const std::string& tag : tags) all += (all.empty() ? "" : ",") + tag;
  return all;
}

// Of the alert itself, by the names that `tags` may say; nullopt: an output field's name.
std::optional<std::string> own_value(const core::Alert& alert, std::string_view name) {
  if (name == "rule") return alert.rule;
  if (name == "priority") return std::string{core::to_text(alert.priority)};
  if (name == "source") return alert.source;
  if (name == "hostname") return alert.hostname;
  if (name == "tags") return joined(alert.tags);
  return std::nullopt;
}

// A time that came with fewer than nine decimals gets the missing ones from the alert's id: the same at each retry, and
// never off by more than the precision it came with.
std::int64_t completed_time(const core::Alert& alert) {
  std::int64_t unit = 1'000'000'000;
  if (const auto point = alert.time_text.find('.'); point != std::string::npos)
    for (auto i = point + 1;
         i < alert.time_text.size() && alert.time_text[i] >= '0' && alert.time_text[i] <= '9' && unit > 1; ++i)
      unit /= 10;
  std::uint64_t random = 0;
  for (std::size_t i = 8; i < 16; ++i) random = random << 8 | alert.id.bytes[i];  // the random half of a version 7 UUID
  return core::to_unix_nanoseconds(alert.time) + static_cast<std::int64_t>(random % static_cast<std::uint64_t>(unit));
}

}  // namespace

std::string escape_tag(std::string_view text) {
  std::string escaped;
  const std::string plain = settled(text);
  escaped.reserve(plain.size() + 8);
  for (const char c : plain) {
    if (c == ',' || c == '=' || c == ' ') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string quote_field(std::string_view text) {
  std::string quoted = "\"";
  quoted.reserve(text.size() + 16);
  for (const char c : text) {
    if (c == '\n')
      quoted += "\\\\n";
    else if (c == '\r')
      quoted += "\\\\r";
    else {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  quoted += '"';
  return quoted;
}

std::string to_line(const core::Alert& alert, const PointShape& shape, PointMemory& memory) {
  Line line{shape, memory};
  const auto is_tag = [&shape](std::string_view name) {
    return std::find(shape.tags.begin(), shape.tags.end(), name) != shape.tags.end();
  };
  for (const std::string& name : shape.tags) {
    if (const auto own = own_value(alert, name)) {
      line.tag(name, *own);
    } else if (const core::AlertField* field = alert.field(name); field != nullptr) {
      line.tag(name, field->text);
    }
  }
  line.end_of_tags();

  line.own("value", alert.output);
  line.own("id", core::to_text(alert.id));
  line.own("event_time", alert.time_text);
  for (const std::string_view name : {"rule", "priority", "source", "hostname", "tags"})
    if (const auto own = own_value(alert, name); own && !own->empty() && !is_tag(name)) line.own(name, *own);
  for (const core::AlertField& field : alert.fields) {
    if (is_tag(field.name) && !own_value(alert, field.name)) continue;
    switch (field.kind) {
      case core::AlertField::Kind::Number:
        line.number(field.name, field.json);
        break;
      case core::AlertField::Kind::Boolean:
        line.field(field.name, "boolean", field.json);
        break;
      case core::AlertField::Kind::Text:
        line.text(field.name, field.text);
        break;
      case core::AlertField::Kind::Nested:
        line.text(field.name, field.json);
        break;
      case core::AlertField::Kind::Null:
        break;
    }
  }
  const std::int64_t time =
      shape.unit == 1 ? completed_time(alert) : core::to_unix_nanoseconds(alert.time) / shape.unit;
  return line.take(memory.place(line.series(), time, alert.id, shape.unit == 1 ? kSpread : 1));
}

}  // namespace outputs
