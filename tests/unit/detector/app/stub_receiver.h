// A receiver of alerts for tests: HTTP/1.1 on a loopback port, keep-alive, answers from a script, remembers every request.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace detector {

struct Seen {
  std::map<std::string, std::string> headers;   // names in lower case
  std::string body;
  int connection = 0;                           // from 1
};

struct Answer {
  int status = 200;
  bool hub = false;
  std::string body;
  bool hang_up = false;                         // close without a word
};

class StubReceiver {
 public:
  using Script = std::function<Answer(const Seen&, std::size_t index)>;
  explicit StubReceiver(Script script, int port = 0);
  ~StubReceiver();

  int port() const;
  std::string url() const;
  // Waits for that many requests; false: they did not come within 10 s.
  bool wait_for(std::size_t requests) const;
  std::vector<Seen> seen() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A loopback port on which nobody listens.
int free_port();

// Waits until the condition holds, at most 10 s.
bool eventually(const std::function<bool()>& condition);

}  // namespace detector
