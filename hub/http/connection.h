// One client's connection: bytes in, requests to the handler, answers out in order. Lives on one loop; a Reply keeps it
// alive until its answer came, also when the client is long gone, so that the handler can learn what became of a
// request whose answer nobody read.
#pragma once

#include "hub/http/loop.h"
#include "hub/http/request_parser.h"

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <deque>
#include <optional>
#include <vector>

namespace hub {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Loop& loop, LoopSocket socket, Door door);

  Loop& loop() { return loop_; }  // any thread

  // On the loop, all of these.
  void start();
  void answer(std::uint64_t number, Response response);  // to be written by the next flush()
  void flush();
  void remember(std::uint64_t number, RequestKey key);
  void finish();  // after what is under way
  bool needs_attention(SteadyTime now) const { return now >= deadline_ || state_ == State::Lingering; }
  void attend(SteadyTime now);  // a deadline has passed, or it lingers

 private:
  enum class State {
    Open,
    Closing,    // no further request is read; closed when the answers are out
    Lingering,  // all is written and our side is shut; waits until the client's side has it
    Broken,     // the socket is closed
  };
  enum class Waiting { ForHandshake, ForRequest, ForHeader, ForBody, ForAnswer };
  struct Slot {
    RequestKey key;
    std::optional<Response> response;
    ResponseForm form;
  };
  struct Unwritten {
    RequestKey key;
    Response response;
  };

  // One branch at each read and write, and none of its costs, is what TLS means to a connection without it.
  struct Tls {
    Tls(TlsServer::ContextRef its_context, LoopSocket& socket)
        : context{std::move(its_context)}, stream{socket, *context} {}
    TlsServer::ContextRef context;
    boost::asio::ssl::stream<LoopSocket&> stream;
  };

  void shake_hands();
  void read();
  void on_read(boost::system::error_code fault, std::size_t bytes);
  void parse();
  void dispatch();
  std::string_view look_at_head(std::string_view taken);
  bool is_welcome();
  bool unpack();
  void answer_here(int status, std::string_view why, std::string_view headers = {});
  void refuse(int status, std::string_view reason, std::string_view why);
  void write_async();
  void write();
  void on_written();
  void linger();
  void break_off();
  void watch();

  Loop& loop_;
  LoopSocket socket_;
  const Door door_;
  std::unique_ptr<Tls> tls_;
  PeerPlace place_;
  boost::beast::flat_buffer in_;
  std::optional<RequestParser> parser_;
  Request request_;
  std::deque<Slot> slots_;                 // requests taken, not yet in out_
  std::uint64_t first_number_ = 0;         // of slots_.front()
  std::uint64_t begun_ = 0, watched_ = 0;  // requests whose first byte came; the one that deadline_ is about
  std::string out_;
  std::string unpacked_;
  std::string head_;                  // of the request being read, when it comes in more than one piece
  std::vector<Unwritten> unwritten_;  // remembered requests whose answers are in out_
  SteadyTime deadline_ = SteadyTime::max();
  State state_ = State::Open;
  Waiting waiting_ = Waiting::ForRequest;
  bool reading_ = false, parsing_ = false, writing_ = false, continued_ = false, saw_end_ = false;
};

}  // namespace hub
