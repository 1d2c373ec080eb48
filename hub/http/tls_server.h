// What the hub shows to those who connect with TLS, and whom it believes: certificate, key and authorities, read anew
// when the files change, without a word to the connections that are open.
#pragma once

#include "core/result.h"

#include <boost/asio/ssl/context.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace hub {

struct TlsServerFiles {
  std::string certificate, key;  // PEM; the certificate with its chain
  std::string authorities;       // PEM; "": clients need no certificate. Otherwise each must show one that these signed
};

class TlsServer {
 public:
  using ContextRef = std::shared_ptr<boost::asio::ssl::context>;

  // TLS 1.2 and above. Fault::Invalid or Io names the file that cannot be read or does not fit.
  static core::Result<std::shared_ptr<TlsServer>> open(TlsServerFiles files);

  // For a new connection. Looks at the files' times first, at most once a second.
  ContextRef context();
  // Reads the files now. A fault: what was there before stays in use.
  core::Result<> reload();

 private:
  using Stamp = std::array<std::int64_t, 9>;  // of the three files: inode, size, time of change
  explicit TlsServer(TlsServerFiles files) : files_{std::move(files)} {}
  Stamp look() const;

  const TlsServerFiles files_;
  std::mutex mutex_;
  ContextRef context_;
  Stamp stamp_{};
  std::chrono::steady_clock::time_point looked_;
};

// The names in a peer's certificate: its common name and its DNS names. Empty: it showed none.
std::vector<std::string> certificate_names(const ssl_st* connection);

}  // namespace hub
