// How a checkpoint directory is read and claimed.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "stream/checkpoint/checkpoint_frame.h"
#include "stream/checkpoint/ledger.h"
#include "stream/checkpoint/ledger_names.h"
#include "stream/checkpoint/log_chunk.h"

namespace tidemill::stream {
namespace {

// Late writes of a process that has ended, one after the other, that may stand in the way of a claim.
constexpr int kClaimsMax = 16;

// Heartbeats of a silent writer that are waited for, and the longest that anybody's heartbeat may be.
constexpr int kHeartbeatsAwaited = 2;
constexpr std::int64_t kHeartbeatMillisMax = 60'000;

constexpr char kRestoreHint[] =
    "restore it from a copy; or name a new directory: reading then goes on from the lease checkpoints, and "
    "windows and state begin anew";

// How often one value that a list has named is read again, and all of them together, before they count as
// damaged, with a wait in between that doubles: an error of a disk may pass.
constexpr int kReadsAgainMax = 3;
constexpr int kAllReadsAgainMax = 8;
constexpr std::chrono::milliseconds kReadAgainWait{250};

// Names that are told of a directory that is not ours.
constexpr std::size_t kForeignTold = 3;

// Of what a list has named: a folder, a link to nothing, a disk that gives it back no more. All others pass.
bool isOdd(const Error& error) {
  return error.code() == Code::kIo || error.code() == Code::kNotFound;
}

Result<Metadata> metadataOf(std::uint64_t number, const std::string& bytes) {
  const std::string name = metadataName(number);
  auto value = readValue(ValueKind::kMetadata, number, bytes, name);
  if (!value) return fail(value.error());
  auto metadata = MetadataCodec::read(value->body);
  if (!metadata) return fail(metadata.error().within(name));
  return metadata;
}

}  // namespace

rt::Task<Result<LedgerFound>> Ledger::open() {
  readsAgain_ = 0;
  const std::string holder = "worker " + options_.worker;
  auto done = co_await store_->open(holder);
  if (done) done = co_await checkFormat();
  if (done) done = co_await replay();
  if (!done && options_.createOnError && done.error().code() == Code::kCheckpointUnreadable) {
    Error damage = done.error();
    done = co_await beginAnew(std::move(damage));
  }
  if (done) done = co_await watchWriter();
  const LedgerWriter before = state_.writer();
  if (done) done = co_await claim();
  if (!done) co_return fail(done.error());
  LedgerFound found{state_, before, foundProgram_, unreadable_};
  env_.log.info("checkpoint_directory_opened", {{"directory", store_->url()},
                                                {"epoch", epoch_},
                                                {"log", next_ - 1},
                                                {"batches", found.state.batches().size()},
                                                {"unallocated", found.state.unallocated().size()}});
  wroteAt_ = env_.loop.now();
  sentAt_ = wroteAt_;
  metadataDue_ = wroteAt_;  // The claim itself: the next process reads little.
  committer_.spawn(commitLoop());
  removals_.spawn(removeOrphans());
  co_return std::move(found);
}

rt::Task<Result<void>> Ledger::checkFormat() {
  const std::string ours = encodeValue(ValueKind::kFormat, {});
  auto there = co_await store_->get(kFormatName);
  if (there && *there == ours) co_return Result<void>();
  if (there) {
    const Error error(
        Code::kForeignDirectory,
        fmt::format("checkpoint directory {}: {} is of another format", store_->url(), kFormatName),
        "another version of tidemill wrote it: use that one, or another directory");
    co_return fail(error);
  }
  if (there.error().code() != Code::kNotFound) co_return fail(there.error());
  auto names = co_await store_->list("");
  if (!names) co_return fail(names.error());
  if (!names->empty()) {
    names->resize(std::min(names->size(), kForeignTold));
    const Error error(Code::kForeignDirectory,
                      fmt::format("checkpoint directory {} holds something else: {}", store_->url(),
                                  fmt::join(*names, ", ")),
                      "name an empty directory, or one that tidemill has made");
    co_return fail(error);
  }
  auto made = co_await store_->putIfAbsent(kFormatName, ours);
  // Two may begin at the same time: who writes the log first has it.
  if (!made && made.error().code() == Code::kConflict) co_return Result<void>();
  co_return std::move(made);
}

rt::Task<Result<std::string>> Ledger::readListed(std::string name) {
  std::chrono::milliseconds wait = kReadAgainWait;
  for (int again = 0;; ++again) {
    auto bytes = co_await store_->get(name);
    if (bytes) readsAgain_ = 0;
    const bool mayPass = !bytes && bytes.error().code() == Code::kIo;
    if (!mayPass || again == kReadsAgainMax || readsAgain_ == kAllReadsAgainMax) co_return std::move(bytes);
    ++readsAgain_;
    env_.log.warning("checkpoint_read_again",
                     {{"directory", store_->url()}, {"name", name}, {"reason", bytes.error().message()}});
    co_await env_.loop.sleepFor(wait);
    wait *= 2;
  }
}

// The newest that can be read.
rt::Task<Result<std::optional<Metadata>>> Ledger::readMetadata() {
  auto names = co_await store_->list(kMetadataFolder);
  if (!names) co_return fail(names.error());
  for (const std::string& name : *names) {
    const auto number = parseNumberName(name);
    if (number) metadataNumbers_.push_back(*number);
  }
  std::optional<Error> damage;
  for (std::size_t i = metadataNumbers_.size(); i > 0; --i) {
    const std::uint64_t number = metadataNumbers_[i - 1];
    const std::string name = metadataName(number);
    auto bytes = co_await readListed(name);
    if (!bytes && bytes.error().code() == Code::kNotFound) continue;  // Removed since.
    if (!bytes && !isOdd(bytes.error())) co_return fail(bytes.error());
    auto metadata = bytes ? metadataOf(number, *bytes) : Result<Metadata>(fail(bytes.error()));
    if (metadata) {
      next_ = number + 1;
      metadataAt_ = number;
      noteUnreadable(damage, name + " and the log");
      co_return std::optional<Metadata>(std::move(*metadata));
    }
    if (!damage) damage = metadata.error();
  }
  noteUnreadable(damage, "the whole log");
  co_return std::optional<Metadata>();
}

void Ledger::noteUnreadable(const std::optional<Error>& damage, const std::string& fallback) {
  if (!damage) return;
  unreadable_ = fmt::format("checkpoint directory {}: {}; in its place: {}", store_->url(), damage->message(),
                            fallback);
  env_.log.warning("checkpoint_unreadable",
                   {{"directory", store_->url()}, {"reason", damage->message()}, {"fallback", fallback}});
}

rt::Task<Result<void>> Ledger::replay() {
  state_ = LedgerState();
  foundProgram_.reset();
  metadataNumbers_.clear();
  next_ = 1;
  auto metadata = co_await readMetadata();
  if (!metadata) co_return fail(metadata.error());
  if (*metadata) {
    state_ = std::move((*metadata)->state);
    foundProgram_ = std::move((*metadata)->program);
  }
  auto names = co_await store_->list(kLogFolder);
  if (!names) co_return fail(names.error());
  for (const std::string& name : *names) {
    const auto number = parseNumberName(name);
    if (!number || *number < next_) continue;
    if (*number > next_) {
      const Error gap(Code::kCheckpointUnreadable,
                      fmt::format("{}: {} is missing, while {} is there", store_->url(), logName(next_),
                                  logName(*number)),
                      kRestoreHint);
      co_return fail(gap);
    }
    auto applied = co_await applyChunk(*number);
    if (!applied) co_return std::move(applied);
  }
  co_return Result<void>();
}

// As if the directory were new, but for the numbers and the epoch: whoever else writes it is fenced, and is
// watched before that. An epoch that cannot be read is no higher than one more for each value.
rt::Task<Result<void>> Ledger::beginAnew(Error damage) {
  noteUnreadable(damage, "nothing: reading goes on from the lease checkpoints, windows and state begin anew");
  auto names = co_await store_->list(kLogFolder);
  if (!names) co_return fail(names.error());
  std::uint64_t epoch = state_.writer().epoch;
  std::uint64_t last = metadataNumbers_.empty() ? 0 : metadataNumbers_.back();
  std::uint64_t damaged = 0;
  for (const std::string& name : *names) {
    const auto number = parseNumberName(name);
    if (!number) continue;
    last = std::max(last, *number);
    auto bytes = co_await readListed(logName(*number));
    if (!bytes && !isOdd(bytes.error())) co_return fail(bytes.error());
    const auto chunk = bytes ? readChunk(*number, *bytes) : Result<LogChunk>(fail(bytes.error()));
    if (!chunk) ++damaged;
    if (chunk) epoch = std::max(epoch, chunk->epoch);
  }
  next_ = last + 1;
  foundProgram_.reset();
  state_ = LedgerState();
  state_.apply(OpenedEntry{epoch + damaged + 1, "", "",
                           std::chrono::duration_cast<std::chrono::milliseconds>(options_.heartbeat).count(),
                           options_.inputs});
  co_return Result<void>();
}

rt::Task<Result<void>> Ledger::applyChunk(std::uint64_t number) {
  const std::string name = logName(number);
  auto bytes = co_await readListed(name);
  if (!bytes && !isOdd(bytes.error())) co_return fail(bytes.error());
  auto chunk = bytes ? readChunk(number, *bytes)
                     : Result<LogChunk>(fail(Code::kCheckpointUnreadable,
                                             name + " cannot be read: " + bytes.error().message()));
  if (!chunk) co_return fail(chunk.error().within(store_->url()).hinting(kRestoreHint));
  for (const LedgerEntry& entry : chunk->entries) state_.apply(entry);
  next_ = number + 1;
  co_return Result<void>();
}

bool Ledger::writerHasEnded() const {
  const LedgerWriter& writer = state_.writer();
  return writer.epoch == 0 || writer.closed || store_->exclusive() ||
         (!writer.incarnation.empty() && writer.incarnation == options_.previousIncarnation);
}

// A writer of whom nothing is known gives a sign of life, or has lost its directory.
rt::Task<Result<void>> Ledger::watchWriter() {
  if (writerHasEnded()) co_return Result<void>();
  const std::int64_t heartbeat =
      std::clamp<std::int64_t>(state_.writer().heartbeatMillis, 1, kHeartbeatMillisMax);
  env_.log.info("checkpoint_writer_watched", {{"directory", store_->url()},
                                              {"worker", state_.writer().worker},
                                              {"ms", kHeartbeatsAwaited * heartbeat}});
  co_await env_.loop.sleepFor(std::chrono::milliseconds(kHeartbeatsAwaited * heartbeat));
  auto moved = co_await store_->get(logName(next_));
  if (moved) co_return fail(fencedBy(state_.writer()));
  if (moved.error().code() != Code::kNotFound) co_return fail(moved.error());
  co_return Result<void>();
}

rt::Task<Result<void>> Ledger::claim() {
  const std::uint64_t epochBefore = state_.writer().epoch;
  const bool ended = writerHasEnded();
  for (int i = 0; i < kClaimsMax; ++i) {
    const OpenedEntry opened{
        epochBefore + 1, options_.worker, options_.incarnation,
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.heartbeat).count(), options_.inputs};
    std::string entries;
    appendEntry(opened, entries);
    const std::string bytes = encodeChunk(opened.epoch, next_, std::move(entries));
    const std::string name = logName(next_);
    auto done = co_await store_->putIfAbsent(name, bytes);
    if (!done && done.error().code() == Code::kConflict) {
      auto ours = co_await isOurs(name, bytes);
      if (!ours) co_return fail(ours.error());
      if (*ours) done = Result<void>();
    }
    // While this process slept the writer may have gone on, and removed what it wrote then.
    bool outrun = false;
    if (done && !store_->exclusive()) {
      auto checked = co_await isOutrun(next_);
      if (!checked) co_return fail(checked.error());
      outrun = *checked;
    }
    if (outrun) {
      auto error = co_await whoOutran(next_);
      co_return fail(std::move(error));
    }
    if (done) {
      epoch_ = opened.epoch;
      state_.apply(opened);
      ++next_;
      co_return Result<void>();
    }
    if (done.error().code() != Code::kConflict) co_return fail(done.error());
    auto applied = co_await applyChunk(next_);
    if (!applied) co_return fail(applied.error());
    // Who was dead can only have sent it before it died.
    if (!ended || state_.writer().epoch != epochBefore) co_return fail(fencedBy(state_.writer()));
  }
  co_return fail(fencedBy(state_.writer()));
}

// Snapshots that were not finished, or were superseded by one that counts.
rt::Task<void> Ledger::removeOrphans() {
  std::set<std::string> wanted;
  for (const auto& [uid, snapshot] : state_.snapshots()) {
    for (std::uint32_t i = 0; i < snapshot.partitions; ++i)
      wanted.insert(stateName({uid, snapshot.time.time_since_epoch().count(), snapshot.epoch, i}));
  }
  auto names = co_await store_->list(kStateFolder);
  if (!names) co_return;
  for (const std::string& name : *names) {
    const auto parsed = parseStateName(name);
    const std::string full = std::string(kStateFolder) + "/" + name;
    if (!parsed || parsed->epoch >= epoch_ || wanted.contains(full)) continue;
    auto removed = co_await store_->remove(full);
    if (!removed) co_return;
  }
}

}  // namespace tidemill::stream
