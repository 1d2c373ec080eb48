// Who may send: named producers, each known by a token or by its certificate. Without any, everybody who can connect.
// Compared in constant time and over all producers, so that an answer's time says nothing of a token.
#pragma once

#include "core/secret.h"
#include "hub/http/message.h"

#include <array>
#include <string>
#include <vector>

namespace hub {

struct ProducerOptions {
  std::string name;
  core::Secret token;              // "": by certificate alone
  std::string certificate;         // a name in its certificate; "": by token alone
  std::vector<std::string> hosts;  // hostnames its alerts may carry, with * at an end; empty: any
};

class Access {
 public:
  Access() = default;
  Access(std::vector<ProducerOptions> producers, std::vector<std::string> open_paths);

  bool is_guarded() const { return !producers_.empty(); }
  bool is_open_path(std::string_view path) const;
  // The producer that sent this; nullptr: none we know. A token may stand in "Authorization: Bearer TOKEN", in
  // "Authorization: Basic" with the producer's name as user, or in the path "/token/TOKEN".
  const ProducerOptions* find(const Request& request) const;

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Known {
    ProducerOptions options;
    Digest bearer, basic, path;
  };
  static Digest digest(std::string_view text);

  std::vector<Known> producers_;
  std::vector<std::string> open_paths_;
};

// Whether a hostname is one of these; a * at either end of a pattern stands for anything.
bool is_one_of(std::string_view hostname, const std::vector<std::string>& patterns);

}  // namespace hub
