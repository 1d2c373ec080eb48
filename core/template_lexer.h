// A template's text as pieces: fixed text, and the words inside {{…}}. `{{-` and `-}}` have already eaten the blanks
// beside them, comments are gone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace core::templates {

struct Mistake;

struct Token {
  enum class Kind {
    Literal,
    Open,
    Close,
    Field,
    Dot,
    Variable,
    Word,
    Own,
    Text,
    Number,
    Pipe,
    Left,
    Right,
    Assign,
    Comma,
    End
  };
  Kind kind = Kind::End;
  std::size_t at = 0;  // in the template's text
  std::string
      text;  // Literal and Text: what they say; Field: ".Rule.x" without the first dot; Variable: its name, "" for $
};

// Ends in a token End. False: `mistake` says why.
bool scan(std::string_view text, std::vector<Token>& tokens, Mistake& mistake);

// A word that belongs to Go's way of writing; every other word at the beginning of {{…}} is a name of ours.
bool is_go_word(std::string_view word);

}  // namespace core::templates
