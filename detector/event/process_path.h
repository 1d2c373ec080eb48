// Paths as Falco has them: joined and folded by their letters alone, never by asking a file system (falco.md 7, fd.name).
#pragma once

#include <string>
#include <string_view>

namespace detector {

// `path` on top of `base` (absolute) unless it is absolute itself; "//", "." and ".." are folded; no "/" at the end but for the root's.
std::string join_path(std::string_view base, std::string_view path);

// The same without folding: what fd.nameraw shows.
std::string join_path_raw(std::string_view base, std::string_view path);

std::string_view last_name(std::string_view path);    // "/etc/shadow" → "shadow"; "/" and "" → ""
std::string_view parent_path(std::string_view path);  // "/etc/shadow" → "/etc"; "/etc" → "/"

}  // namespace detector
