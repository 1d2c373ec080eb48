// Look-ups in an alert.
#include "core/alert.h"

#include <algorithm>

namespace core {

const AlertField* Alert::field(std::string_view name) const {
  const auto at = std::lower_bound(fields.begin(), fields.end(), name,
                                   [](const AlertField& f, std::string_view n) { return f.name < n; });
  return at != fields.end() && at->name == name ? &*at : nullptr;
}

bool Alert::has_tag(std::string_view tag) const {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

}  // namespace core
