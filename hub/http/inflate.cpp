#include "hub/http/inflate.h"

#include <zlib.h>

#include <algorithm>

namespace hub {

Inflated inflate_gzip(std::string_view packed, std::size_t most, std::string& into) {
  into.clear();
  most = std::min(most, std::max(kFreeBytes, packed.size() * kMostRatio));
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return Inflated::Broken;  // 16: gzip and nothing else
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  int state = Z_OK;
  char piece[16 << 10];
  while (state == Z_OK && into.size() <= most) {
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    state = ::inflate(&stream, Z_NO_FLUSH);
    into.append(piece, sizeof piece - stream.avail_out);
  }
  const bool whole = state == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (into.size() > most) return Inflated::TooLarge;
  return whole ? Inflated::Whole : Inflated::Broken;
}

}  // namespace hub
