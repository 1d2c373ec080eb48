// Walks the tree for one alert. What comes from the alert is marked as hostile until it is escaped; what the author
// wrote is not. Two bounds hold whatever the alert brings: the bytes rendered, and the steps taken (a range in a
// range).
#include "core/template_program.h"
#include "core/text.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

namespace core::templates {
namespace {

constexpr std::size_t kMostSteps = 100'000;

struct Value {
  enum class Kind : std::uint8_t { Missing, Boolean, Number, Text, Tags, Fields, Alert };
  Kind kind = Kind::Missing;
  bool hostile = false;
  std::string text;  // of Boolean, Number and Text
  int level = 0;     // of a priority: falcosidekick's number
};

std::string ascii_upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return text;
}

// As Go's %q, for what can steer a terminal; other characters stay.
std::string go_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : to_valid_utf8(text)) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out += '"';
}

class Renderer {
 public:
  Renderer(const Program& program, const Alert& alert, const Template::Escape& escape)
      : program_{program}, alert_{alert}, escape_{escape}, slots_(program.slots) {
    root_.kind = program.dot == Template::Dot::Alert ? Value::Kind::Alert : Value::Kind::Fields;
  }

  std::string run() {
    dot_ = root_;
    walk(program_.nodes);
    return out_.size() > Template::kMostBytes ? truncate_utf8(out_, Template::kMostBytes) : std::move(out_);
  }

 private:
  bool goes_on() { return ++steps_ <= kMostSteps && out_.size() <= Template::kMostBytes; }

  void walk(const std::vector<Node>& nodes) {
    for (const Node& node : nodes) {
      if (!goes_on()) return;
      switch (node.kind) {
        case Node::Kind::Text:
          out_ += node.text;
          break;
        case Node::Kind::Print:
          out_ += shown(evaluate(node.expression));
          break;
        case Node::Kind::Assign:
          slots_[node.value_slot] = evaluate(node.expression);
          break;
        case Node::Kind::If:
          walk(is_true(evaluate(node.expression)) ? node.body : node.otherwise);
          break;
        case Node::Kind::With:
          with(node);
          break;
        case Node::Kind::Range:
          range(node);
          break;
      }
    }
  }

  void with(const Node& node) {
    Value value = evaluate(node.expression);
    if (!is_true(value)) return walk(node.otherwise);
    if (node.value_slot != 0) slots_[node.value_slot] = value;
    const Value before = std::exchange(dot_, std::move(value));
    walk(node.body);
    dot_ = before;
  }

  void range(const Node& node) {
    const Value over = evaluate(node.expression);
    const Value before = dot_;
    bool any = false;
    const auto turn = [&](Value key, Value value) {
      any = true;
      if (node.key_slot != 0) slots_[node.key_slot] = std::move(key);
      if (node.value_slot != 0) slots_[node.value_slot] = value;
      dot_ = std::move(value);
      walk(node.body);
      return goes_on();
    };
    if (over.kind == Value::Kind::Tags) {
      for (std::size_t i = 0; i < alert_.tags.size(); ++i)
        if (!turn({Value::Kind::Number, false, std::to_string(i)}, {Value::Kind::Text, true, alert_.tags[i]})) break;
    } else if (over.kind == Value::Kind::Fields) {
      for (const AlertField& field : alert_.fields)
        if (!turn({Value::Kind::Text, true, field.name}, of_field(&field))) break;
    }
    dot_ = before;
    if (!any) walk(node.otherwise);
  }

  Value evaluate(const Expression& expression) {
    switch (expression.kind) {
      case Expression::Kind::Text:
        return {Value::Kind::Text, false, expression.text};
      case Expression::Kind::Number:
        return {Value::Kind::Number, false, expression.text};
      case Expression::Kind::Boolean:
        return {Value::Kind::Boolean, false, expression.text};
      case Expression::Kind::Nil:
        return {};
      case Expression::Kind::Dot:
        return dot_;
      case Expression::Kind::Root:
        return root_;
      case Expression::Kind::Variable:
        return slots_[expression.slot];
      case Expression::Kind::Member:
        return member(expression.known);
      case Expression::Kind::Entry:
        return entry(evaluate(expression.arguments.front()), expression.text);
      case Expression::Kind::Own:
        return own(expression.text);
      case Expression::Kind::Call:
        return call(expression);
    }
    return {};
  }

