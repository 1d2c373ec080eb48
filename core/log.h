// One line per happening that an operator may act on: key=value, past tense, to stderr. Values are made printable here,
// so no alert can write to the terminal. error: something was lost; warning: something will be unless…; info: a room
// opened or closed; debug: the rest.
//   log_warning("sink_paused", {{"sink", name}, {"why", why}});   →  2026-11-21T12:00:00.123Z warning sink_paused
//   sink=soc why="no such channel"
// Any thread. No secret and no whole alert above debug.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace core {

enum class LogLevel { Error, Warning, Info, Debug };
enum class LogFormat { Text, Json };

void set_log_level(LogLevel most);  // default Info
void set_log_format(LogFormat format);

using LogPair = std::pair<std::string_view, std::string>;
void log(LogLevel level, std::string_view what, std::initializer_list<LogPair> pairs = {});

inline void log_error(std::string_view what, std::initializer_list<LogPair> pairs = {}) {
  log(LogLevel::Error, what, pairs);
}
inline void log_warning(std::string_view what, std::initializer_list<LogPair> pairs = {}) {
  log(LogLevel::Warning, what, pairs);
}
inline void log_info(std::string_view what, std::initializer_list<LogPair> pairs = {}) {
  log(LogLevel::Info, what, pairs);
}
inline void log_debug(std::string_view what, std::initializer_list<LogPair> pairs = {}) {
  log(LogLevel::Debug, what, pairs);
}

}  // namespace core
