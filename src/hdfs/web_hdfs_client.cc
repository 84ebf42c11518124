#include "hdfs/web_hdfs_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service_failure.h"
#include "base/text.h"
#include "codec/digest.h"
#include "http/http_date.h"
#include "http/url.h"

namespace tidemill::hdfs {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kApi = "/webhdfs/v1";
constexpr std::string_view kExists = "FileAlreadyExistsException";
constexpr std::string_view kMissing = "FileNotFoundException";
constexpr std::string_view kAsideEnd = ".tmp";
constexpr std::size_t kListBytesMax = 16u << 20;
constexpr std::size_t kAnswerBytesMax = 1u << 20;
// A write aside that fails begins anew under another name.
constexpr int kWriteTries = 4;
constexpr std::size_t kUnsettledMax = 256;
constexpr auto kLeftoverAge = 1h;
// Where nothing has ever answered as a namenode, the url is likelier wrong than a namenode starting.
constexpr auto kStartPatience = 5s;

rt::Duration sizedBy(rt::Duration least, std::size_t bytes) {
  return least + std::chrono::seconds(bytes >> 20);
}

std::string folderOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string nameOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

bool isRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Result<std::optional<std::string>> contentOf(const std::string& path, const http::Response& response,
                                             std::size_t bytesMax) {
  const std::string_view bytes = response.body->view();
  if (bytes.size() <= bytesMax) return std::optional<std::string>(bytes);
  return fail(Code::kResponseTooLarge,
              fmt::format("HDFS has {} with more than {} bytes", base::quoteIfNeeded(path), bytesMax));
}

bool isJson(const http::Response& response) {
  return response.header("Content-Type").starts_with("application/json");
}

}  // namespace

WebHdfsClient::WebHdfsClient(rt::Loop& loop, http::HttpTransport& transport, base::Random& random,
                             base::LogSink& log, WebHdfsOptions options)
    : loop_(loop), transport_(transport), random_(random), log_(log), options_(std::move(options)) {}

WebHdfsClient::Course WebHdfsClient::begin(std::size_t bytes) {
  const rt::TimePoint now = loop_.now();
  return {now, rt::laterBy(now, sizedBy(options_.callTimeout, bytes)), rt::Backoff(options_.backoff, random_),
          0};
}

std::string WebHdfsClient::urlOf(const Question& question) const {
  std::string url = options_.nameNodes[active_] + std::string(kApi) +
                    (question.path.empty() ? "/" : encodePath(question.path)) + "?op=" + question.operation;
  if (!options_.user.empty()) url += "&user.name=" + encodePath(options_.user);
  return url + question.more;
}

WebHdfsClient::Failure WebHdfsClient::failureOf(const Question& question, const std::string& nameNode,
                                                const Result<http::Response>& answer) const {
  const std::string host = http::hostOf(nameNode);
  const std::string where =
      fmt::format("HDFS {} of {} at {}", question.operation, base::quoteIfNeeded(question.path), host);
  if (!answer) {
    std::string_view text = answer.error().message();
    if (text.starts_with(host + ": ")) text.remove_prefix(host.size() + 2);
    const Error error(answer.error().code(), std::string(text), answer.error().hint());
    // Another namenode may answer.
    return {error.within(where), error.retryable() ? Trouble::kStandby : Trouble::kPermanent, {}};
  }
  const RemoteException told = readException(answer->body->view());
  const ExceptionMeaning meaning = meaningOf(told.name, told.message, answer->status);
  const std::string shown = aws::plainErrorName(told.name);
  std::string message =
      fmt::format("{}: {}", where, shown.empty() ? fmt::format("HTTP {}", answer->status) : shown);
  const std::string words = aws::plainMessage(told.message, plain_);
  if (!words.empty()) message += ": " + words;
  return {Error(meaning.code, std::move(message), std::string(meaning.hint)), meaning.trouble, told.name};
}

