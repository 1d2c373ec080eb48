// INVARIANT(x): x is true unless our own code is wrong. False → one line on stderr with its place, and abort; never
// compiled out.
#pragma once

namespace core {
[[noreturn]] void invariant_broken(const char* condition, const char* file, int line);
}

#define INVARIANT(condition)                                                    \
  do {                                                                          \
    if (!(condition)) ::core::invariant_broken(#condition, __FILE__, __LINE__); \
  } while (false)
