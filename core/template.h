// Texts with holes, parsed once and rendered for each alert. Two ways of writing may be mixed:
//   ours        "{{priority|upper}} {{rule}} on {{hostname}}: {{output|truncate(600)}}". Names: rule priority output
//   source
//               hostname time uuid tags, and any output field by its own name ({{proc.name}}). Filters: upper, lower,
//               truncate(n), default("text").
//   Go's        the part that falcosidekick's users write in messageformat and templatedfields: .Rule .Priority .Output
//               .Source .Hostname .Time .Tags .UUID .OutputFields, `index`, or, and, not, eq, ne, printf with %s %v %d
//               %q, strings, numbers, parentheses, pipes, variables, if/else, with, range, comments, {{- and -}}.
// Anything else is a fault with its place, never silently text. A key that is not there is the empty text.
// docs/migrating.md says where this differs from Go. Output is not escaped: the caller does, for its target.
#pragma once

#include "core/alert.h"
#include "core/result.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace core {

namespace templates {
struct Program;
}

class Template {
 public:
  static constexpr std::size_t kMostBytes = 256 << 10;     // of what is rendered; beyond it is cut, and ends in "[...]"
  static constexpr std::size_t kMostTextBytes = 64 << 10;  // of a template's own text; beyond is a fault

  enum class Dot {
    Alert,
    Fields
  };  // what `.` stands for: falcosidekick's payload, or (templatedfields) its output_fields

  Template() = default;  // renders ""
  // Fault::Invalid with a sentence. `at`: where in the text that is, in bytes; at most its length.
  static Result<Template> parse(std::string_view text, Dot dot = Dot::Alert, std::size_t* at = nullptr);

  using Escape =
      std::function<std::string(std::string_view)>;  // applied to what the alert brings, not to the author's text
  std::string render(const Alert& alert, const Escape& escape = {}) const;

  bool is_fixed() const;                    // has no holes
  std::string_view literal_prefix() const;  // the fixed text before the first hole
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
  std::shared_ptr<const templates::Program> program_;  // never changed, so copies share it
};

}  // namespace core
