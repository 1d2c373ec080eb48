// What we say to the person who wrote a file: where (file:line:column, both from 1), what in the words of the file, the
// line with a caret, and what to do. All faults at once; exit 2; nothing started.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace core {

struct Place {
  std::string file;
  int line = 0;            // from 1; 0: the file as a whole
  int column = 0;          // from 1
  std::size_t length = 1;  // how many characters the caret underlines
};

struct Diagnostic {
  enum class Level { Error, Warning };
  Place place;
  std::string what;
  std::string hint;  // may be empty
  Level level = Level::Error;
};

// The faults of one run over one or more files. Remembers the texts, so that it can show the lines.
class Diagnostics {
 public:
  void add_source(std::string file, std::string text);
  void error(Place place, std::string what, std::string hint = {});
  void warning(Place place, std::string what, std::string hint = {});

  // From that place to the line's end stands a value that must not be seen: render() shows <redacted> in its stead,
  // whichever fault the line is shown for, found before or after this call.
  void conceal(Place place);
  void conceal_as(const Diagnostics& other);  // … and what that one conceals

  // Where byte `offset` of the scalar that begins at `value` stands in its file: within quotes and in blocks (| and >)
  // too. Whatever cannot be followed (a reference, a rare escape, the environment): `value` itself.
  Place within(const Place& value, std::string_view scalar, std::size_t offset) const;

  bool has_errors() const { return errors_ > 0; }
  std::size_t errors() const { return errors_; }
  std::size_t warnings() const { return all_.size() - errors_; }
  const std::vector<Diagnostic>& all() const { return all_; }

  // Every fault in the order they were found, in the form of style.md: "file:line:col: error: what", the line, ^~~~, "
  // hint: …". No count at the end; see summary().
  std::string render() const;
  // "3 errors; nothing was started." or "1 warning." or "".
  std::string summary() const;

 private:
  struct Source {
    std::string file, text;
  };
  std::string excerpt(const Diagnostic& fault, std::string_view line) const;

  std::vector<Source> sources_;
  std::vector<Diagnostic> all_;
  std::vector<Place> concealed_;
  std::size_t errors_ = 0;
};

}  // namespace core
