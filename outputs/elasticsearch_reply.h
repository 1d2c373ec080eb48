// What a bulk reply says of each alert. https://www.elastic.co/guide/en/elasticsearch/reference/current/docs-bulk.html;
// what each error means was tried on OpenSearch 2.19 and Elasticsearch 7.17.
#pragma once

#include "core/outcome.h"
#include "net/http_message.h"

#include <string>
#include <vector>

namespace outputs {

// One outcome an item, or one for all.
core::Outcomes judge_bulk(const net::HttpReply& reply, std::size_t alerts);

// For each alert the error of an item that the index's mapping refused, else "". Empty: none was.
std::vector<std::string> mapping_conflicts(const net::HttpReply& reply, std::size_t alerts);

}  // namespace outputs
