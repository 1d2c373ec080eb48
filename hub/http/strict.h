// What HTTP/1.1 forbids and Beast lets pass, because once it was allowed: two servers that read such a request
// differently are what request smuggling lives on. A pure function over the bytes of one request's head.
#pragma once

#include <string_view>

namespace hub {

// `head`: from the request line to the empty line. "" : nothing is wrong with it; otherwise a sentence about a line
// that is folded, ends with a bare LF, or holds a bare CR, or about a target that is neither a path nor "*".
std::string_view why_not_strict(std::string_view head);

}  // namespace hub
