// Signatures as Standard Webhooks has them (https://github.com/standard-webhooks/standard-webhooks, spec 1.0):
// HMAC-SHA256 over "id.timestamp.body", in the header webhook-signature as "v1,<base64>", one after another while a key
// is being replaced. The door to OpenSSL's HMAC.
#pragma once

#include "core/alert.h"
#include "core/result.h"
#include "core/secret.h"
#include "net/http_message.h"

#include <string>
#include <string_view>
#include <vector>

namespace outputs {

// The key's bytes: "whsec_" and base64 is decoded, anything else is the key itself. Fault::Invalid: base64 that is
// none, or a key of less than 16 bytes, which could be guessed. The sentence does not quote it.
core::Result<core::Secret> read_signing_key(const core::Secret& text);

// "v1,…" by each key, the first one first, a space between.
std::string sign(const std::vector<core::Secret>& keys, std::string_view id, std::int64_t unix_seconds,
                 std::string_view body);

// What names a request over its retries: the alert's id or, for several alerts, a hash of theirs (32 hexadecimal
// digits). Two batches of the same alerts in the same order have the same.
std::string message_id(core::Batch batch);

// Adds webhook-id, webhook-timestamp and webhook-signature. The time is that of the attempt, so that a retry an hour
// later is not refused as a replay; the id stays.
void add_signature(net::HttpRequest& request, const std::vector<core::Secret>& keys, std::string id,
                   core::TimePoint now);

}  // namespace outputs
