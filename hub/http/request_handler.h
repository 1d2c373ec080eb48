// What stands behind the HTTP server. A handler takes a request and answers it then or later, from any thread, through
// its Reply.
#pragma once

#include "hub/http/message.h"

#include <array>
#include <cstdint>
#include <memory>

namespace hub {

class Connection;

// What makes two requests the same one: a hash over peer and body. All zero: the handler does not care to know.
struct RequestKey {
  std::array<std::uint64_t, 2> words{};
  auto operator<=>(const RequestKey&) const = default;
  explicit operator bool() const { return words[0] != 0 || words[1] != 0; }
};

// The right to answer one request, once. Let go without an answer it answers 500: nobody waits for ever.
class Reply {
 public:
  Reply(std::shared_ptr<Connection> connection, std::uint64_t number)
      : connection_{std::move(connection)}, number_{number} {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) = delete;
  ~Reply();

  // Any thread. On the connection's own loop the answer goes out at once; from elsewhere all answers of a moment share
  // one wake-up.
  void send(Response response);

  // On the loop, before the handler returns: the connection tells handler.broken(key) if it breaks before this answer
  // is written.
  void remember(RequestKey key);

 private:
  std::shared_ptr<Connection> connection_;
  std::uint64_t number_;
};

// One a loop, used by that loop's thread alone; what handlers share is behind them.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  // `request` is good during the call only.
  virtual void handle(const Request& request, Reply reply) = 0;

  // The connection broke before the answer of a remembered request was written. answered() follows with what it would
  // have been: at once or, if the request is still under way, when it is answered.
  virtual void broken(const RequestKey& key) = 0;
  virtual void answered(const RequestKey& key, const Response& response) = 0;
};

}  // namespace hub
