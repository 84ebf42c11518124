#include "kinesis/kinesis_client.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "kinesis/answers.h"
#include "kinesis/failures.h"
#include "kinesis/requests.h"

namespace tidemill::kinesis {
namespace {

aws::Service kinesisService() {
  return {"Kinesis", "kinesis", "Kinesis_20131202", "kinesis", kinesisFailures()};
}

std::string streamContext(const std::string& stream) {
  return fmt::format("stream {}", base::quoteIfNeeded(stream));
}

bool isCbor(std::string_view contentType) {
  return contentType.starts_with("application/x-amz-cbor");
}

bool isJson(std::string_view contentType) {
  return contentType.starts_with("application/x-amz-json") || contentType.starts_with("application/json");
}

std::string_view contentTypeOf(const http::Response& response) {
  return response.header("content-type");
}

// An unreadable answer in full context: which call, which host, which request.
Error unreadable(const aws::AwsClient& client, const aws::Operation& operation,
                 const http::Response& response, const Error& problem) {
  return client.malformed(operation, response, problem.message());
}

}  // namespace

KinesisClient::KinesisClient(rt::Loop& loop, http::HttpTransport& transport, base::Random& random,
                             base::LogSink& log, KinesisClientOptions options)
    : aws_(loop, transport, random, log, kinesisService(), options.aws),
      log_(log),
      options_(std::move(options)) {}

rt::Task<Result<ListShardsPage>> KinesisClient::listShardsPage(const std::string& stream,
                                                               const std::optional<std::string>& nextToken) {
  const aws::Operation operation = listShardsRequest(stream, nextToken);
  aws::CallResult answer = co_await aws_.call(operation);
  if (!answer) co_return fail(answer.error().error.within(streamContext(stream)));
  Result<ListShardsPage> page = readListShards(answer->body->view());
  if (!page) co_return fail(unreadable(aws_, operation, *answer, page.error()).within(streamContext(stream)));
  co_return std::move(page);
}

rt::Task<Result<StreamSummary>> KinesisClient::describeStreamSummary(const std::string& stream) {
  const aws::Operation operation = describeStreamSummaryRequest(stream);
  aws::CallResult answer = co_await aws_.call(operation);
  if (!answer) co_return fail(answer.error().error.within(streamContext(stream)));
  Result<StreamSummary> summary = readStreamSummary(answer->body->view());
  if (!summary)
    co_return fail(unreadable(aws_, operation, *answer, summary.error()).within(streamContext(stream)));
  co_return std::move(summary);
}

rt::Task<Result<std::string>> KinesisClient::getShardIterator(const std::string& stream,
                                                              const std::string& shardId,
                                                              const IteratorPosition& position) {
  const aws::Operation operation = getShardIteratorRequest(stream, shardId, position);
  aws::CallResult answer = co_await aws_.call(operation);
  if (!answer) co_return fail(answer.error().error.within(shardContext(stream, shardId)));
  Result<std::string> iterator = readShardIterator(answer->body->view());
  if (!iterator) {
    co_return fail(
        unreadable(aws_, operation, *answer, iterator.error()).within(shardContext(stream, shardId)));
  }
  co_return std::move(iterator);
}

Result<codec::RecordsPage> KinesisClient::readPage(const aws::Operation& operation,
                                                   const http::Response& response) {
  codec::RecordsReadOptions reading;
  reading.lenient = options_.lenient;
  const std::string_view type = contentTypeOf(response);
  if (isCbor(type)) {
    Result<codec::RecordsPage> page = codec::readRecordsCbor(response.body, reading);
    if (page && !page->records.empty()) cborProven_ = true;
    if (!page) return fail(unreadable(aws_, operation, response, page.error()));
    return page;
  }
  if (isJson(type)) {
    Result<codec::RecordsPage> page = codec::readRecordsJson(response.body, reading);
    if (!page) return fail(unreadable(aws_, operation, response, page.error()));
    return page;
  }
  const std::string shownType = aws::plainMessage(type, aws_.redaction());
  const std::string shown = aws::plainMessage(response.body->view(), aws_.redaction());
  return fail(aws_.malformed(
      operation, response,
      fmt::format("the answer is neither CBOR nor JSON but {}: {}", base::quoteIfNeeded(shownType), shown)));
}

// An endpoint that does not know CBOR complains of the bytes or of the operation. Only before it has ever
// sent records in CBOR: later the same complaint has another cause.
bool KinesisClient::fallsBack(const aws::CallFailure& failure) const {
  if (options_.wire != Wire::kAuto || cborProven_ || !failure.service) return false;
  const std::string& name = failure.service->name;
  return name == "SerializationException" || name == "UnknownOperationException" ||
         failure.service->status == 415;
}

bool KinesisClient::fallsBack(const http::Response& response, const Result<codec::RecordsPage>& page) const {
  if (options_.wire != Wire::kAuto || cborProven_) return false;
  return !page && isCbor(contentTypeOf(response));
}

void KinesisClient::fallBack(std::string_view reason) {
  fellBack_ = true;
  log_.warning("kinesis_wire_json", {{"endpoint", aws_.endpoint().url}, {"reason", reason}});
}

rt::Task<Result<codec::RecordsPage>> KinesisClient::getRecords(const std::string& stream,
                                                               const std::string& shardId,
                                                               const std::string& iterator, int limit) {
  for (;;) {  // Twice at most: after falling back it is JSON.
    const bool cbor = useCbor();
    const aws::Operation operation = getRecordsRequest(iterator, limit, cbor);
    aws::CallResult answer = co_await aws_.call(operation);
    if (!answer) {
      if (cbor && fallsBack(answer.error())) {
        fallBack(answer.error().service->name);
        continue;
      }
      co_return fail(answer.error().error.within(shardContext(stream, shardId)));
    }
    Result<codec::RecordsPage> page = readPage(operation, *answer);
    if (cbor && fallsBack(*answer, page)) {
      fallBack(page.error().message());
      continue;
    }
    if (cbor && page && useCbor() && options_.wire == Wire::kAuto && isJson(contentTypeOf(*answer))) {
      fallBack("the endpoint answers JSON to CBOR");
    }
    if (!page) co_return fail(page.error().within(shardContext(stream, shardId)));
    co_return std::move(page);
  }
}

rt::Task<Result<std::vector<PutOutcome>>> KinesisClient::putRecords(const std::string& stream,
                                                                    const std::vector<PutEntry>& entries) {
  // Only JSON, or CBOR by choice: a put that was sent twice to find the endpoint's wire would store twice.
  const bool cbor = options_.wire == Wire::kCbor || (options_.wire == Wire::kAuto && cborProven_);
  const aws::Operation operation = putRecordsRequest(stream, entries, cbor);
  aws::CallResult answer = co_await aws_.call(operation);
  if (!answer) co_return fail(answer.error().error.within(streamContext(stream)));
  Result<std::vector<PutOutcome>> outcomes = isCbor(contentTypeOf(*answer))
                                                 ? readPutRecordsCbor(answer->body->view(), entries.size())
                                                 : readPutRecordsJson(answer->body->view(), entries.size());
  if (!outcomes) {
    co_return fail(unreadable(aws_, operation, *answer, outcomes.error()).within(streamContext(stream)));
  }
  for (PutOutcome& outcome : *outcomes) {
    if (outcome.errorCode.empty()) continue;
    outcome.errorCode = aws::plainMessage(outcome.errorCode, aws_.redaction());
    if (outcome.errorCode.empty()) outcome.errorCode = "unnamed";  // It must not pass for stored.
    outcome.errorMessage = aws::plainMessage(outcome.errorMessage, aws_.redaction());
  }
  co_return std::move(outcomes);
}

// Calls whose answer is empty.
rt::Task<Result<void>> KinesisClient::command(const aws::Operation& operation, std::string context) {
  aws::CallResult answer = co_await aws_.call(operation);
  if (!answer) co_return fail(answer.error().error.within(context));
  co_return Result<void>();
}

rt::Task<Result<void>> KinesisClient::createStream(const std::string& stream, int shards) {
  const aws::Operation operation = createStreamRequest(stream, shards);
  std::string context = streamContext(stream);
  co_return co_await command(operation, std::move(context));
}

rt::Task<Result<void>> KinesisClient::deleteStream(const std::string& stream) {
  const aws::Operation operation = deleteStreamRequest(stream);
  std::string context = streamContext(stream);
  co_return co_await command(operation, std::move(context));
}

rt::Task<Result<void>> KinesisClient::splitShard(const std::string& stream, const std::string& shardId,
                                                 const std::string& newStartingHashKey) {
  const aws::Operation operation = splitShardRequest(stream, shardId, newStartingHashKey);
  std::string context = shardContext(stream, shardId);
  co_return co_await command(operation, std::move(context));
}

rt::Task<Result<void>> KinesisClient::mergeShards(const std::string& stream, const std::string& shardId,
                                                  const std::string& adjacentShardId) {
  const aws::Operation operation = mergeShardsRequest(stream, shardId, adjacentShardId);
  std::string context = shardContext(stream, shardId);
  co_return co_await command(operation, std::move(context));
}

}  // namespace tidemill::kinesis
