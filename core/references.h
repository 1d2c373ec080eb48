// ${env:NAME} and ${file:PATH} in configuration values: secrets live outside the file. A file's final newline is not
// part of it.
#pragma once

#include "core/result.h"

#include <string>
#include <string_view>

namespace core {

// The text with every reference replaced; `$${` stands for a literal `${`. Fault::NotFound names the variable or file
// that is not there or cannot be read (never its content); Fault::Invalid: a reference that is not closed or of another
// kind.
Result<std::string> resolve_references(std::string_view text);

}  // namespace core
