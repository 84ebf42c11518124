// stream/receiver_level.h: at which storage level the blocks of a Kinesis input are kept.
#pragma once

#include "base/log.h"
#include "tidemill/conf.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/result.h"
#include "tidemill/storage_level.h"

namespace tidemill::stream {

// With a receiver log, or where lease checkpoints follow the store, blocks lie on disk whatever the program
// has asked for. (Spark: with a receiver log, blocks are in it whatever their level)
StorageLevel receiverLevel(const Conf& conf, StorageLevel asked);

// kInvalidConfig: too few places for the copies that the level must have, or lease checkpoints would follow a
// store that keeps nothing. Warns if they follow one that is memory alone.
Result<void> checkReceiverLevel(const Conf& conf, const KinesisSource& source, base::LogSink& log);

}  // namespace tidemill::stream
