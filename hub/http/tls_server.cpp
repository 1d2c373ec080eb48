#include "hub/http/tls_server.h"

#include "core/log.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <sys/stat.h>

namespace hub {
namespace {

namespace ssl = boost::asio::ssl;

core::Error cannot_use(std::string_view what, const std::string& file, const boost::system::error_code& fault) {
  return {core::Fault::Invalid, fmt::format("{} '{}': {}", what, file, fault.message())};
}

core::Result<TlsServer::ContextRef> make_context(const TlsServerFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  static constexpr unsigned char kSession[] = "tocsin-hub";
  SSL_CTX_set_session_id_context(native, kSession, sizeof kSession - 1);

  boost::system::error_code fault;
  if (context->use_certificate_chain_file(files.certificate, fault); fault)
    return cannot_use("tlsserver.certfile", files.certificate, fault);
  if (context->use_private_key_file(files.key, ssl::context::pem, fault); fault)
    return cannot_use("tlsserver.keyfile", files.key, fault);
  if (SSL_CTX_check_private_key(native) != 1)
    return core::Error{core::Fault::Invalid,
                       fmt::format("tlsserver.keyfile '{}' is not the key of '{}'", files.key, files.certificate)};
  if (files.authorities.empty()) return context;
  if (context->load_verify_file(files.authorities, fault); fault)
    return cannot_use("tlsserver.cacertfile", files.authorities, fault);
  SSL_CTX_set_client_CA_list(native, SSL_load_client_CA_file(files.authorities.c_str()));
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, fault);
  return context;
}

void add_name(std::vector<std::string>& names, const ASN1_STRING* text) {
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, text);
  if (length < 0) return;
  // A NUL inside a name is an old trick: what is compared must be what was signed.
  const std::string_view name{reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length)};
  if (name.find('\0') == std::string_view::npos) names.emplace_back(name);
  OPENSSL_free(utf8);
}

}  // namespace

core::Result<std::shared_ptr<TlsServer>> TlsServer::open(TlsServerFiles files) {
  auto server = std::shared_ptr<TlsServer>{new TlsServer{std::move(files)}};
  if (const auto loaded = server->reload(); !loaded) return loaded.error();
  return server;
}

TlsServer::ContextRef TlsServer::context() {
  const auto now = std::chrono::steady_clock::now();
  bool changed = false;
  {
    const std::lock_guard lock{mutex_};
    if (now - looked_ < std::chrono::seconds{1}) return context_;
    looked_ = now;
    changed = look() != stamp_;
  }
  if (changed) {
    if (const auto loaded = reload(); loaded)
      core::log_info("certificate_reloaded", {{"file", files_.certificate}});
    else
      core::log_warning("certificate_not_reloaded", {{"why", loaded.error().what}, {"effect", "the old one stays"}});
  }
  const std::lock_guard lock{mutex_};
  return context_;
}

core::Result<> TlsServer::reload() {
  const Stamp stamp = look();
  auto context = make_context(files_);
  const std::lock_guard lock{mutex_};
  stamp_ = stamp;  // also when they are no good: said once, until they change again
  if (!context) return context.error();
  context_ = std::move(*context);
  return {};
}

TlsServer::Stamp TlsServer::look() const {
  Stamp stamp{};
  std::size_t at = 0;
  for (const std::string* file : {&files_.certificate, &files_.key, &files_.authorities}) {
    struct stat found {};
    if (!file->empty() && ::stat(file->c_str(), &found) == 0) {
      stamp[at] = static_cast<std::int64_t>(found.st_ino);
      stamp[at + 1] = found.st_size;
      stamp[at + 2] = found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec;
    }
    at += 3;
  }
  return stamp;
}

std::vector<std::string> certificate_names(const ssl_st* connection) {
  std::vector<std::string> names;
  X509* certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr) return names;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;)
    add_name(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  auto* others = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(others); ++i) {
    const GENERAL_NAME* other = sk_GENERAL_NAME_value(others, i);
    if (other->type == GEN_DNS) add_name(names, other->d.dNSName);
  }
  GENERAL_NAMES_free(others);
  return names;
}

}  // namespace hub
