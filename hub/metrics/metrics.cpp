// Our own registry, not prometheus-cpp's: there a series is found by building a std::map of label names and values,
// over a microsecond and seven allocations for falco_events_total, at every alert. Here it is one hash of the joined
// values under a shared lock.
#include "hub/metrics/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace hub {
namespace {

enum class Kind { Counter, Gauge, Histogram };

struct Definition {
  Kind kind;
  std::string_view name, labels, help;
};

constexpr std::array kDefinitions{
#define METRIC(kind, symbol, name, labels, help) Definition{Kind::kind, name, labels, help},
#include "hub/metrics/metrics.def"
#undef METRIC
};

// Seconds, from a fast disk's sync to a sink that was away for an hour.
constexpr std::array kBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,  0.1,
                             0.25,   0.5,     1.0,    2.5,   5.0,    10.0,  30.0, 60.0,  300.0, 3600.0};

// Label values come from alerts, so their number is a sender's choice. Beyond this many, a metric counts into one
// series of "(other)".
constexpr std::size_t kMostSeries = 10'000;
constexpr std::string_view kOther = "(other)";
constexpr std::size_t kMostValueBytes = 256;

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

void append_escaped(std::string& to, std::string_view text) {
  for (const char c : text) {
    if (c == '\\')
      to += "\\\\";
    else if (c == '"')
      to += "\\\"";
    else if (c == '\n')
      to += "\\n";
    else
      to += c;
  }
}

std::string to_number(double value) {
  if (std::nearbyint(value) == value && std::abs(value) < 1e15)
    return fmt::format("{}", static_cast<std::int64_t>(value));
  return fmt::format("{}", value);
}

}  // namespace

struct Series {
  std::vector<std::string> values;  // of the labels
  std::atomic<double> number = 0;   // a counter's or gauge's value; a histogram's sum
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> buckets{};  // histograms only
};

struct Metrics::Registry {
  struct Family {
    mutable std::shared_mutex mutex;
    std::unordered_map<std::string, Series*, Hash, std::equal_to<>> by_key;
    std::deque<Series> series;  // a deque: a Series never moves, so handles stay good
    std::string more_labels;    // after those of metrics.def, a comma before each
  };
  std::array<Family, kDefinitions.size()> families;

  static std::string_view key_of(std::span<const std::string_view> labels) {
    thread_local std::string key;
    key.clear();
    for (const auto label : labels) {
      key.append(label.substr(0, kMostValueBytes));
      key += '\0';
    }
    return key;
  }

  Series& find_or_make(Metric metric, std::span<const std::string_view> labels) {
    Family& family = families[static_cast<std::size_t>(metric)];
    const std::string_view key = key_of(labels);
    {
      const std::shared_lock lock{family.mutex};
      if (const auto found = family.by_key.find(key); found != family.by_key.end()) return *found->second;
    }
    const std::unique_lock lock{family.mutex};
    if (const auto found = family.by_key.find(key); found != family.by_key.end()) return *found->second;
    if (family.series.size() < kMostSeries)
      return make(family, std::string{key}, labels.data(), labels.data() + labels.size());
    const std::vector<std::string_view> others(labels.size(), kOther);
    std::string other_key;
    for (const auto other : others) other_key.append(other).push_back('\0');
    if (const auto found = family.by_key.find(other_key); found != family.by_key.end()) return *found->second;
    return make(family, std::move(other_key), others.data(), others.data() + others.size());
  }

  static Series& make(Family& family, std::string key, const std::string_view* begin, const std::string_view* end) {
    Series& made = family.series.emplace_back();
    std::transform(begin, end, std::back_inserter(made.values),
                   [](std::string_view value) { return std::string{value.substr(0, kMostValueBytes)}; });
    family.by_key.emplace(std::move(key), &made);
    return made;
  }

