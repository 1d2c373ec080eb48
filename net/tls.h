// TLS for clients: what to trust and who we are. Peers are verified unless somebody wrote `checkcert: false`.
#pragma once

#include "core/result.h"

#include <memory>
#include <string>

namespace boost::asio::ssl { class context; }

namespace net {

struct TlsOptions {
  bool verify = true;        // chain and host name (or IP address)
  std::string ca_file;       // added to the system's store; "" : the system's alone
  std::string cert_file;     // client certificate (PEM) for mutual TLS; "" : none
  std::string key_file;
};

// TLS 1.2 and above. Fault::Invalid or Io names the file that cannot be read or does not fit.
core::Result<std::shared_ptr<boost::asio::ssl::context>> make_client_context(const TlsOptions& options);

}  // namespace net
