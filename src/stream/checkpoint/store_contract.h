// stream/checkpoint/store_contract.h: what every checkpoint store must do, for the tests of each of them.
#pragma once

#include <string>

#include "rt/task.h"
#include "stream/checkpoint/checkpoint_store.h"

namespace tidemill::stream {

// Goes through the contract on an empty place; says what is broken first, or nothing. Leaves values behind.
rt::Task<std::string> brokenContract(CheckpointStore& store);

}  // namespace tidemill::stream
