// Any bytes as outputs.yaml: read or refused, and what is said of them may go to a terminal. References to files and
// variables are left out: a fuzzer has no business reading /dev/zero.
#include "hub/deliver/sinks.h"
#include "targets.h"
#include "tests/fuzz/property.h"

#include <boost/asio/io_context.hpp>

namespace fuzz {

void fuzz_outputs_yaml(std::string_view input) {
  if (input.find("${") != std::string_view::npos || input.find("file") != std::string_view::npos) return;
  boost::asio::io_context loop;
  core::Diagnostics diagnostics;
  const hub::Outputs outputs = hub::read_outputs("outputs.yaml", std::string{input}, {},
                                                 {.executor = loop.get_executor(), .tls = {}}, diagnostics);
  const std::string said = diagnostics.render();
  demand(is_harmless(said), "faults of a file are fit for a terminal", said);
  if (diagnostics.has_errors()) return;
  for (const hub::Sink& sink : outputs.sinks) demand(sink.output != nullptr, "a good file's sinks have outputs", input);
  for (const hub::Route& route : outputs.routes)
    for (const std::string& name : route.to)
      demand(
          std::any_of(outputs.sinks.begin(), outputs.sinks.end(), [&](const auto& sink) { return sink.name == name; }),
          "a route's sinks are there", name);
}

}  // namespace fuzz
