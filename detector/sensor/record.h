// A record of the ring as it may be read: every length checked once, here. Blobs point into the record's bytes.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "detector/bpf/wire.h"

namespace detector {

struct Blob {
  std::uint16_t tag = 0;
  std::int32_t detail = 0;
  std::string_view bytes;
};

struct Record {
  wire_header header{};
  std::array<Blob, 40> blobs;      // more are left out: no call has so many
  std::size_t count = 0;

  const Blob* find(wire_tag tag) const {
    for (std::size_t i = 0; i < count; ++i) {
      if (blobs[i].tag == tag) return &blobs[i];
    }
    return nullptr;
  }
  const Blob* find(wire_tag tag, std::int32_t detail) const {
    for (std::size_t i = 0; i < count; ++i) {
      if (blobs[i].tag == tag && blobs[i].detail == detail) return &blobs[i];
    }
    return nullptr;
  }
  // The struct that a blob holds; nullopt: absent, or too short to be one.
  template <class T>
  std::optional<T> get(wire_tag tag) const {
    const Blob* blob = find(tag);
    if (blob == nullptr || blob->bytes.size() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, blob->bytes.data(), sizeof(T));
    return value;
  }
};

// False: the bytes are no record (too short, or a length that lies); `record` is then not to be read.
bool parse_record(std::string_view bytes, Record& record);

std::string_view until_nul(std::string_view bytes);
// "shadow\0etc\0" (leaf first) → "/etc/shadow".
void append_path(std::string& text, std::string_view names);

}  // namespace detector
