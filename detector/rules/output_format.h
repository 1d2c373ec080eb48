// Output strings ("%proc.name opened %fd.name") compiled to pieces, and alerts made of them, to Falco's letter (falco.md 3.1-3.3).
#pragma once

#include "detector/rules/engine.h"
#include "detector/rules/evaluator.h"

#include <string>
#include <string_view>
#include <vector>

namespace detector::rules {

struct OutputPiece {
  std::string literal;            // !is_field
  bool is_field = false;
  ReadId read = 0;
  std::string key;                // in output_fields: "fd.name", "proc.aname[2]"; "": a transformer, which is not put there
  std::size_t width = 0;          // 0: as long as it is
  bool is_time = false;           // a clock time: integer nanoseconds in output_fields
};

struct OutputFormat {
  std::vector<OutputPiece> pieces;
};

struct ParsedOutput {
  OutputFormat format;
  std::string error;              // "": fine
};
ParsedOutput parse_output(std::string_view text, ProgramBuilder& builder);

void append_rendered(std::string& to, const OutputFormat& format, Evaluator& evaluator);

// Control characters, quotes and backslashes as in a JSON string: one alert is one line.
std::string escape_line(std::string_view text);

struct AlertParts {
  const RuleInfo& rule;
  const OutputFormat& time;
  const OutputFormat& output;
  const Event& event;
  const EngineOptions& options;
};
Match make_match(const AlertParts& parts, Evaluator& evaluator);

}  // namespace detector::rules
