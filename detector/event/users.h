// Names of users and groups: the host's from /etc/passwd and /etc/group, a container's from its own root, read again when they change.
#pragma once

#include "detector/event/process.h"

#include <memory>
#include <string>

namespace detector {

// `root` stands before /etc/passwd and /proc ("" for this machine's own; tests give a folder).
std::unique_ptr<Users> system_users(std::string root = "");

}  // namespace detector