  static Value boolean(bool truth) { return {Value::Kind::Boolean, false, truth ? "true" : "false"}; }
  static Value hostile(std::string text) { return {Value::Kind::Text, true, std::move(text)}; }

  static Value of_field(const AlertField* field) {
    if (field == nullptr || field->kind == AlertField::Kind::Null) return {};
    if (field->kind == AlertField::Kind::Boolean) return {Value::Kind::Boolean, true, field->text};
    if (field->kind == AlertField::Kind::Number) return {Value::Kind::Number, true, field->text};
    return hostile(field->text);
  }

  Value member(Known known) const {
    switch (known) {
      case Known::Rule:
        return hostile(alert_.rule);
      case Known::Priority: {
        Value value{Value::Kind::Text, false, std::string{to_text(alert_.priority)}};
        value.level = to_falcosidekick_number(alert_.priority);
        return value;
      }
      case Known::Output:
        return hostile(alert_.output);
      case Known::Source:
        return hostile(alert_.source);
      case Known::Hostname:
        return hostile(alert_.hostname);
      case Known::Time:
        return hostile(to_go_string(alert_.time));
      case Known::Uuid:
        return hostile(to_text(alert_.id));
      case Known::Tags:
        return {Value::Kind::Tags, true, {}};
      case Known::OutputFields:
        return {Value::Kind::Fields, true, {}};
    }
    return {};
  }

  Value own(std::string_view name) const {
    if (name == "rule") return hostile(alert_.rule);
    if (name == "priority") return member(Known::Priority);
    if (name == "output") return hostile(alert_.output);
    if (name == "source") return hostile(alert_.source);
    if (name == "hostname") return hostile(alert_.hostname);
    if (name == "time") return hostile(alert_.time_text);
    if (name == "uuid") return hostile(to_text(alert_.id));
    if (name == "tags") {
      std::string joined;
      for (const auto& tag : alert_.tags) joined += (joined.empty() ? "" : ",") + tag;
      return hostile(std::move(joined));
    }
    return of_field(alert_.field(name));
  }

  Value entry(const Value& map, std::string_view key) const {
    if (map.kind == Value::Kind::Fields) return of_field(alert_.field(key));
    if (map.kind != Value::Kind::Tags) return {};
    std::size_t index = 0;
    const auto [end, fault] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (fault != std::errc{} || end != key.data() + key.size() || index >= alert_.tags.size()) return {};
    return hostile(alert_.tags[index]);
  }

  Value call(const Expression& call) {
    if (!goes_on()) return {};
    const auto& arguments = call.arguments;
    switch (call.function) {
      case Function::Or:
      case Function::And: {
        Value value;
        for (const Expression& argument : arguments) {
          value = evaluate(argument);
          if (is_true(value) == (call.function == Function::Or)) break;
        }
        return value;
      }
      case Function::Not:
        return boolean(!is_true(evaluate(arguments.front())));
      case Function::Ne:
        return boolean(!is_same(evaluate(arguments[0]), evaluate(arguments[1])));
      case Function::Eq: {
        const Value first = evaluate(arguments.front());
        for (std::size_t i = 1; i < arguments.size(); ++i)
          if (is_same(first, evaluate(arguments[i]))) return boolean(true);
        return boolean(false);
      }
      case Function::Index: {
        const Value map = evaluate(arguments[0]);
        return entry(map, evaluate(arguments[1]).text);
      }
      case Function::Printf:
        return formatted(arguments);
      case Function::Upper:
      case Function::Lower:
      case Function::Truncate:
      case Function::Default:
        return filtered(call);
    }
    return {};
  }

