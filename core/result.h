// Faults that a caller can act on. std::expected is not in GCC 12's C++20, so Result is boost::system::result.
// Choose by who can act: the caller → Result; the author of a file → Diagnostics; the retry queue → Outcome; nobody →
// INVARIANT.
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>

namespace core {

enum class Fault : std::uint8_t { NotFound, Invalid, Io, Corrupt, Timeout, Unreachable, Full };

struct Error {
  Fault fault;
  std::string what;  // one sentence without a final stop; context is put in front as it rises: "open journal: …"
};

// What Result::value() throws when nobody looked first: our bug, so it ends the program with the error's text.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T = void>
using Result = boost::system::result<T, Error>;

// The same fault with what was being tried in front of it.
Error in_context(std::string_view doing, const Error& error);

}  // namespace core
