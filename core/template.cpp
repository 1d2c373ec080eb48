// The door: everything else is in template_parser.cpp and template_render.cpp.
#include "core/template.h"

#include "core/template_program.h"

#include <fmt/format.h>

#include <algorithm>

namespace core {

Result<Template> Template::parse(std::string_view text, Dot dot, std::size_t* at) {
  templates::Mistake mistake;
  auto program = std::make_shared<templates::Program>();
  bool parsed = false;
  if (text.size() > kMostTextBytes)
    mistake = {0, fmt::format("the template has more than {} bytes", kMostTextBytes)};
  else
    parsed = templates::parse(text, dot, *program, mistake);
  if (!parsed) {
    if (at != nullptr) *at = std::min(mistake.at, text.size());
    return Error{Fault::Invalid, std::move(mistake.what)};
  }
  Template made;
  made.text_ = text;
  made.program_ = std::move(program);
  return made;
}

std::string Template::render(const Alert& alert, const Escape& escape) const {
  return program_ ? templates::render(*program_, alert, escape) : std::string{};
}

bool Template::is_fixed() const {
  if (!program_) return true;
  return std::all_of(program_->nodes.begin(), program_->nodes.end(),
                     [](const templates::Node& node) { return node.kind == templates::Node::Kind::Text; });
}

std::string_view Template::literal_prefix() const {
  if (!program_ || program_->nodes.empty() || program_->nodes.front().kind != templates::Node::Kind::Text) return {};
  return program_->nodes.front().text;
}

}  // namespace core
