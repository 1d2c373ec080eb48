// The rules that are compiled into the program: the text of config/rules/tocsin_rules.yaml.
#pragma once

#include <string_view>

namespace detector {
std::string_view builtin_rules();
}  // namespace detector
