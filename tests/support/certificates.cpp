// OpenSSL's own functions: the openssl program is not everywhere that the tests are.
#include "tests/support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace test {
namespace {

struct Identity {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ~Identity() {
    EVP_PKEY_free(key);
    X509_free(certificate);
  }
};

void extend(X509* certificate, int what, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void fill(Identity& who, const std::string& name, int days, const Identity& issuer) {
  constexpr long kDay = 24 * 60 * 60;
  static long serial = 1;
  X509_set_version(who.certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(who.certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(who.certificate), -10 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(who.certificate), days * kDay);
  X509_NAME* const subject = X509_get_subject_name(who.certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(who.certificate, X509_get_subject_name(issuer.certificate));
  X509_set_pubkey(who.certificate, who.key);
}

void write(const Identity& who, const std::string& certificate, const std::string& key) {
  std::FILE* file = std::fopen(certificate.c_str(), "w");
  PEM_write_X509(file, who.certificate);
  std::fclose(file);
  file = std::fopen(key.c_str(), "w");
  PEM_write_PrivateKey(file, who.key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
}

void make_ca(const std::string& certificate, const std::string& key, const std::string& name) {
  Identity ca;
  fill(ca, name, 10, ca);
  extend(ca.certificate, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(ca.certificate, ca.key, EVP_sha256());
  write(ca, certificate, key);
}

}  // namespace

Certificates::Certificates() {
  char pattern[] = "/tmp/tocsin-certificates-XXXXXX";
  folder_ = ::mkdtemp(pattern);
  make_ca(ca(), folder_ + "/ca.key", "Test CA");
  make_ca(other_ca(), folder_ + "/other.key", "Another CA");
}

Certificates::~Certificates() {
  std::filesystem::remove_all(folder_);
}

Certificates::Leaf Certificates::leaf(const std::string& name, const std::string& names, int days) const {
  Identity ca, leaf;
  std::FILE* file = std::fopen(this->ca().c_str(), "r");
  PEM_read_X509(file, &ca.certificate, nullptr, nullptr);
  std::fclose(file);
  file = std::fopen((folder_ + "/ca.key").c_str(), "r");
  PEM_read_PrivateKey(file, &ca.key, nullptr, nullptr);
  std::fclose(file);
  fill(leaf, name, days, ca);
  extend(leaf.certificate, NID_subject_alt_name, names);
  X509_sign(leaf.certificate, ca.key, EVP_sha256());
  const Leaf files{folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key"};
  write(leaf, files.certificate, files.key);
  return files;
}

}  // namespace test
