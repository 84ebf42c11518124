#include "cli/range_text.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "tidemill/sequence_number.h"

namespace tidemill::cli {
namespace {

constexpr std::string_view kHint =
    "write STREAM/SHARD:FROM:TO, as in orders/shardId-000000000000:4951:4977; an end inside of an aggregated "
    "record as 4951.3";

struct End {
  std::string number;
  std::optional<std::uint64_t> part;
};

std::optional<End> parseEnd(std::string_view text) {
  const std::size_t point = text.find('.');
  End end{std::string(text.substr(0, point)), std::nullopt};
  if (!isSequenceNumber(end.number)) return std::nullopt;
  if (point == std::string_view::npos) return end;
  const std::string_view digits = text.substr(point + 1);
  const auto part = base::parseInteger(digits);
  if (!part || *part < 0 || !isSequenceNumber(digits)) return std::nullopt;
  end.part = static_cast<std::uint64_t>(*part);
  return end;
}

}  // namespace

Result<SequenceNumberRange> parseRange(std::string_view text) {
  const auto refuse = [text](const std::string& what) {
    return fail(Code::kUsage, "range " + base::quoteIfNeeded(text) + ": " + what, std::string(kHint));
  };
  // Neither a stream's name nor a shard's may hold a slash or a colon.
  const std::vector<std::string_view> parts = base::split(text, ':');
  if (parts.size() != 3) return refuse("it is not a shard with two numbers");
  const std::vector<std::string_view> names = base::split(parts[0], '/');
  if (names.size() != 2 || names[0].empty() || names[1].empty()) {
    return refuse("it does not begin with a stream and a shard");
  }
  auto from = parseEnd(parts[1]);
  if (!from) return refuse(base::quoteIfNeeded(parts[1]) + " is no sequence number");
  auto to = parseEnd(parts[2]);
  if (!to) return refuse(base::quoteIfNeeded(parts[2]) + " is no sequence number");
  SequenceNumberRange range;
  range.streamName = names[0];
  range.shardId = names[1];
  range.fromSeqNumber = std::move(from->number);
  range.fromSubSeqNumber = from->part;
  range.toSeqNumber = std::move(to->number);
  range.toSubSeqNumber = to->part;
  return range;
}

}  // namespace tidemill::cli
