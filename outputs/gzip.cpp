// Level 1: alerts compress well at any level, and the hub's CPU is dearer than the last tenth of bandwidth.
#include "outputs/gzip.h"

#include "core/invariant.h"

#include <zlib.h>

namespace outputs {

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzipWrapper = 16;
  INVARIANT(deflateInit2(&stream, 1, Z_DEFLATED, 15 + kGzipWrapper, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(
      const_cast<char*>(bytes.data()));  // zlib's interface predates const; it does not write there
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  INVARIANT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace outputs
