// The options of the kafka output, and what they are called in librdkafka.
#pragma once

#include "core/template.h"
#include "outputs/batch_options.h"
#include "outputs/kafka_tokens.h"

#include <map>
#include <string>

namespace outputs {

struct KafkaOptions {
  std::string hostport;
  core::Template topic;  // begins with fixed text; see topic_of
  std::string key = "none";
  core::Template key_template;  // empty: messages have no key
  std::string sasl, username;
  core::Secret password;
  KafkaOauth oauth;
  bool tls = false, checkcert = true;
  std::string ca_file, cert_file, key_file;
  std::string compression = "NONE", clientid, requiredacks = "ALL", balancer = "round_robin";
  bool topiccreation = false;
  core::Duration connect = std::chrono::seconds{5}, total = std::chrono::seconds{30};
  std::map<std::string, std::string> more;  // librdkafka's own names: what the options above do not say
  BatchOptions batch{.max_items = 1000};
  net::Egress egress;  // of the hub
  net::TlsOptions tls_of_hub;

  bool has_oauth() const { return sasl == "OAUTHBEARER"; }

  // `hub`: TLS files of the hub, used where the output has none.
  void describe(core::Fields& fields, const net::TlsOptions& hub);

  // Always a name that Kafka takes, whatever the alert brings into the holes.
  std::string topic_of(const core::Alert& alert) const;

  // librdkafka's own names and values. Holds the password: never to be logged.
  std::map<std::string, std::string> properties() const;

 private:
  void describe_security(core::Fields& fields);
  void check_credentials(core::Fields& fields);
  void check_topic(core::Fields& fields);
  void check(core::Fields& fields);
};

}  // namespace outputs