std::optional<rt::Duration> WebHdfsClient::wait(Course& course, const Failure& failure) {
  if (failure.trouble == Trouble::kPermanent) return std::nullopt;
  if (failure.trouble == Trouble::kSafeMode) {
    course.deadline = std::max(course.deadline, rt::laterBy(course.start, options_.safeModeWait));
    if (!std::exchange(safeModeTold_, true)) {
      log_.warning("hdfs_safe_mode",
                   {{"namenode", http::hostOf(options_.nameNodes[active_])},
                    {"wait_ms", std::chrono::floor<std::chrono::milliseconds>(options_.safeModeWait).count()},
                    {"reason", failure.error.message()}});
    }
  }
  const bool starting = failure.trouble == Trouble::kStarting;
  if (starting && !answered_) {
    course.deadline = std::min(course.deadline, rt::laterBy(course.start, rt::Duration(kStartPatience)));
  }
  const bool elsewhere = starting || failure.trouble == Trouble::kStandby;
  if (elsewhere && options_.nameNodes.size() > 1) {
    active_ = (active_ + 1) % options_.nameNodes.size();
    // The others are asked at once; only a whole round without an active one is worth a wait.
    if (++course.moves % options_.nameNodes.size() != 0) return rt::Duration(1ms);
  }
  const rt::Duration delay = course.backoff.next();
  if (rt::laterBy(loop_.now(), delay) >= course.deadline) return std::nullopt;
  return delay;
}

Error WebHdfsClient::given(const Course& course, const Failure& failure) const {
  if (failure.trouble != Trouble::kSafeMode) return failure.error;
  const auto waited = std::chrono::floor<std::chrono::seconds>(loop_.now() - course.start);
  return Error(failure.error.code(),
               fmt::format("{} (still in safe mode after {} s)", failure.error.message(), waited.count()),
               "wait until enough datanodes have reported, or look why they do not (hdfs dfsadmin -safemode "
               "get); tidemill.hdfs.safeModeWait says how long a call waits");
}

rt::Task<Result<WebHdfsClient::Answer>> WebHdfsClient::ask(Question question) {
  Course course = begin(0);
  bool mayBeApplied = false;
  for (;;) {  // Bounded by the deadline: each round but those that change the namenode waits longer.
    const std::string nameNode = options_.nameNodes[active_];
    http::Request request;
    request.method = question.method;
    request.url = urlOf(question);
    // Namenodes that guard against forged requests of browsers want any value.
    request.headers = {{"User-Agent", "tidemill"}, {"X-XSRF-HEADER", "tidemill"}};
    const rt::TimePoint attemptEnd = rt::laterBy(loop_.now(), options_.attemptTimeout);
    const http::SendOptions sending{std::min(course.deadline, attemptEnd), question.answerBytesMax};
    Result<http::Response> answer = co_await transport_.send(request, sending);
    const bool good =
        answer && (answer->status == 200 || answer->status == 201 || isRedirect(answer->status));
    if (good) {
      answered_ = true;
      safeModeTold_ = false;
      Answer done{std::move(*answer), {}, mayBeApplied, nameNode};
      co_return done;
    }
    Failure failure = failureOf(question, nameNode, answer);
    if (std::find(question.accepted.begin(), question.accepted.end(), failure.exception) !=
        question.accepted.end()) {
      Answer done{std::move(*answer), std::move(failure.exception), mayBeApplied, nameNode};
      co_return done;
    }
    // A refusal by name was made before anything was done.
    mayBeApplied = mayBeApplied || !answer || (answer->status >= 500 && failure.exception.empty()) ||
                   failure.exception == "IOException";
    const auto delay = wait(course, failure);
    if (!delay) co_return fail(given(course, failure));
    log_.debug("hdfs_call_retried", {{"operation", question.operation},
                                     {"namenode", http::hostOf(nameNode)},
                                     {"error", failure.error.message()}});
    co_await loop_.sleepFor(*delay);
  }
}

