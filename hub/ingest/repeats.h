// Requests whose answer was lost with their connection. A client that did not hear us sends the same bytes again: that
// is the same alert. After an answer that was written, the same bytes are a new alert, so only lost answers stand here.
// Any thread.
#pragma once

#include "core/clock.h"
#include "hub/http/request_handler.h"

#include <atomic>
#include <chrono>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace hub {

class Repeats {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit Repeats(core::Duration keep = std::chrono::seconds{60}, std::size_t most = 4096)
      : keep_{keep}, most_{most} {}

  // The connection of the request broke before its answer was written.
  void broken(const RequestKey& key, Time now);
  // What a broken request came to. Not a 2xx: it is forgotten, so that its repeat is tried anew; repeats that wait
  // already share the fault.
  void answered(const RequestKey& key, const Response& response);

  // True: the request is a repeat, and `reply` has been or will be answered as the first was. False: it is new, and
  // `reply` is untouched.
  bool claim(const RequestKey& key, Reply& reply, Time now);

 private:
  struct Lost {
    Time until;
    std::optional<Response> response;
    std::vector<Reply> waiting;
  };
  void forget_old(Time now);

  const core::Duration keep_;
  const std::size_t most_;
  std::atomic<std::size_t> count_ = 0;  // what claim() looks at first: nearly always 0
  std::mutex mutex_;
  std::map<RequestKey, Lost> lost_;
  std::list<std::pair<Time, RequestKey>> order_;  // by age; may name what is gone or was renewed
};

}  // namespace hub
