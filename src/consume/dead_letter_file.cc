#include "consume/dead_letter_file.h"

#include <utility>

#include "codec/json_writer.h"
#include "rt/path.h"

namespace tidemill::consume {
std::string deadLetterLine(const Record& record, const ShardName& shard, std::string_view reason) {
  codec::JsonWriter json;
  json.beginObject();
  json.key("stream");
  json.text(shard.streamName);
  json.key("shard");
  json.text(shard.shardId);
  json.key("sequenceNumber");
  json.text(record.sequenceNumber);
  json.key("subSequenceNumber");
  json.integer(static_cast<std::int64_t>(record.subSequenceNumber));
  json.key("arrival");
  json.integer(record.approximateArrivalTimestamp.time_since_epoch().count());
  json.key("partitionKey");
  json.text(record.partitionKey);
  if (!record.explicitHashKey.empty()) {
    json.key("explicitHashKey");
    json.text(record.explicitHashKey);
  }
  json.key("data");
  json.blob(record.text());
  json.key("reason");
  json.text(reason);
  json.endObject();
  return json.take() + "\n";
}

Result<void> DeadLetterFile::append(std::string_view lines) {
  auto opened = open();
  if (!opened) return opened;
  // An earlier process may have died in the middle of a line.
  const std::string text = (resumed_ ? "\n" : "") + std::string(lines);
  auto written = open_->append(text);
  if (written) written = open_->sync();
  resumed_ = false;
  if (!written) open_.reset();
  return written;
}

Result<void> DeadLetterFile::open() {
  if (open_ != nullptr) return {};
  const std::string folder = rt::directoryOf(path_);
  auto made = files_.makeDirectory(folder);
  if (!made) return made;
  auto there = files_.exists(path_);
  if (!there) return fail(there.error());
  auto file = files_.openAppend(path_);
  if (!file) return fail(file.error());
  auto named = files_.syncDirectory(folder);
  if (!named) return named;
  resumed_ = *there;
  open_ = std::move(*file);
  return {};
}

}  // namespace tidemill::consume