// The datanode's url: of a redirect, or of the answer to noredirect=true.
Result<std::string> WebHdfsClient::redirect(const Answer& answer) const {
  std::string location(answer.response.header("Location"));
  if (!isRedirect(answer.response.status)) {
    auto told = readLocation(answer.response.body->view());
    if (!told) return fail(told.error().within("HDFS at " + http::hostOf(answer.nameNode)));
    location = std::move(*told);
  }
  auto url = redirectedUrl(location, answer.nameNode, options_.hosts);
  if (!url) return fail(url.error().within("HDFS at " + http::hostOf(answer.nameNode)));
  return url;
}

rt::Task<Result<http::Response>> WebHdfsClient::transfer(std::string method, std::string url,
                                                         std::string body, std::size_t answerBytesMax) {
  http::Request request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.headers = {{"User-Agent", "tidemill"}, {"X-XSRF-HEADER", "tidemill"}};
  if (request.method == "PUT") request.headers.push_back({"Content-Type", "application/octet-stream"});
  request.body = std::move(body);
  const std::size_t bytes = std::max(request.body.size(), answerBytesMax);
  const http::SendOptions sending{
      rt::laterBy(loop_.now(), sizedBy(options_.attemptTimeout, std::min(bytes, std::size_t{64} << 20))),
      answerBytesMax};
  Result<http::Response> answer = co_await transport_.send(request, sending);
  if (answer || answer.error().code() == Code::kResponseTooLarge) co_return answer;
  const Error told(answer.error().code(),
                   "the datanode that the namenode named does not answer: " + answer.error().message(),
                   "where datanodes have names or addresses that this machine cannot use, say the right ones "
                   "by tidemill.hdfs.hosts");
  co_return fail(told);
}

rt::Task<Result<void>> WebHdfsClient::makeDirectories(std::string path) {
  Question question{"PUT", "MKDIRS", std::move(path), "&permission=755", kAnswerBytesMax, {}, false};
  auto answer = co_await ask(std::move(question));
  if (!answer) co_return fail(answer.error());
  const auto made = readBoolean(answer->response.body->view());
  if (!made) co_return fail(made.error().within("HDFS at " + http::hostOf(answer->nameNode)));
  if (!*made) co_return fail(Code::kIo, "HDFS made no folder", "look into the namenode's log");
  co_return Result<void>();
}

// The path of the file aside.
rt::Task<Result<std::string>> WebHdfsClient::writeAside(std::string path, std::string bytes) {
  rt::Backoff backoff(options_.backoff, random_);
  for (int tries = 1;; ++tries) {  // Bounded by kWriteTries.
    std::string aside = fmt::format("{}/.{}.{}{}", folderOf(path), nameOf(path), random_.uuid(), kAsideEnd);
    Question question{"PUT", "CREATE", aside, "&overwrite=false&noredirect=true", kAnswerBytesMax, {}, false};
    auto answer = co_await ask(question);
    if (!answer) co_return fail(answer.error());
    auto url = redirect(*answer);
    if (!url) co_return fail(url.error());
    auto written = co_await transfer("PUT", *url, bytes, kAnswerBytesMax);
    if (written && (written->status == 200 || written->status == 201)) co_return std::move(aside);
    Failure failure = failureOf(question, answer->nameNode, written);
    if (!written) failure.error = written.error();
    // Nobody else draws this name: the transport had sent the request before, on a connection that broke.
    const bool sentTwice = failure.exception == kExists;
    const bool hopeless = failure.trouble == Trouble::kPermanent && !sentTwice;
    if (hopeless || tries == kWriteTries) co_return fail(failure.error);
    // Perhaps it was written after all, or in part. The next try has another name, perhaps another datanode.
    auto removed = co_await remove(std::move(aside));
    if (!removed) co_return fail(failure.error);
    const rt::Duration delay = backoff.next();
    co_await loop_.sleepFor(delay);
  }
}

