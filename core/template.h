// Logic-less texts with holes: "{{priority|upper}} {{rule}} on {{hostname}}: {{output|truncate(600)}}",
// "falco.{{priority|lower}}". Names: rule priority output source hostname time uuid tags, and any output field by its
// own name ({{proc.name}}, {{k8s.ns.name}}). Filters: upper, lower, truncate(n), default("text"). A missing field
// renders as "". Output is not escaped: the caller does, for its target.
#pragma once

#include "core/alert.h"
#include "core/result.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace core {

class Template {
 public:
  Template() = default;  // renders ""
  // Fault::Invalid with a sentence: an unclosed hole, an empty name, an unknown filter, a bad argument.
  static Result<Template> parse(std::string_view text);

  using Escape = std::function<std::string(std::string_view)>;  // applied to each filled hole, not to the fixed text
  std::string render(const Alert& alert, const Escape& escape = {}) const;

  bool is_fixed() const;                    // has no holes
  std::string_view literal_prefix() const;  // the fixed text before the first hole
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  struct Filter {
    enum class Kind { Upper, Lower, Truncate, Default } kind;
    std::size_t count = 0;
    std::string text;
  };
  struct Piece {
    std::string literal;
    std::string name;
    std::vector<Filter> filters;
  };  // literal, or a hole when `name` is set
  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace core
