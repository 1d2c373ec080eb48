// tolower(…), b64(…), getopt(…) and the rest: text in, text out; a list is transformed word by word.
#include "detector/rules/evaluator.h"

#include <algorithm>
#include <array>

namespace detector::rules {
namespace {

bool apply(Transformer transformer, std::string_view text, std::string& into) {
  into.clear();
  switch (transformer) {
    case Transformer::ToLower:
      for (const char c : text) into += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
      return true;
    case Transformer::ToUpper:
      for (const char c : text) into += c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
      return true;
    case Transformer::Base64:
      return decode_base64(text, into);
    case Transformer::Basename:
      into = text.substr(text.rfind('/') + 1);      // npos + 1 is 0: all of it
      return true;
    case Transformer::Length: case Transformer::Join: case Transformer::Concat: case Transformer::GetOpt:
      return false;
  }
  return false;
}

}  // namespace

void Evaluator::transform(const Read& read_of, Slot& slot) {
  const Value& first = read(read_of.inputs[0]);
  slot.value = Missing{};
  const auto* words = std::get_if<std::vector<std::string>>(&first);
  const auto* text = std::get_if<std::string_view>(&first);
  switch (read_of.transformer) {
    case Transformer::ToLower: case Transformer::ToUpper: case Transformer::Base64: case Transformer::Basename:
      if (text != nullptr && apply(read_of.transformer, *text, slot.buffer)) slot.value = std::string_view{slot.buffer};
      if (words != nullptr) {
        std::vector<std::string> changed;
        for (const std::string& word : *words) {
          if (!apply(read_of.transformer, word, changed.emplace_back())) return;
        }
        slot.value = std::move(changed);
      }
      return;
    case Transformer::Length:
      if (text != nullptr) slot.value = std::uint64_t{text->size()};
      if (words != nullptr) slot.value = std::uint64_t{words->size()};
      return;
    case Transformer::Join: {
      const auto* list = std::get_if<std::vector<std::string>>(&read(read_of.inputs[1]));
      if (text == nullptr || list == nullptr) return;
      slot.buffer.clear();
      for (std::size_t i = 0; i < list->size(); ++i) slot.buffer.append(i > 0 ? *text : std::string_view{}).append((*list)[i]);
      slot.value = std::string_view{slot.buffer};
      return;
    }
    case Transformer::Concat:
      slot.buffer.clear();
      for (const ReadId input : read_of.inputs) {
        const auto* piece = std::get_if<std::string_view>(&read(input));
        if (piece == nullptr) return;
        slot.buffer += *piece;
      }
      slot.value = std::string_view{slot.buffer};
      return;
    case Transformer::GetOpt: {
      const auto* known = std::get_if<std::string_view>(&read(read_of.inputs[1]));
      if (words == nullptr || known == nullptr) return;
      std::vector<std::pair<char, std::string>> options;
      list_options(*words, *known, options);
      if (read_of.argument.empty()) {
        std::vector<std::string> letters;
        for (const auto& option : options) letters.emplace_back(1, option.first);
        if (!letters.empty()) slot.value = std::move(letters);
        return;
      }
      for (auto option = options.rbegin(); option != options.rend(); ++option) {
        if (option->first != read_of.argument[0]) continue;
        slot.buffer = option->second;
        slot.value = std::string_view{slot.buffer};
        return;
      }
      return;
    }
  }
}

// With or without padding.
bool decode_base64(std::string_view text, std::string& into) {
  into.clear();
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : -1;
    if (digit < 0) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    into += static_cast<char>(bits >> count & 0xFF);
  }
  return count < 6;
}

// POSIX short options: "-ab", "-ovalue", "-o value"; long options are passed over; `--` or a word that is no option ends them. An option
// without a value has its own letter as value; an unknown one is '?'.
void list_options(const std::vector<std::string>& words, std::string_view known, std::vector<std::pair<char, std::string>>& into) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.size() < 2 || word[0] != '-' || word == "--") return;
    if (word[1] == '-') continue;
    for (std::size_t at = 1; at < word.size(); ++at) {
      const auto found = word[at] == ':' ? std::string_view::npos : known.find(word[at]);
      if (found == std::string_view::npos) {
        into.emplace_back('?', std::string{word[at]});
        continue;
      }
      const bool takes_value = found + 1 < known.size() && known[found + 1] == ':';
      if (!takes_value) {
        into.emplace_back(word[at], std::string{word[at]});
        continue;
      }
      if (at + 1 < word.size()) into.emplace_back(word[at], word.substr(at + 1));
      else if (i + 1 < words.size()) into.emplace_back(word[at], words[++i]);
      else into.emplace_back('?', std::string{word[at]});
      break;
    }
  }
}

}  // namespace detector::rules
