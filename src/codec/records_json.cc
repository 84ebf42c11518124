// Reads GetRecords answers in JSON: simdjson finds the members, our base64 decodes the payloads. All that
// records refer to is put into one arena, so that the (larger) body need not live on.
#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "codec/base64.h"
#include "codec/epoch_time.h"
#include "codec/records_check.h"
#include "codec/records_page.h"
#include "codec/shard_id.h"

namespace tidemill::codec {
namespace {

namespace json = simdjson::ondemand;

static_assert(Body::kPadding >= simdjson::SIMDJSON_PADDING);

bool isSpace(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// A member's value as it is written: a scalar whole, of an array or object only the bracket.
std::string_view tokenOf(json::value& value) {
  std::string_view token = value.raw_json_token();
  while (!token.empty() && isSpace(token.back())) token.remove_suffix(1);
  return token;
}

bool hasEscapes(std::string_view content) {
  return !content.empty() && std::memchr(content.data(), '\\', content.size()) != nullptr;
}

class RecordsJsonReader {
 public:
  RecordsJsonReader(const Body& body, const RecordsReadOptions& options) : body_(body), options_(options) {}

  bool read(json::parser& parser) {
    arena_->extend(body_.size() / 4 * 3 + kSlack);
    if (!readAnswer(parser)) return false;
    if (arena_->size() - used_ > arena_->size() / 4) resizeArena(used_);
    page_.arena = std::move(arena_);
    return true;
  }

  // Once, after read() succeeded.
  RecordsPage takePage() { return std::move(page_); }

  std::size_t offset() const { return offset_; }
  const char* problem() const { return problem_; }

 private:
  // The decoder may ask for three bytes more than it fills.
  static constexpr std::size_t kSlack = 64;
  enum Member : unsigned { kRecords, kIterator, kBehind, kChildren };
  enum RecordMember : unsigned { kData, kKey, kNumber, kArrival };

  bool bad(const char* problem) {
    problem_ = problem;
    return false;
  }
  bool bad(simdjson::error_code code) { return bad(simdjson::error_message(code)); }
  bool once(MemberSet& seen, unsigned member) { return seen.add(member) || bad("a member appears twice"); }

  // Where the value stands in the body, for messages.
  std::string_view locate(json::value& value) {
    const std::string_view token = tokenOf(value);
    offset_ = static_cast<std::size_t>(token.data() - body_.view().data());
    return token;
  }

  bool readAnswer(json::parser& parser) {
    json::document document;
    const simdjson::padded_string_view text(body_.view().data(), body_.size(), body_.size() + Body::kPadding);
    if (const auto error = parser.iterate(text).get(document)) return bad(error);
    if (!readMembers(document)) {
      // The last known value is a good guess only if the document cannot tell itself.
      const char* at = nullptr;
      if (document.current_location().get(at) == simdjson::SUCCESS) {
        offset_ = std::max(offset_, static_cast<std::size_t>(at - body_.view().data()));
      }
      return false;
    }
    const char* behind = nullptr;
    if (document.current_location().get(behind) == simdjson::SUCCESS)
      return bad("bytes follow behind its end");
    return true;
  }

  bool readMembers(json::document& document) {
    json::object members;
    if (const auto error = document.get_object().get(members)) return bad(error);
    MemberSet seen;
    for (auto field : members) {
      std::string_view key;
      json::value value;
      if (!take(field, key, value)) return false;
      if (!readMember(key, value, seen)) return false;
    }
    // Without Records this is some other answer; its lacking iterator must not pass for the end of the shard.
    return seen.has(kRecords) || bad("it has no Records");
  }

  template <class Field>
  bool take(Field& field, std::string_view& key, json::value& value) {
    if (const auto error = field.unescaped_key().get(key)) return bad(error);
    if (const auto error = field.value().get(value)) return bad(error);
    return true;
  }

  bool readMember(std::string_view key, json::value& value, MemberSet& seen) {
    if (locate(value) == "null") return true;
    if (is(key, "Records")) return once(seen, kRecords) && readRecords(value);
    if (is(key, "NextShardIterator")) {
      return once(seen, kIterator) && readText(value, page_.nextShardIterator.emplace());
    }
    if (is(key, "MillisBehindLatest")) {
      if (!once(seen, kBehind)) return false;
      if (const auto error = value.get_int64().get(page_.millisBehindLatest)) return bad(error);
      return page_.millisBehindLatest >= 0 || bad("MillisBehindLatest is negative");
    }
    if (is(key, "ChildShards")) return once(seen, kChildren) && readChildren(value, page_.childShards);
    return true;
  }

  bool readRecords(json::value& value) {
    std::vector<Record>& records = page_.records;
    json::array items;
    if (const auto error = value.get_array().get(items)) return bad(error);
    for (auto item : items) {
      json::object record;
      if (const auto error = item.get_object().get(record)) return bad(error);
      if (records.size() == options_.recordsMax) return bad("it has more records than an answer may have");
      const std::size_t begin = offset_;
      Record& read = records.emplace_back();
      if (!readRecord(record, read)) return false;
      page_.payloadBytes += static_cast<std::int64_t>(read.data.size() + read.partitionKey.size());
      if (records.size() == 1) reserveLike(records, offset_ - begin);
    }
    return true;
  }

  // Records of one page tend to be alike, so the first one tells about how many there will be.
  void reserveLike(std::vector<Record>& records, std::size_t firstBytes) {
    const std::size_t guess = 1 + (body_.size() - offset_) / (firstBytes + 1);
    records.reserve(std::min(guess + guess / 16, options_.recordsMax));
  }

  bool readRecord(json::object& members, Record& record) {
    MemberSet seen;
    for (auto field : members) {
      std::string_view key;
      json::value value;
      if (!take(field, key, value)) return false;
      if (!readRecordMember(key, value, record, seen)) return false;
    }
    if (!seen.hasAll({kData, kKey, kNumber}))
      return bad("a record lacks Data, PartitionKey or SequenceNumber");
    return true;
  }

  bool readRecordMember(std::string_view key, json::value& value, Record& record, MemberSet& seen) {
    const std::string_view token = locate(value);
    if (token == "null") return true;
    if (is(key, "Data")) return once(seen, kData) && readData(value, token, record);
    if (is(key, "PartitionKey")) return once(seen, kKey) && keepText(value, token, record.partitionKey);
    if (is(key, "SequenceNumber")) {
      if (!once(seen, kNumber) || !keepText(value, token, record.sequenceNumber)) return false;
      return isSequenceNumber(record.sequenceNumber) || bad("a SequenceNumber is not a decimal number");
    }
    if (is(key, "ApproximateArrivalTimestamp")) return once(seen, kArrival) && readArrival(token, record);
    return true;
  }

  bool insideQuotes(std::string_view token, std::string_view& content) {
    if (token.size() < 2 || token.front() != '"' || token.back() != '"')
      return bad("a text was expected here");
    content = token.substr(1, token.size() - 2);
    return true;
  }

  // The text of a string token. Only strings with a backslash take the way through simdjson's own buffer.
  bool contentOf(json::value& value, std::string_view token, std::string_view& content) {
    if (token.size() < 2 || token.front() != '"' || token.back() != '"')
      return bad("a text was expected here");
    content = token.substr(1, token.size() - 2);
    if (!hasEscapes(content)) return true;
    if (const auto error = value.get_string().get(content)) return bad(error);
    return true;
  }

  bool readText(json::value& value, std::string& text) {
    std::string_view content;
    if (!contentOf(value, tokenOf(value), content)) return false;
    text.assign(content);
    return true;
  }

  bool keepText(json::value& value, std::string_view token, std::string_view& kept) {
    std::string_view content;
    if (!contentOf(value, token, content)) return false;
    char* const to = room(content.size());
    std::memcpy(to, content.data(), content.size());
    kept = {to, content.size()};
    used_ += content.size();
    return true;
  }

  bool readData(json::value& value, std::string_view token, Record& record) {
    std::string_view content;
    if (!insideQuotes(token, content)) return false;
    char* to = room(decodedBase64Max(content.size()));
    auto size = decodeBase64(content, to);
    // A backslash is no base64: only then it is worth looking for one.
    if (!size && hasEscapes(content)) {
      if (!contentOf(value, token, content)) return false;
      size = decodeBase64(content, to);
    }
    if (!size) return bad("Data is not base64");
    record.data = {reinterpret_cast<const std::byte*>(to), *size};
    used_ += *size;
    return true;
  }

  bool readArrival(std::string_view token, Record& record) {
    auto milliseconds = parseEpochSeconds(token);
    if (!milliseconds) return bad("ApproximateArrivalTimestamp is not a number of seconds");
    if (options_.lenient && token.find_first_of(".eE") == std::string_view::npos) {
      milliseconds = untaggedMilliseconds(*milliseconds / 1000);
    }
    record.approximateArrivalTimestamp =
        decltype(record.approximateArrivalTimestamp){std::chrono::milliseconds(*milliseconds)};
    return true;
  }

  bool readChildren(json::value& value, std::vector<ChildShard>& children) {
    json::array items;
    if (const auto error = value.get_array().get(items)) return bad(error);
    for (auto item : items) {
      json::object child;
      if (const auto error = item.get_object().get(child)) return bad(error);
      if (children.size() == kChildShardsMax) return bad("it has too many ChildShards");
      if (!readChild(child, children.emplace_back())) return false;
    }
    return true;
  }

  bool readChild(json::object& members, ChildShard& child) {
    for (auto field : members) {
      std::string_view key;
      json::value value;
      if (!take(field, key, value)) return false;
      if (locate(value) == "null") continue;
      if (is(key, "ShardId") && !readText(value, child.shardId)) return false;
      if (is(key, "ParentShards") && !readParents(value, child.parentShards)) return false;
      if (is(key, "HashKeyRange") && !readHashKeys(value, child)) return false;
    }
    return isShardId(child.shardId) || bad("a child shard has no ShardId, or none that can be one");
  }

  bool readParents(json::value& value, std::vector<std::string>& parents) {
    json::array items;
    if (const auto error = value.get_array().get(items)) return bad(error);
    for (auto item : items) {
      json::value parent;
      if (const auto error = item.get(parent)) return bad(error);
      if (parents.size() == kChildShardsMax) return bad("a child shard has too many ParentShards");
      if (!readText(parent, parents.emplace_back())) return false;
      if (!isShardId(parents.back())) return bad("ParentShards names what cannot be a shard");
    }
    return true;
  }

  bool readHashKeys(json::value& value, ChildShard& child) {
    json::object members;
    if (const auto error = value.get_object().get(members)) return bad(error);
    for (auto field : members) {
      std::string_view key;
      json::value bound;
      if (!take(field, key, bound)) return false;
      if (locate(bound) == "null") continue;
      if (is(key, "StartingHashKey") && !readText(bound, child.startingHashKey)) return false;
      if (is(key, "EndingHashKey") && !readText(bound, child.endingHashKey)) return false;
    }
    return true;
  }

  // Room for `size` bytes behind what is used. Three quarters of the body hold the payloads and leave the
  // names of the members for the other texts; only unusually long keys make the arena grow, and then once:
  // nothing gets longer by being decoded, so the size of the body is always enough.
  char* room(std::size_t size) {
    if (size > arena_->size() - used_) resizeArena(body_.size() + kSlack);
    TIDEMILL_CHECK(size <= arena_->size() - used_, "a text became longer by decoding");
    return arena_->data() + used_;
  }

  // The arena may move, and the views go with it.
  void resizeArena(std::size_t size) {
    const auto from = reinterpret_cast<std::uintptr_t>(arena_->view().data());
    if (size < arena_->size()) {
      arena_->shrinkTo(size);
    } else {
      arena_->extend(size - arena_->size());
    }
    const char* const to = arena_->view().data();
    if (from == reinterpret_cast<std::uintptr_t>(to)) return;
    const auto moved = [&](const void* at) { return to + (reinterpret_cast<std::uintptr_t>(at) - from); };
    for (Record& record : page_.records) {
      if (record.data.data() != nullptr) {
        record.data = {reinterpret_cast<const std::byte*>(moved(record.data.data())), record.data.size()};
      }
      for (std::string_view* text : {&record.partitionKey, &record.sequenceNumber}) {
        if (text->data() != nullptr) *text = {moved(text->data()), text->size()};
      }
    }
  }

  const Body& body_;
  const RecordsReadOptions& options_;
  RecordsPage page_;
  std::shared_ptr<Body> arena_ = std::make_shared<Body>();
  std::size_t used_ = 0;
  std::size_t offset_ = 0;
  const char* problem_ = nullptr;
};

// simdjson keeps buffers of several times the longest text in its parser; one for each thread is reused,
// unless an outsized answer has made it fat.
class ParserLease {
 public:
  json::parser& parser() { return parser_; }
  ~ParserLease() {
    constexpr std::size_t kKeptMax = 32u << 20;
    if (parser_.capacity() > kKeptMax) parser_ = json::parser();
  }

 private:
  static thread_local json::parser parser_;
};

thread_local json::parser ParserLease::parser_;

}  // namespace

Result<RecordsPage> readRecordsJson(std::shared_ptr<const Body> body, const RecordsReadOptions& options) {
  if (body->size() == 0) return fail(malformedRecords("JSON", 0, 0, "it is empty"));
  ParserLease lease;
  RecordsJsonReader reader(*body, options);
  if (!reader.read(lease.parser())) {
    return fail(malformedRecords("JSON", reader.offset(), body->size(), reader.problem()));
  }
  return reader.takePage();
}

}  // namespace tidemill::codec
