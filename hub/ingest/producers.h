// Our own detector numbers its alerts (Tocsin-Producer: its boot, Tocsin-Sequence: the number of a batch's first
// alert), so that a batch sent again after a lost answer is known for what it is, also when it was cut differently. Any
// thread.
//
// What is settled is kept as ranges and not as "the highest so far": batches may overtake each other on two
// connections, and the slower one must not pass for a repeat.
#pragma once

#include "hub/http/request_handler.h"

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace hub {

class Producers {
 public:
  struct Numbers {
    std::uint64_t first = 0, count = 0;
  };
  enum class Verdict {
    New,      // to be appended, but for what is_settled(); then call settle() once
    Waiting,  // the same batch is under way; the reply was taken and shares its answer
    Overlap,  // a part of it is under way: the sender should come again
    Settled,  // all of it is stored already
  };

  Verdict claim(const std::string& producer, Numbers numbers, Reply& reply);
  bool is_settled(const std::string& producer, std::uint64_t number) const;
  // The answer of a New batch. A 2xx settles its numbers (a refused alert's too: it will be refused again); otherwise
  // they are free again.
  void settle(const std::string& producer, Numbers numbers, const Response& response);

 private:
  struct Pending {
    std::uint64_t end = 0;
    std::vector<Reply> waiting;
  };
  struct Producer {
    std::string name;
    std::map<std::uint64_t, std::uint64_t> settled;  // first → one past the last, apart from each other
    std::map<std::uint64_t, Pending> pending;        // by first
  };
  static bool contains(const Producer& producer, std::uint64_t first, std::uint64_t end);
  static void insert(Producer& producer, std::uint64_t first, std::uint64_t end);
  Producer* find(const std::string& name);

  mutable std::mutex mutex_;
  std::list<Producer> producers_;  // the last heard of first; at most kMost
};

}  // namespace hub
