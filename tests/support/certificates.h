// Certificates made on the spot, so that no test waits for one in the repository to expire.
#pragma once

#include <memory>
#include <string>

namespace test {

// A folder with PEM files; removed at the end.
class Certificates {
 public:
  Certificates();
  ~Certificates();

  std::string ca() const { return folder_ + "/ca.pem"; }
  std::string other_ca() const { return folder_ + "/other.pem"; }

  struct Leaf {
    std::string certificate, key;
  };
  // Signed by ca(); `names` as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1". Valid until `days` from now
  // (negative: expired).
  Leaf leaf(const std::string& name, const std::string& names, int days) const;

 private:
  std::string folder_;
};

}  // namespace test
