// What /metrics shows. One list (metrics.def): a line there is a metric with its type, name, labels and help;
// docs/metrics.md has a row for each. Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hub {

enum class Metric : std::uint16_t {
#define METRIC(kind, symbol, name, labels, help) symbol,
#include "hub/metrics/metrics.def"
#undef METRIC
  kCount
};

struct Series;  // one metric with one set of label values

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // `labels`: the values in the order of the metric's label names in metrics.def.
  void add(Metric counter, std::initializer_list<std::string_view> labels = {}, double by = 1);
  // The same in two steps, for a counter that is known before it may count (an alert's labels, at its acknowledgement).
  // Lives as long as this.
  Series& series(Metric counter_or_histogram, std::initializer_list<std::string_view> labels = {});
  Series& series(Metric counter_or_histogram, std::span<const std::string_view> labels);
  // Gives a metric more labels, before its first series: the configuration decides them, not metrics.def.
  void extend(Metric metric, const std::vector<std::string>& names);
  static void add(Series& series, double by = 1);
  static void observe(Series& series, double seconds);
  void set(Metric gauge, std::initializer_list<std::string_view> labels, double value);
  void observe(Metric histogram, std::initializer_list<std::string_view> labels, double seconds);
  double value(Metric counter_or_gauge,
               std::initializer_list<std::string_view> labels = {}) const;  // 0 when never touched

  std::string render() const;  // Prometheus text format 0.0.4

 private:
  struct Registry;
  std::unique_ptr<Registry> registry_;
};

}  // namespace hub
