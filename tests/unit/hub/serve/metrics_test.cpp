// What /metrics shows.
#include "tests/support/catch.h"

#include "hub/metrics/metrics.h"

#include <string>

using namespace hub;

TEST_CASE("metrics are shown in Prometheus' text format, with label values escaped") {
  Metrics metrics;

  metrics.add(Metric::FalcosidekickInputs, {"requests", "accepted"}, 3);
  metrics.add(Metric::RouteMatched, {"a\"b\\c\nd"});
  metrics.set(Metric::SinkQueueAlerts, {"soc"}, 1.5);
  metrics.observe(Metric::SinkRequestSeconds, {"soc"}, 0.02);
  metrics.observe(Metric::SinkRequestSeconds, {"soc"}, 7200);
  const std::string text = metrics.render();

  const auto has = [&text](const std::string& line) { return text.find(line + "\n") != std::string::npos; };
  CHECK(has("# TYPE falcosecurity_falcosidekick_inputs_total counter"));
  CHECK(has("falcosecurity_falcosidekick_inputs_total{source=\"requests\",status=\"accepted\"} 3"));
  CHECK(has(R"(tocsin_hub_route_matched_total{route="a\"b\\c\nd"} 1)"));
  CHECK(has("tocsin_hub_sink_queue_alerts{sink=\"soc\"} 1.5"));
  CHECK(has("tocsin_hub_sink_request_seconds_bucket{sink=\"soc\",le=\"0.01\"} 0"));
  CHECK(has("tocsin_hub_sink_request_seconds_bucket{sink=\"soc\",le=\"0.025\"} 1"));
  CHECK(has("tocsin_hub_sink_request_seconds_bucket{sink=\"soc\",le=\"+Inf\"} 2"));
  CHECK(has("tocsin_hub_sink_request_seconds_sum{sink=\"soc\"} 7200.02"));
  CHECK(has("tocsin_hub_sink_request_seconds_count{sink=\"soc\"} 2"));
  CHECK(has("tocsin_hub_alerts_unrouted_total 0"));
}

TEST_CASE("label values that a sender invents without end do not fill the memory, and nothing goes uncounted") {
  Metrics metrics;

  for (int i = 0; i < 12'000; ++i) metrics.add(Metric::RouteMatched, {"route " + std::to_string(i)});

  CHECK(metrics.value(Metric::RouteMatched, {"route 9999"}) == 1);
  CHECK(metrics.value(Metric::RouteMatched, {"route 10000"}) == 0);
  CHECK(metrics.value(Metric::RouteMatched, {"(other)"}) == 2000);
}
