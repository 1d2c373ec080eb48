// Comparisons of one value with constants (falco.md 2.2).
#include "detector/rules/evaluator.h"

#include <algorithm>
#include <cstring>

namespace detector::rules {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool contains_folded(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(), [](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

template <class T>
bool ordered(Comparison comparison, const T& left, const T& right) {
  switch (comparison) {
    case Comparison::Equal: case Comparison::In: case Comparison::Intersects: return left == right;
    case Comparison::NotEqual: return left != right;
    case Comparison::Less: return left < right;
    case Comparison::LessEqual: return left <= right;
    case Comparison::Greater: return left > right;
    case Comparison::GreaterEqual: return left >= right;
    default: return false;
  }
}

std::optional<__int128> as_number(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return *number;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth;
  return std::nullopt;
}

// How many of the constants hold, as the modifier wants it; without one there is a single constant, or a set to be in.
template <class Holds>
bool combine(Modifier modifier, std::size_t count, Holds holds) {
  std::size_t matches = 0;
  for (std::size_t i = 0; i < count; ++i) matches += holds(i) ? 1 : 0;
  switch (modifier) {
    case Modifier::None: case Modifier::AnyOf: return matches > 0;
    case Modifier::OneOf: return matches == 1;
    case Modifier::AllOf: return matches == count && count > 0;
  }
  return false;
}

bool compare_text(const Check& check, std::string_view text) {
  const Constants& constants = check.constants;
  switch (check.comparison) {
    case Comparison::In: case Comparison::Intersects:
      return constants.set.find(text) != constants.set.end();
    case Comparison::PathMatch:
      return constants.paths.matches(text);
    case Comparison::Regex:
      return combine(check.modifier, constants.regexes.size(), [&](std::size_t i) {
        return re2::RE2::FullMatch(re2::StringPiece{text.data(), text.size()}, *constants.regexes[i]);
      });
    default:
      return combine(check.modifier, constants.texts.size(), [&](std::size_t i) { return compare_texts(check.comparison, text, constants.texts[i]); });
  }
}

// Fields that are lists: `in` wants all of them in the set, `intersects` any.
bool compare_list(const Check& check, const std::vector<std::string>& words) {
  const auto is_member = [&](const std::string& word) { return check.constants.set.find(std::string_view{word}) != check.constants.set.end(); };
  if (check.comparison == Comparison::In) return std::all_of(words.begin(), words.end(), is_member);
  return check.comparison == Comparison::Intersects && std::any_of(words.begin(), words.end(), is_member);
}

bool compare_ip(Comparison comparison, const IpAddress& ip, const std::vector<IpAddress>& others) {
  const bool found = std::find(others.begin(), others.end(), ip) != others.end();
  return comparison == Comparison::NotEqual ? !found : found;
}

bool compare_network(Comparison comparison, const IpAddress& ip, const std::vector<Network>& networks) {
  const bool found = std::any_of(networks.begin(), networks.end(), [&](const Network& network) { return network.contains(ip); });
  return comparison == Comparison::NotEqual ? !found : found;
}

}  // namespace

bool compare_texts(Comparison comparison, std::string_view left, const std::string& right) {
  switch (comparison) {
    case Comparison::Contains: case Comparison::BContains: return left.find(right) != std::string_view::npos;
    case Comparison::IContains: return contains_folded(left, right);
    case Comparison::StartsWith: case Comparison::BStartsWith: return left.substr(0, right.size()) == right;
    case Comparison::EndsWith: return left.size() >= right.size() && left.substr(left.size() - right.size()) == right;
    case Comparison::Glob: return glob_matches(right, left, false);
    case Comparison::IGlob: return glob_matches(right, left, true);
    default: return ordered(comparison, left, std::string_view{right});
  }
}

bool compare(const Check& check, FieldType type, const Value& value) {
  if (std::holds_alternative<Missing>(value)) return false;
  if (check.comparison == Comparison::Exists) return true;
  if (const auto* words = std::get_if<std::vector<std::string>>(&value)) return compare_list(check, *words);
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    const bool wants_text = type == FieldType::Text || type == FieldType::Path || type == FieldType::Bytes || type == FieldType::EventName ||
                            type == FieldType::Dynamic;
    return wants_text && compare_text(check, *text);
  }
  if (const auto* ip = std::get_if<IpAddress>(&value)) {
    if (type == FieldType::Net) return compare_network(check.comparison, *ip, check.constants.networks);
    return compare_ip(check.comparison, *ip, check.constants.ips);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    const auto& others = check.constants.doubles;
    return combine(check.modifier, others.size(), [&](std::size_t i) { return ordered(check.comparison, *number, others[i]); });
  }
  if (const auto number = as_number(value)) {
    const auto& others = check.constants.numbers;
    return combine(check.modifier, others.size(), [&](std::size_t i) { return ordered(check.comparison, *number, others[i]); });
  }
  return false;
}

bool compare_values(Comparison comparison, FieldType type, const Value& left, const Value& right) {
  if (std::holds_alternative<Missing>(left) || std::holds_alternative<Missing>(right)) return false;
  const auto* left_text = std::get_if<std::string_view>(&left);
  const auto* right_text = std::get_if<std::string_view>(&right);
  if (left_text != nullptr && right_text != nullptr) {
    if (comparison == Comparison::In || comparison == Comparison::Intersects) return *left_text == *right_text;
    return compare_texts(comparison, *left_text, std::string{*right_text});
  }
  const auto* left_words = std::get_if<std::vector<std::string>>(&left);
  const auto* right_words = std::get_if<std::vector<std::string>>(&right);
  if (left_words != nullptr || right_words != nullptr) {
    const auto words = [](const Value& value, const std::vector<std::string>* list, const std::string_view* text) {
      return list != nullptr ? *list : text != nullptr ? std::vector<std::string>{std::string{*text}} : (void(value), std::vector<std::string>{});
    };
    Check check;
    check.comparison = comparison;
    for (std::string& word : words(right, right_words, right_text)) check.constants.set.insert(std::move(word));
    return compare_list(check, words(left, left_words, left_text));
  }
  const auto* left_ip = std::get_if<IpAddress>(&left);
  const auto* right_ip = std::get_if<IpAddress>(&right);
  if (left_ip != nullptr && right_ip != nullptr) return compare_ip(comparison, *left_ip, {*right_ip});
  const auto left_number = as_number(left), right_number = as_number(right);
  (void)type;
  return left_number && right_number && ordered(comparison, *left_number, *right_number);
}

}  // namespace detector::rules
