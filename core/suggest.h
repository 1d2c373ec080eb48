// "did you mean …?": the nearest of the names that would have been right.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace core {

// The candidate with the smallest edit distance, if that is at most a third of the word's length (at least 1); else "".
std::string nearest(std::string_view word, std::span<const std::string> candidates);

// "did you mean 'webhookurl'? it also has: channel, text" or, with nothing near, "it has: channel, text".
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace core
