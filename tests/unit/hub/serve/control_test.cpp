// The control socket's conversations: an answer in parts, from other threads, broken off, or to somebody who has gone.
#include "hub/control/control_socket.h"
#include "tests/support/catch.h"
#include "tests/support/memory_state.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

using namespace hub;
namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

// A door that keeps the answers, for the test to give.
struct Door {
  Door() {
    std::string pattern = (fs::temp_directory_path() / "tocsin-control-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    auto opened = ControlSocket::open(loop, path(), [this](std::string_view line, Answer answer) {
      const std::scoped_lock lock{mutex};
      asked = {std::string{line}, std::move(answer)};
      news.notify_one();
    });
    REQUIRE(opened);
    socket = std::move(*opened);
    thread = std::thread{[this] { loop.run(); }};
  }
  ~Door() {
    loop.stop();
    thread.join();
    socket.reset();
    fs::remove_all(folder);
  }
  // The question, and its answer to give.
  std::pair<std::string, Answer> take() {
    std::unique_lock lock{mutex};
    news.wait(lock, [this] { return asked.has_value(); });
    auto taken = std::move(*asked);
    asked.reset();
    return taken;
  }
  std::string path() const { return (folder / "control.sock").string(); }

  fs::path folder;
  asio::io_context loop;
  asio::executor_work_guard<asio::io_context::executor_type> work{loop.get_executor()};
  std::unique_ptr<ControlSocket> socket;
  std::mutex mutex;
  std::condition_variable news;
  std::optional<std::pair<std::string, Answer>> asked;
  std::thread thread;
};

struct Heard {
  std::vector<std::string> parts;
  std::string end;
};

std::future<Heard> ask(const Door& door, const std::string& line) {
  return std::async(std::launch::async, [path = door.path(), line] {
    Heard heard;
    const auto end = ask_hub(path, line, [&](std::string_view part) { heard.parts.emplace_back(part); });
    heard.end = end ? *end : end.error().what;
    return heard;
  });
}

}  // namespace

TEST_CASE("a long answer comes in parts, from whatever thread works on it, and then its end") {
  Door door;
  auto heard = ask(door, R"({"command":"replay"})");
  auto [line, answer] = door.take();

  std::thread working{[answer = std::move(answer)] {
    for (int i = 1; i <= 3; ++i) answer.part({{"read", i}});
    answer.end({{"replayed", 3}});
  }};
  working.join();

  const Heard all = heard.get();
  CHECK(line == R"({"command":"replay"})");
  CHECK(all.parts ==
        std::vector<std::string>{R"({"part":{"read":1}})", R"({"part":{"read":2}})", R"({"part":{"read":3}})"});
  CHECK(all.end == R"({"replayed":3})");
}

TEST_CASE("an answer that is let go before its end tells the asker that the work was broken off") {
  Door door;
  auto heard = ask(door, "{}");
  {
    const auto [line, answer] = door.take();
    const Answer copy = answer;
    copy.part({{"read", 1}});
  }

  CHECK(heard.get().end.find("broke this off") != std::string::npos);
}

TEST_CASE("whoever works on an answer can see that the asker has gone, and nothing breaks by it") {
  Door door;
  asio::io_context loop;
  asio::local::stream_protocol::socket socket{loop};
  socket.connect({door.path()});
  asio::write(socket, asio::buffer(std::string{"{}\n"}));
  const Answer answer = door.take().second;
  socket.close();

  for (int i = 0; i < 2000 && answer.is_wanted(); ++i) {
    answer.part({{"read", i}});
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }

  CHECK_FALSE(answer.is_wanted());
  answer.end({});
}

TEST_CASE("an unknown command is answered with those there are") {
  Door door;
  auto heard = ask(door, R"({"command":"dance"})");
  auto [line, answer] = door.take();
  tests::MemoryState state;

  run_command(line, {state, nullptr}, answer);

  const std::string end = heard.get().end;
  CHECK(end.find("there is no command 'dance'; there are: status") != std::string::npos);
}
