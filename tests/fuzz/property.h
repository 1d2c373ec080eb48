// What a fuzz target demands. Not INVARIANT, whose text speaks of a bug in the product, and not a Catch2 check, which
// libFuzzer does not have.
#pragma once

#include <string_view>

namespace fuzz {

// Says `what` and `detail` on stderr and aborts, unless `holds`.
void demand(bool holds, std::string_view what, std::string_view detail = {});

// Text that may go to a terminal or a log: valid UTF-8 without control or bidirectional characters, save the newline.
bool is_harmless(std::string_view text);

}  // namespace fuzz
