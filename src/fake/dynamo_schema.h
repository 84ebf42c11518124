// fake/dynamo_schema.h: what CreateTable and UpdateTable say a table is to be, checked.
#pragma once

#include <memory>

#include "fake/dynamo_table.h"
#include "fake/input_value.h"
#include "fake/service_error.h"

namespace tidemill::fake {

inline constexpr std::size_t kTagsMax = 50;

// The table that an input of CreateTable describes, not yet in any store.
Outcome<std::unique_ptr<FakeTable>> readTable(const InputValue& input);

// The global index that "Create" of UpdateTable describes. `definitions` are those of the request, or the
// table's where the request has none.
Outcome<FakeIndex> readGlobalIndex(const InputValue& input, const std::vector<KeyPart>& definitions,
                                   bool onDemand);

// AttributeDefinitions; empty if absent.
std::vector<KeyPart> readDefinitions(const InputValue& input);

}  // namespace tidemill::fake
