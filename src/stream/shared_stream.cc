#include "stream/shared_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "tidemill/error.h"

namespace tidemill::stream {
namespace {

// Of what one reader can do in one way only; nothing: they ask for the same. Handlers are told apart by
// their types. Credentials and the handler's policy are those of the reader.
std::string differenceOf(const KinesisSource& reader, const KinesisSource& added) {
  if (reader.endpointUrl != added.endpointUrl) return "endpointUrl";
  if (reader.regionName != added.regionName) return "regionName";
  if (reader.initialPosition != added.initialPosition) return "initialPosition";
  if (reader.checkpointInterval != added.checkpointInterval) return "checkpointInterval";
  if (reader.storageLevel != added.storageLevel) return "storageLevel";
  if (reader.handler != added.handler) return "messageHandler";
  return {};
}

}  // namespace

int addInput(std::vector<KinesisSource>& inputs, KinesisSource added) {
  const auto input = static_cast<int>(inputs.size());
  const auto reader = std::find_if(inputs.begin(), inputs.end(), [&added](const KinesisSource& other) {
    return other.applicationName == added.applicationName && other.streamName == added.streamName;
  });
  if (reader != inputs.end()) {
    const std::string difference = differenceOf(*reader, added);
    if (!difference.empty()) {
      throw Error(Code::kUsage,
                  fmt::format("inputs {} and {} both read stream {} for application {}, with another {}",
                              reader - inputs.begin(), input, base::quoteIfNeeded(added.streamName),
                              base::quoteIfNeeded(added.applicationName), difference),
                  "one reader serves all inputs of a stream and application: give them the same settings, or "
                  "each an application name of its own, so that each reads every record");
    }
    ++reader->readsFor;
    added.readsFor = 0;
  }
  inputs.push_back(std::move(added));
  return input;
}

}  // namespace tidemill::stream
