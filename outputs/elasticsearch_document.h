// One alert as a document: falcosidekick's, flattened, or in Elastic Common Schema; and the same without a field that
// an index refuses.
#pragma once

#include "core/alert.h"
#include "outputs/elasticsearch_options.h"

#include <string>
#include <string_view>

namespace outputs {

// One line of JSON. `@timestamp` is the event's time, always: a sender's own key of that name is left out.
std::string to_document(const core::Alert& alert, ElasticsearchOptions::Format format);

// The alert without the fields that `reason`, an item's error, speaks of; `tocsin_stripped_fields` names them. nullptr:
// the reason names nothing that could be left out.
core::AlertRef without_refused_fields(const core::Alert& alert, ElasticsearchOptions::Format format,
                                      std::string_view reason);

}  // namespace outputs