  static std::string labels_of(const std::string& labels, const Series& series, std::string_view bound = {}) {
    std::string text;
    std::string_view names = labels;
    for (const auto& value : series.values) {
      const std::string_view name = names.substr(0, names.find(','));
      names.remove_prefix(std::min(names.size(), name.size() + 1));
      text += text.empty() ? '{' : ',';
      text.append(name).append("=\"");
      append_escaped(text, value);
      text += '"';
    }
    if (!bound.empty()) text += fmt::format("{}le=\"{}\"", text.empty() ? "{" : ",", bound);
    if (!text.empty()) text += '}';
    return text;
  }

  static void render(std::string& to, const Definition& definition, const std::string& labels, const Series& series) {
    if (definition.kind != Kind::Histogram) {
      to += fmt::format("{}{} {}\n", definition.name, labels_of(labels, series), to_number(series.number));
      return;
    }
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < series.buckets.size(); ++i) {
      count += series.buckets[i];
      const std::string bound = i < kBounds.size() ? fmt::format("{}", kBounds[i]) : "+Inf";
      to += fmt::format("{}_bucket{} {}\n", definition.name, labels_of(labels, series, bound), count);
    }
    to += fmt::format("{}_sum{} {}\n", definition.name, labels_of(labels, series), to_number(series.number));
    to += fmt::format("{}_count{} {}\n", definition.name, labels_of(labels, series), count);
  }
};

Metrics::Metrics() : registry_{std::make_unique<Registry>()} {}
Metrics::~Metrics() = default;

void Metrics::add(Metric counter, std::initializer_list<std::string_view> labels, double by) {
  add(series(counter, labels), by);
}

Series& Metrics::series(Metric counter, std::initializer_list<std::string_view> labels) {
  return registry_->find_or_make(counter, {labels.begin(), labels.size()});
}

Series& Metrics::series(Metric counter, std::span<const std::string_view> labels) {
  return registry_->find_or_make(counter, labels);
}

void Metrics::extend(Metric metric, const std::vector<std::string>& names) {
  Registry::Family& family = registry_->families[static_cast<std::size_t>(metric)];
  const std::unique_lock lock{family.mutex};
  if (!family.series.empty()) return;
  family.more_labels.clear();
  for (const std::string& name : names) (family.more_labels += ',') += name;
}

void Metrics::add(Series& series, double by) {
  series.number.fetch_add(by, std::memory_order_relaxed);
}

void Metrics::set(Metric gauge, std::initializer_list<std::string_view> labels, double value) {
  registry_->find_or_make(gauge, {labels.begin(), labels.size()}).number.store(value, std::memory_order_relaxed);
}

void Metrics::observe(Metric histogram, std::initializer_list<std::string_view> labels, double seconds) {
  observe(registry_->find_or_make(histogram, {labels.begin(), labels.size()}), seconds);
}

void Metrics::observe(Series& series, double seconds) {
  const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
  series.buckets[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  series.number.fetch_add(seconds, std::memory_order_relaxed);
}

double Metrics::value(Metric metric, std::initializer_list<std::string_view> labels) const {
  const Registry::Family& family = registry_->families[static_cast<std::size_t>(metric)];
  const std::shared_lock lock{family.mutex};
  const auto found = family.by_key.find(Registry::key_of({labels.begin(), labels.size()}));
  return found == family.by_key.end() ? 0 : found->second->number.load(std::memory_order_relaxed);
}

std::string Metrics::render() const {
  std::string text;
  for (std::size_t i = 0; i < kDefinitions.size(); ++i) {
    const Definition& definition = kDefinitions[i];
    const Registry::Family& family = registry_->families[i];
    const std::shared_lock lock{family.mutex};
    if (family.series.empty() && !definition.labels.empty()) continue;
    const std::string_view kind = definition.kind == Kind::Counter ? "counter"
                                  : definition.kind == Kind::Gauge ? "gauge"
                                                                   : "histogram";
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", definition.name, definition.help, definition.name, kind);
    const std::string labels = std::string{definition.labels} + family.more_labels;
    for (const Series& series : family.series) Registry::render(text, definition, labels, series);
    if (family.series.empty() && definition.kind != Kind::Histogram) text += fmt::format("{} 0\n", definition.name);
  }
  return text;
}

}  // namespace hub
