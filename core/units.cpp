// Parsing of quantities. One table a kind; the printing functions are inverses, and the tests hold them to it.
#include "core/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace core {
namespace {

struct Unit {
  std::string_view name;
  double size;
};

constexpr std::array<Unit, 8> kTimeUnits{
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {"w", 604800e9}}};
constexpr std::array<Unit, 13> kByteUnits{{{"", 1},
                                           {"B", 1},
                                           {"K", 1024},
                                           {"KiB", 1024},
                                           {"KB", 1e3},
                                           {"M", 1048576},
                                           {"MiB", 1048576},
                                           {"MB", 1e6},
                                           {"G", 1073741824},
                                           {"GiB", 1073741824},
                                           {"GB", 1e9},
                                           {"TiB", 1099511627776},
                                           {"TB", 1e12}}};

// Takes "12.5" off the front. False: there is no number there.
bool take_number(std::string_view& rest, double& number) {
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || number < 0) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

std::string_view take_letters(std::string_view& rest) {
  std::size_t n = 0;
  while (n < rest.size() && ((rest[n] >= 'a' && rest[n] <= 'z') || (rest[n] >= 'A' && rest[n] <= 'Z'))) ++n;
  const auto letters = rest.substr(0, n);
  rest.remove_prefix(n);
  return letters;
}

template <std::size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return &unit;
  return nullptr;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const Error invalid{Fault::Invalid, "not a duration such as 500ms, 30s or 1h30m"};
  if (text == "0") return Duration{};
  double total = 0;
  if (text.empty()) return invalid;
  while (!text.empty()) {
    double number = 0;
    if (!take_number(text, number)) return invalid;
    const Unit* unit = find_unit(kTimeUnits, take_letters(text));
    if (!unit) return invalid;
    total += number * unit->size;
  }
  if (total > 9.2e18) return Error{Fault::Invalid, "longer than 292 years"};
  return Duration{std::llround(total)};
}

std::string to_text(Duration duration) {
  auto left = duration.count();
  if (left == 0) return "0s";
  std::string text;
  if (left < 0) {
    text = "-";
    left = -left;
  }
  if (left < 1'000) return text + fmt::format("{}ns", left);
  if (left < 1'000'000) return text + fmt::format("{:g}us", static_cast<double>(left) / 1e3);
  if (left < 1'000'000'000) return text + fmt::format("{:g}ms", static_cast<double>(left) / 1e6);
  const auto hours = left / 3'600'000'000'000;
  const auto minutes = left / 60'000'000'000 % 60;
  const auto nanoseconds = left % 60'000'000'000;
  if (hours != 0) text += fmt::format("{}h", hours);
  if (minutes != 0) text += fmt::format("{}m", minutes);
  if (nanoseconds != 0) text += fmt::format("{:.12g}s", static_cast<double>(nanoseconds) / 1e9);
  return text;
}

Result<Bytes> parse_bytes(std::string_view text) {
  const Error invalid{Fault::Invalid, "not a size such as 65536, 64KiB or 2GiB"};
  double number = 0;
  if (!take_number(text, number)) return invalid;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const Unit* unit = find_unit(kByteUnits, take_letters(text));
  if (!unit || !text.empty() || number * unit->size > 1.8e19) return invalid;
  return Bytes{static_cast<std::uint64_t>(std::llround(number * unit->size))};
}

std::string to_text(Bytes bytes) {
  for (const auto* name : {"TiB", "GiB", "MiB", "KiB"}) {
    const auto size = static_cast<std::uint64_t>(find_unit(kByteUnits, name)->size);
    if (bytes.count >= size && bytes.count % size == 0) return fmt::format("{}{}", bytes.count / size, name);
  }
  return fmt::format("{}", bytes.count);
}

Result<Rate> parse_rate(std::string_view text) {
  const Error invalid{Fault::Invalid, "not a rate such as 1/s or 10/5m"};
  double count = 0;
  if (!take_number(text, count) || text.empty() || text.front() != '/') return invalid;
  if (!(count > 0) || count > 1e9) return invalid;  // "0/s" would be read as unlimited
  text.remove_prefix(1);
  const std::string period =
      text.empty() || (text.front() >= '0' && text.front() <= '9') ? std::string{text} : "1" + std::string{text};
  const auto duration = parse_duration(period);
  if (!duration || duration->count() == 0) return invalid;
  return Rate{count * 1e9 / static_cast<double>(duration->count()), std::max(1u, static_cast<unsigned>(count))};
}

std::string to_text(const Rate& rate) {
  return rate.per_second == 0 ? "unlimited" : fmt::format("{:g}/s", rate.per_second);
}

}  // namespace core
