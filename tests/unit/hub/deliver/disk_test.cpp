// Delivery over the real journal and the real state.db, in a folder of its own: their threads, their order of commits.
#include "hub/journal/file.h"
#include "hub/journal/segment_journal.h"
#include "hub/state/sqlite_state_store.h"
#include "tests/support/catch.h"
#include "tests/unit/hub/deliver/world.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>

using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

// One life of a hub: opened over what the last one left; dropped without a word (a crash), or stopped.
struct Life {
  asio::io_context loop{1};
  std::unique_ptr<hub::Journal> journal;
  std::unique_ptr<hub::StateStore> state;
  hub::Metrics metrics;
  std::unique_ptr<hub::Delivery> delivery;

  Life(const std::filesystem::path& folder, tests::Receiver& receiver) {
    state = std::move(hub::open_state_store(folder / "state.db").value().store);
    hub::Offset beyond;
    for (const auto& [name, cursor] : state->cursors().value()) beyond = std::max(beyond, cursor.position);
    journal = hub::open_journal(hub::posix_file_system(), folder / "journal",
                                {.segment_bytes = 1 << 20, .next_at_least = beyond})
                  .value();
    hub::Outputs outputs;
    outputs.sinks.push_back(
        {.name = "s", .kind = "scripted", .options = {.retry = receiver.retry}, .output = tests::scripted(receiver)});
    delivery = std::make_unique<hub::Delivery>(loop, *journal, *state, metrics, std::move(outputs));
    journal->on_durable([this](hub::Offset) { delivery->wake(); });
    delivery->start().value();
  }
  ~Life() {
    journal->close();
    state->close();
  }

  void send(std::size_t from, std::size_t to) {
    std::vector<hub::NewRecord> records;
    for (std::size_t i = from; i < to; ++i) records.push_back(tests::alert_record("r" + std::to_string(i)));
    journal->append(std::move(records), [](const core::Result<hub::Offset>& result) { (void)result.value(); });
  }
  bool run_until(const std::function<bool()>& condition, core::Duration patience = 60s) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      loop.restart();
      loop.run_one_for(20ms);
    }
    return true;
  }
  hub::SinkStatus status() const { return delivery->status().front(); }
};

}  // namespace

TEST_CASE("over the real journal and state.db, crashes in a row lose nothing and a stop repeats nothing") {
  std::string folder = (std::filesystem::temp_directory_path() / "tocsin-deliver-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  tests::Receiver receiver{"s"};
  receiver.limits = {.items = 100, .concurrency = 2};
  receiver.answer = [](const core::Alert& alert) -> core::Outcome {
    if (alert.rule == "r7777") return core::Reject{"400"};
    return core::Delivered{};
  };

  std::size_t sent = 0;
  for (int crash = 0; crash < 4; ++crash) {
    Life life{folder, receiver};
    for (int i = 0; i < 10; ++i, sent += 300) life.send(sent, sent + 300);
    const std::size_t goal = receiver.delivered.size() + 1000;
    REQUIRE(life.run_until([&] { return receiver.delivered.size() >= goal; }));
  }
  const auto repeated = [&] {
    return std::count_if(receiver.delivered.begin(), receiver.delivered.end(),
                         [](const auto& one) { return one.second > 1; });
  };
  {
    Life life{folder, receiver};
    REQUIRE(life.run_until([&] { return receiver.delivered.size() == sent - 1 && life.status().queued == 0; }));
    const auto before = repeated();
    bool over = false;
    asio::awaitable<void> stopping = life.delivery->stop(1s);
    asio::co_spawn(life.loop, std::move(stopping), [&over](const std::exception_ptr&) { over = true; });
    REQUIRE(life.run_until([&] { return over; }));
    CHECK(before <= 4 * 1300);
  }
  {
    const auto before = repeated();
    Life life{folder, receiver};
    CHECK(life.status().queued == 0);
    const auto settle = std::chrono::steady_clock::now() + 50ms;
    life.run_until([&] { return std::chrono::steady_clock::now() > settle; });
    CHECK(repeated() == before);
    CHECK(life.state->count_dead_letters().value().at("s") == 1);
    CHECK(life.status().routed == sent);
    CHECK(life.status().routed == life.status().delivered + life.status().dead_letters);
  }
  std::filesystem::remove_all(folder);
}