  Value filtered(const Expression& call) {
    Value value = evaluate(call.arguments.back());
    if (call.function == Function::Default)
      return plain(value).empty() ? Value{Value::Kind::Text, false, call.arguments.front().text} : value;
    Value made{Value::Kind::Text, value.hostile, plain(value)};
    if (call.function == Function::Upper)
      made.text = ascii_upper(std::move(made.text));
    else if (call.function == Function::Lower)
      made.text = ascii_lower(made.text);
    else
      made.text = truncate_utf8(made.text, std::strtoul(call.arguments.front().text.c_str(), nullptr, 10));
    return made;
  }

  Value formatted(const std::vector<Expression>& arguments) {
    Value made{Value::Kind::Text, false, {}};
    const std::string& format = arguments.front().text;
    std::size_t next = 1;
    for (std::size_t i = 0; i < format.size() && made.text.size() <= Template::kMostBytes; ++i) {
      if (format[i] != '%') {
        made.text += format[i];
        continue;
      }
      const char verb = format[++i];  // the parser has looked
      if (verb == '%') {
        made.text += '%';
        continue;
      }
      Value value = evaluate(arguments[next++]);
      if (verb == 'q') value = {Value::Kind::Text, value.hostile, go_quoted(plain(value))};
      made.text += verb == 'd' && value.level != 0 ? std::to_string(value.level) : shown(value);
    }
    return made;
  }

  // As Go has it, but that a key which is not there is empty; a field's number is a text there (json.Number), so 0 is
  // true.
  bool is_true(const Value& value) const {
    switch (value.kind) {
      case Value::Kind::Missing:
        return false;
      case Value::Kind::Boolean:
        return value.text == "true";
      case Value::Kind::Number:
        return value.hostile || std::strtod(value.text.c_str(), nullptr) != 0;
      case Value::Kind::Text:
        return !value.text.empty();
      case Value::Kind::Tags:
        return !alert_.tags.empty();
      case Value::Kind::Fields:
        return !alert_.fields.empty();
      case Value::Kind::Alert:
        return true;
    }
    return false;
  }

  bool is_same(const Value& a, const Value& b) const {
    if (a.level != 0 && b.kind == Value::Kind::Number) return std::to_string(a.level) == b.text;
    if (b.level != 0 && a.kind == Value::Kind::Number) return std::to_string(b.level) == a.text;
    if (a.level != 0 || b.level != 0) return ascii_lower(plain(a)) == ascii_lower(plain(b));
    if (a.kind == Value::Kind::Number && b.kind == Value::Kind::Number && a.text != b.text)
      return std::strtod(a.text.c_str(), nullptr) == std::strtod(b.text.c_str(), nullptr);
    return plain(a) == plain(b);
  }

  std::string plain(const Value& value) const {
    if (value.kind == Value::Kind::Tags) {
      std::string joined = "[";
      for (const auto& tag : alert_.tags) joined += (joined.size() == 1 ? "" : " ") + tag;
      return joined + "]";
    }
    if (value.kind == Value::Kind::Fields) {
      std::string joined = "map[";
      for (const auto& field : alert_.fields) joined += (joined.size() == 4 ? "" : " ") + field.name + ":" + field.text;
      return joined + "]";
    }
    return value.text;
  }

  std::string shown(const Value& value) const {
    std::string text = plain(value);
    return value.hostile && escape_ ? escape_(text) : text;
  }

  const Program& program_;
  const Alert& alert_;
  const Template::Escape& escape_;
  std::vector<Value> slots_;
  Value root_, dot_;
  std::string out_;
  std::size_t steps_ = 0;
};

}  // namespace

std::string render(const Program& program, const Alert& alert, const Template::Escape& escape) {
  return Renderer{program, alert, escape}.run();
}

}  // namespace core::templates