rt::Task<Result<bool>> WebHdfsClient::exists(std::string path) {
  Question question{"GET", "GETFILESTATUS", std::move(path), {}, kAnswerBytesMax, {kMissing}, false};
  auto answer = co_await ask(std::move(question));
  if (!answer) co_return fail(answer.error());
  co_return answer->exception.empty();
}

rt::Task<Result<PutOutcome>> WebHdfsClient::publish(std::string aside, std::string path, std::string bytes,
                                                    bool again) {
  Question question{"PUT",
                    "RENAME",
                    aside,
                    "&renameoptions=NONE&destination=" + encodePath(path),
                    kAnswerBytesMax,
                    {kExists, kMissing},
                    false};
  auto answer = co_await ask(std::move(question));
  if (!answer) co_return fail(answer.error());
  bool renamed = answer->exception.empty();
  const std::string_view body = answer->response.body->view();
  // Without an option that it knows, a rename tells of success by a word.
  if (renamed && !body.empty()) {
    const auto word = readBoolean(body);
    if (!word) co_return fail(word.error().within("HDFS at " + http::hostOf(answer->nameNode)));
    renamed = *word;
  }
  if (renamed) co_return PutOutcome::kWritten;
  const bool lost = again || answer->mayBeApplied || answer->exception != kExists;
  if (lost) co_return co_await settle(std::move(aside), std::move(path), std::move(bytes));
  auto removed = co_await remove(std::move(aside));
  co_return PutOutcome::kExists;
}

// The rename was refused, and an earlier try of it may be why: then the file aside is gone and `path` has its
// bytes. While the file aside is there, nobody has renamed it.
rt::Task<Result<PutOutcome>> WebHdfsClient::settle(std::string aside, std::string path, std::string bytes) {
  auto waiting = co_await exists(aside);
  if (!waiting) co_return fail(waiting.error());
  auto present = co_await read(path, bytes.size() + 1);
  const bool longer = !present && present.error().code() == Code::kResponseTooLarge;
  if (!present && !longer) co_return fail(present.error());
  if (*waiting) {
    if (!longer && !*present) {
      co_return fail(Code::kIo,
                     fmt::format("HDFS would not rename {} to {}", base::quoteIfNeeded(aside),
                                 base::quoteIfNeeded(path)),
                     "look into the namenode's log");
    }
    auto removed = co_await remove(std::move(aside));
    co_return PutOutcome::kExists;
  }
  if (longer || (*present && **present != bytes)) co_return PutOutcome::kExists;
  if (*present) co_return PutOutcome::kWritten;
  co_return fail(
      Code::kIo,
      fmt::format("HDFS has neither {} nor what was written aside for it", base::quoteIfNeeded(path)),
      "does somebody else delete files there?");
}

rt::Task<Result<PutOutcome>> WebHdfsClient::putIfAbsent(std::string path, std::string bytes) {
  const std::string digest = codec::sha256Hex(bytes);
  const auto earlier = unsettled_.find(path);
  const bool again = earlier != unsettled_.end() && earlier->second.digest == digest;
  std::string aside;
  if (again) {
    aside = earlier->second.aside;
  } else {
    auto written = co_await writeAside(path, bytes);
    if (!written) co_return fail(written.error());
    aside = std::move(*written);
    if (unsettled_.size() >= kUnsettledMax) unsettled_.erase(unsettled_.begin());
    unsettled_[path] = {digest, aside};
  }
  auto outcome = co_await publish(aside, path, std::move(bytes), again);
  // What is neither there nor aside must be written anew.
  if (outcome || outcome.error().code() == Code::kIo) unsettled_.erase(path);
  co_return outcome;
}

