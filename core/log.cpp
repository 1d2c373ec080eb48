// One writer: a line is built whole and written with one call, so that lines of several threads do not mix. A warning
// or error that says the same as one of the last minute is counted instead, and told once the minute is over, with
// `repeated`: a fault that happens at each alert must not fill the disk that the alerts need.
#include "core/log.h"

#include "core/clock.h"
#include "core/text.h"

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace core {
namespace {

std::atomic<LogLevel> most_shown{LogLevel::Info};
std::atomic<LogFormat> chosen_format{LogFormat::Text};
constexpr std::array<std::string_view, 4> kLevels{"error", "warning", "info", "debug"};

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" =\"") != std::string_view::npos;
}

// What was said lately. Bounded: beyond kMostRemembered nothing more is collapsed until a minute is over.
class Lately {
 public:
  // How often this line was held back since it was last said; nullopt: hold it back now.
  std::optional<std::uint64_t> say(const std::string& line, TimePoint moment) {
    const std::lock_guard lock{mutex_};
    if (const auto said = said_.find(line); said != said_.end()) {
      const bool over = moment - said->second.at >= kWindow || moment < said->second.at;
      if (!over) {
        ++said->second.held_back;
        return std::nullopt;
      }
      said->second.at = moment;
      return std::exchange(said->second.held_back, 0);
    }
    if (said_.size() < kMostRemembered) said_[line] = {moment, 0};
    return 0;
  }
  // Lines whose minute is over: forgotten, and given back if they were held back.
  std::vector<std::pair<std::string, std::uint64_t>> take_over(TimePoint moment) {
    const std::lock_guard lock{mutex_};
    std::vector<std::pair<std::string, std::uint64_t>> over;
    if (moment >= looked_ && moment - looked_ < std::chrono::seconds{1}) return over;
    looked_ = moment;
    std::erase_if(said_, [&](const auto& said) {
      if (moment >= said.second.at && moment - said.second.at < kWindow) return false;
      if (said.second.held_back > 0) over.emplace_back(said.first, said.second.held_back);
      return true;
    });
    return over;
  }

 private:
  static constexpr std::size_t kMostRemembered = 256;
  static constexpr auto kWindow = std::chrono::minutes{1};
  struct Said {
    TimePoint at;
    std::uint64_t held_back = 0;
  };
  std::mutex mutex_;
  std::map<std::string, Said> said_;
  TimePoint looked_;
};

Lately& lately() {
  static Lately& all = *new Lately;  // never destroyed: threads may log to the very end
  return all;
}

// What stands behind the time.
std::string body_of(LogFormat format, std::string_view level, std::string_view what,
                    std::initializer_list<LogPair> pairs) {
  std::string body;
  if (format == LogFormat::Json) {
    body = fmt::format(R"("level":"{}","msg":{})", level, json_quote(what));
    for (const auto& [key, value] : pairs) body += fmt::format(",{}:{}", json_quote(key), json_quote(printable(value)));
    return body;
  }
  body = fmt::format("{} {}", level, what);
  for (const auto& [key, value] : pairs) {
    const std::string shown = printable(value);
    body += fmt::format(" {}={}", key, needs_quotes(shown) ? '"' + replace_all(shown, "\"", "\\\"") + '"' : shown);
  }
  return body;
}

void write_line(TimePoint moment, const std::string& body, std::uint64_t repeated) {
  const auto second = std::chrono::floor<std::chrono::seconds>(moment);
  std::string time = to_rfc3339(second);
  // Always three digits, so that lines align.
  time.insert(time.size() - 1,
              fmt::format(".{:03}", std::chrono::floor<std::chrono::milliseconds>(moment - second).count()));
  const bool json = body.front() == '"';
  std::string line = json ? fmt::format(R"({{"time":"{}",{})", time, body) : fmt::format("{} {}", time, body);
  if (repeated > 0) line += json ? fmt::format(R"(,"repeated":{})", repeated) : fmt::format(" repeated={}", repeated);
  line += json ? "}\n" : "\n";
  for (std::string_view rest = line; !rest.empty();) {
    const auto written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written <= 0) return;  // stderr is gone: there is nobody to tell
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void set_log_level(LogLevel most) {
  most_shown = most;
}
void set_log_format(LogFormat format) {
  chosen_format = format;
}

void log(LogLevel level, std::string_view what, std::initializer_list<LogPair> pairs) {
  if (level > most_shown.load()) return;
  const TimePoint moment = now();
  const std::string body = body_of(chosen_format.load(), kLevels[static_cast<std::size_t>(level)], what, pairs);
  for (const auto& [said, times] : lately().take_over(moment)) write_line(moment, said, times);
  std::uint64_t repeated = 0;
  if (level == LogLevel::Error || level == LogLevel::Warning) {
    const auto said = lately().say(body, moment);
    if (!said) return;
    repeated = *said;
  }
  write_line(moment, body, repeated);
}

}  // namespace core
