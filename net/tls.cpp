// One place decides what we trust; OpenSSL's own defaults (no verification, any version) are never relied on.
#include "net/tls.h"

#include <boost/asio/ssl/context.hpp>

namespace net {
namespace {

namespace ssl = boost::asio::ssl;

core::Error file_fault(const std::string& what, const std::string& file, const boost::system::error_code& error) {
  return {core::Fault::Invalid, what + " " + file + " cannot be used: " + error.message()};
}

}  // namespace

core::Result<std::shared_ptr<ssl::context>> make_client_context(const TlsOptions& options) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  boost::system::error_code error;
  // An encrypted key must not make a daemon ask the terminal for its passphrase.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string{}; }, error);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_verify_mode(options.verify ? ssl::verify_peer : ssl::verify_none, error);
  if (options.verify) {
    // A machine without a CA store is no fault by itself: the handshake will say what it misses.
    context->set_default_verify_paths(error);
    if (!options.ca_file.empty() && context->load_verify_file(options.ca_file, error))
      return file_fault("CA file", options.ca_file, error);
  }
  if (options.cert_file.empty() != options.key_file.empty())
    return core::Error{core::Fault::Invalid, "a client certificate needs both its certificate file and its key file"};
  if (!options.cert_file.empty()) {
    if (context->use_certificate_chain_file(options.cert_file, error))
      return file_fault("client certificate", options.cert_file, error);
    if (context->use_private_key_file(options.key_file, ssl::context::pem, error))
      return file_fault("client key", options.key_file, error);
    if (SSL_CTX_check_private_key(context->native_handle()) != 1)
      return core::Error{core::Fault::Invalid,
                         "client key " + options.key_file + " does not belong to certificate " + options.cert_file};
  }
  return context;
}

}  // namespace net
