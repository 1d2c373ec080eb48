// What a search cluster has before the first alert, where it was asked for: an index template, and a lifecycle policy
// (Elasticsearch: ILM, OpenSearch: ISM). What a person made is never changed; our own template is put anew when the
// options that it came from have changed.
#pragma once

#include "outputs/elasticsearch_options.h"
#include "outputs/output.h"

#include <span>
#include <string>

namespace outputs {

using Product = ElasticsearchOptions::Product;

// The body of PUT /_index_template/NAME.
std::string index_template(const ElasticsearchOptions& options, Product product);
// The body of PUT /_ilm/policy/NAME, or of PUT /_plugins/_ism/policies/NAME.
std::string lifecycle_policy(const ElasticsearchOptions& options, Product product);

// The next request to `host` (its target is set here), given the replies to those before it.
Preparation bootstrap(const ElasticsearchOptions& options, std::span<const net::HttpReply> replies,
                      const net::Url& host, const std::vector<net::Header>& headers);

}  // namespace outputs
