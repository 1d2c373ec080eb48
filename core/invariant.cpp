// Where broken invariants and unchecked Results end: a line that says where, then abort, so that a core file shows the
// state.
#include "core/invariant.h"

#include "core/result.h"

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>

namespace core {

void invariant_broken(const char* condition, const char* file, int line) {
  fmt::print(stderr, "tocsin: internal error at {}:{}: {} does not hold. Please report this.\n", file, line, condition);
  std::abort();
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  fmt::print(stderr, "tocsin: internal error at {}:{}: unchecked fault: {}\n", where.file_name(), where.line(),
             error.what);
  std::abort();
}

Error in_context(std::string_view doing, const Error& error) {
  return {error.fault, fmt::format("{}: {}", doing, error.what)};
}

}  // namespace core
