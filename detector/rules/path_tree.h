// Path prefixes by component, for pmatch: "/var/run" matches "/var/run/docker.sock" and not "/var/runner". A component may be a glob.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace detector::rules {

class PathTree {
 public:
  void add(std::string_view path);
  bool matches(std::string_view path) const;      // some added path is a prefix of it, or it

 private:
  struct Branch {
    bool is_end = false;
    std::map<std::string, std::unique_ptr<Branch>, std::less<>> literal;
    std::vector<std::pair<std::string, std::unique_ptr<Branch>>> globs;
  };
  static bool matches_below(const Branch& branch, std::string_view rest);

  Branch root_;
};

// fnmatch(3) without flags, on text that need not end in a zero; `*` matches `/`.
bool glob_matches(const std::string& pattern, std::string_view text, bool fold_case);

}  // namespace detector::rules
