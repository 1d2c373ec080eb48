// One writer: a line is built whole and written with one call, so that lines of several threads do not mix.
#include "core/log.h"

#include "core/clock.h"
#include "core/text.h"

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <atomic>

namespace core {
namespace {

std::atomic<LogLevel> most_shown{LogLevel::Info};
std::atomic<LogFormat> chosen_format{LogFormat::Text};
constexpr std::array<std::string_view, 4> kLevels{"error", "warning", "info", "debug"};

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" =\"") != std::string_view::npos;
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
  const auto second = std::chrono::floor<std::chrono::seconds>(moment);
  std::string time = to_rfc3339(second);
  // Always three digits, so that lines align.
  time.insert(time.size() - 1,
              fmt::format(".{:03}", std::chrono::floor<std::chrono::milliseconds>(moment - second).count()));
  const auto level_name = kLevels[static_cast<std::size_t>(level)];
  std::string line;
  if (chosen_format.load() == LogFormat::Json) {
    line = fmt::format(R"({{"time":"{}","level":"{}","msg":{})", time, level_name, json_quote(what));
    for (const auto& [key, value] : pairs) line += fmt::format(",{}:{}", json_quote(key), json_quote(printable(value)));
    line += "}\n";
  } else {
    line = fmt::format("{} {} {}", time, level_name, what);
    for (const auto& [key, value] : pairs) {
      const std::string shown = printable(value);
      line += fmt::format(" {}={}", key, needs_quotes(shown) ? '"' + replace_all(shown, "\"", "\\\"") + '"' : shown);
    }
    line += '\n';
  }
  for (std::string_view rest = line; !rest.empty();) {
    const auto written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written <= 0) return;  // stderr is gone: there is nobody to tell
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace core