rt::Task<Result<std::optional<std::string>>> WebHdfsClient::read(std::string path, std::size_t bytesMax) {
  Course course = begin(bytesMax);
  for (;;) {  // Bounded by the deadline.
    Question question{"GET",      "OPEN", path, "&noredirect=true", std::max(bytesMax, kAnswerBytesMax),
                      {kMissing}, true};
    auto answer = co_await ask(std::move(question));
    if (!answer) co_return fail(answer.error());
    if (!answer->exception.empty()) co_return std::optional<std::string>();
    const bool direct = answer->response.status == 200 && !isJson(answer->response);
    if (direct) co_return contentOf(path, answer->response, bytesMax);
    auto url = redirect(*answer);
    if (!url) co_return fail(url.error());
    const std::string nothing;
    // A refusal has a body too, and may be longer than a short file.
    auto content = co_await transfer("GET", *url, nothing, std::max(bytesMax, kAnswerBytesMax));
    if (content && content->status == 200) co_return contentOf(path, *content, bytesMax);
    if (!content && content.error().code() == Code::kResponseTooLarge) co_return fail(content.error());
    Question asked{"GET", "OPEN", path, {}, 0, {}, false};
    Failure failure = failureOf(asked, answer->nameNode, content);
    if (failure.exception == kMissing) co_return std::optional<std::string>();
    // It was a datanode: the namenode is asked again, which may name another one.
    const bool aboutNameNodes = failure.trouble == Trouble::kStandby || failure.trouble == Trouble::kStarting;
    if (aboutNameNodes) failure.trouble = Trouble::kTransient;
    if (!content) failure.error = content.error();
    const auto delay = wait(course, failure);
    if (!delay) co_return fail(given(course, failure));
    co_await loop_.sleepFor(*delay);
  }
}

rt::Task<Result<std::vector<FileEntry>>> WebHdfsClient::list(std::string path, std::size_t entriesMax) {
  std::vector<FileEntry> all;
  for (;;) {  // Bounded by entriesMax: a part that goes on is not empty.
    const std::string after = all.empty() ? "" : "&startAfter=" + encodePath(all.back().name);
    Question question{"GET", "LISTSTATUS_BATCH", path, after, kListBytesMax, {kMissing}, false};
    auto answer = co_await ask(std::move(question));
    if (!answer) co_return fail(answer.error());
    if (!answer->exception.empty()) co_return std::move(all);
    auto listing = readListing(answer->response.body->view());
    if (!listing) co_return fail(listing.error().within("HDFS at " + http::hostOf(answer->nameNode)));
    if (all.size() + listing->entries.size() > entriesMax) {
      co_return fail(
          Code::kLimitExceeded,
          fmt::format("the folder {} has more than {} entries", base::quoteIfNeeded(path), entriesMax),
          "a checkpoint directory needs a folder of its own");
    }
    all.insert(all.end(), listing->entries.begin(), listing->entries.end());
    if (!listing->more) co_return std::move(all);
  }
}

rt::Task<Result<void>> WebHdfsClient::remove(std::string path) {
  Question question{"DELETE",   "DELETE", std::move(path), "&recursive=false", kAnswerBytesMax,
                    {kMissing}, false};
  auto answer = co_await ask(std::move(question));
  if (!answer) co_return fail(answer.error());
  co_return Result<void>();
}

rt::Task<Result<void>> WebHdfsClient::removeLeftovers(std::string path) {
  Question question{"GET", "LISTSTATUS_BATCH", path, {}, kListBytesMax, {kMissing}, false};
  auto answer = co_await ask(std::move(question));
  if (!answer) co_return fail(answer.error());
  if (!answer->exception.empty()) co_return Result<void>();
  const auto now = http::parseHttpDate(answer->response.header("Date"));
  if (!now) co_return Result<void>();
  const auto listing = readListing(answer->response.body->view());
  if (!listing) co_return fail(listing.error().within("HDFS at " + http::hostOf(answer->nameNode)));
  for (const FileEntry& entry : listing->entries) {
    const bool aside = entry.name.starts_with('.') && entry.name.ends_with(kAsideEnd);
    if (!aside || entry.directory || entry.modified > *now - kLeftoverAge) continue;
    std::string leftover = path + "/" + entry.name;
    auto removed = co_await remove(std::move(leftover));
    if (!removed) co_return fail(removed.error());
  }
  co_return Result<void>();
}

}  // namespace tidemill::hdfs
