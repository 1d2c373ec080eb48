// Numbers as unsigned LEB128 (1-10 bytes) and texts with their length in front, as journal records hold them; and an
// input that no hostile bytes can overrun.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace core {

void put_number(std::string& to, std::uint64_t number);
void put_text(std::string& to, std::string_view text);

// Reads from the front. Once something is wrong everything after it is zero or empty, and ok() says so.
class VarintInput {
 public:
  explicit VarintInput(std::string_view bytes) : bytes_{bytes} {}

  std::uint64_t number();
  std::string_view text();  // points into the bytes given
  std::string_view rest() const { return bytes_; }
  std::size_t left() const { return bytes_.size(); }
  bool ok() const { return ok_; }

 private:
  std::uint64_t fail();

  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace core
