#include "stream/checkpoint/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rt/backoff.h"
#include "stream/checkpoint/checkpoint_frame.h"
#include "stream/checkpoint/ledger_names.h"
#include "stream/checkpoint/log_chunk.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

constexpr rt::BackoffOptions kOutageBackoff{.base = 100ms, .cap = 5s};

// How long the last metadata checkpoint may take, which a restart can do without.
constexpr rt::Duration kClosePatience = 5s;

constexpr char kStateHint[] =
    "restore it from a copy; or let getOrCreate() begin anew with createOnError: reading then goes on from "
    "the lease checkpoints, and the state of the operator begins empty";

}  // namespace

Ledger::Ledger(const rt::Env& env, std::unique_ptr<CheckpointStore> store, LedgerOptions options,
               LedgerHost& host)
    : env_(env),
      store_(std::move(store)),
      options_(std::move(options)),
      host_(host),
      work_(env.loop),
      committer_(env.loop),
      metadata_(env.loop),
      removals_(env.loop) {}

Ledger::~Ledger() = default;

std::uint64_t Ledger::append(LedgerEntry entry) {
  std::string bytes;
  appendEntry(entry, bytes);
  queue_.push_back({std::move(entry), std::move(bytes)});
  work_.notify();
  return ++appended_;
}

rt::Task<Result<void>> Ledger::committed(std::uint64_t ticket) {
  consume::WakeUp wakeUp(env_.loop);
  struct Place {
    std::list<consume::WakeUp*>& list;
    std::list<consume::WakeUp*>::iterator at;
    ~Place() { list.erase(at); }
  };
  // What was appended before the end is committed already, and what comes behind it never is.
  if (closed_ && committed_ < ticket) {
    co_return fail(Code::kCancelled, "checkpoint directory " + store_->url() + " was closed");
  }
  const Place place{waiting_, waiting_.insert(waiting_.end(), &wakeUp)};
  while (committed_ < ticket && !failure_) co_await wakeUp.until(rt::TimePoint::max());
  if (committed_ < ticket) co_return fail(*failure_);
  co_return Result<void>();
}

rt::Task<void> Ledger::commitLoop() {
  while (!failure_) {
    if (queue_.empty()) {
      if (closed_) co_return;
      // Under a lock nobody doubts that the writer lives.
      const bool silent = store_->exclusive();
      const rt::TimePoint aliveDue = silent ? rt::TimePoint::max() : wroteAt_ + options_.heartbeat;
      const rt::TimePoint due = std::min(metadataDue_, aliveDue);
      co_await work_.until(due);
      writeMetadataIfDue();
      if (queue_.empty() && env_.loop.now() >= aliveDue) append(AliveEntry{});
      continue;
    }
    auto done = co_await commitGroup();
    if (!done) {
      giveUp(done.error());
      co_return;
    }
    writeMetadataIfDue();
  }
}

rt::Task<Result<void>> Ledger::commitGroup() {
  std::string entries;
  std::size_t count = 0;
  for (const Pending& pending : queue_) {
    if (count > 0 && entries.size() + pending.bytes.size() > options_.chunkBytesMax) break;
    entries += pending.bytes;
    ++count;
  }
  std::string name = logName(next_);
  std::string bytes = encodeChunk(epoch_, next_, std::move(entries));
  const rt::TimePoint sent = env_.loop.now();
  auto done = co_await putUntilDone(std::move(name), std::move(bytes));
  if (!done && done.error().code() == Code::kConflict && env_.faults.planted("epoch-ignored")) {
    ++next_;  // As if the numbers were no fence.
    co_return Result<void>();
  }
  if (!done && done.error().code() == Code::kConflict) {
    auto error = co_await whoTook(next_);
    co_return fail(std::move(error));
  }
  if (done) done = co_await checkOutrun();
  if (!done) co_return std::move(done);
  ++next_;
  sentAt_ = sent;
  wroteAt_ = env_.loop.now();
  commitDone(count);
  co_return Result<void>();
}

void Ledger::commitDone(std::size_t entries) {
  for (std::size_t i = 0; i < entries; ++i) {
    const LedgerEntry& entry = queue_.front().entry;
    if (const auto* snapshot = std::get_if<SnapshotEntry>(&entry)) {
      const auto before = state_.snapshots().find(snapshot->uid);
      if (before != state_.snapshots().end() && before->second != *snapshot)
        removals_.spawn(removeSnapshot(before->second));
    }
    state_.apply(entry);
    queue_.pop_front();
    ++committed_;
  }
  wakeAll();
  host_.onCommitted(committed_);
}

rt::Task<Result<void>> Ledger::putUntilDone(std::string name, std::string bytes) {
  rt::Backoff backoff(kOutageBackoff, env_.random);
  for (;;) {  // As long as the store is out of order, or the process lives.
    auto done = co_await store_->putIfAbsent(name, bytes);
    if (!done && done.error().code() == Code::kConflict) {
      // An earlier try may have succeeded without our hearing of it.
      auto ours = co_await isOurs(name, bytes);
      if (ours && *ours) done = Result<void>();
      if (ours && !*ours) co_return std::move(done);
      if (!ours) done = fail(ours.error());
    }
    if (done) {
      noteRecovery();
      co_return std::move(done);
    }
    noteOutage(done.error());
    const rt::Duration delay = backoff.next();
    co_await env_.loop.sleepFor(delay);
  }
}

rt::Task<Result<bool>> Ledger::isOurs(std::string name, const std::string& bytes) {
  auto there = co_await store_->get(std::move(name));
  if (!there) co_return fail(there.error());
  co_return *there == bytes;
}

rt::Task<Error> Ledger::whoTook(std::uint64_t number) {
  LedgerWriter other;
  auto bytes = co_await store_->get(logName(number));
  if (bytes) {
    auto chunk = readChunk(number, *bytes);
    if (chunk) {
      other.epoch = chunk->epoch;
      for (const LedgerEntry& entry : chunk->entries) {
        if (const auto* opened = std::get_if<OpenedEntry>(&entry)) {
          other.worker = opened->worker;
          other.incarnation = opened->incarnation;
        }
      }
    }
  }
  co_return fencedBy(other);
}

// Metadata that is removed gives way to newer one, so what has passed a number can be seen for ever.
rt::Task<Result<bool>> Ledger::isOutrun(std::uint64_t number) {
  auto names = co_await store_->list(kMetadataFolder);
  if (!names) co_return fail(names.error());
  co_return std::any_of(names->begin(), names->end(), [number](const std::string& name) {
    return parseNumberName(name).value_or(0) >= number;
  });
}

// The chunk may lie where there was one before. As long as there is older metadata, it may also be the one
// that belongs there, stored before the directory was lost: it stays, and goes with that metadata.
rt::Task<Error> Ledger::whoOutran(std::uint64_t number) {
  auto names = co_await store_->list(kMetadataFolder);
  const bool needed = !names || std::any_of(names->begin(), names->end(), [number](const std::string& name) {
    return parseNumberName(name).value_or(0) < number;
  });
  if (!needed) {
    auto removed = co_await store_->remove(logName(number));
    static_cast<void>(removed);  // Nobody reads what lies before all metadata.
  }
  auto metadata = co_await readMetadata();
  LedgerWriter other;
  if (metadata && *metadata) other = (*metadata)->state.writer();
  co_return fencedBy(other);
}

// Who was silent for long may have lost the directory to somebody who has removed by now what took its
// number. Nobody claims it from a writer that has been silent for less than two heartbeats.
rt::Task<Result<void>> Ledger::checkOutrun() {
  const rt::Duration silent = env_.loop.now() - sentAt_;
  if (store_->exclusive() || silent < options_.heartbeat + options_.heartbeat / 2) co_return Result<void>();
  rt::Backoff backoff(kOutageBackoff, env_.random);
  for (;;) {  // As long as the store is out of order, or the process lives.
    auto outrun = co_await isOutrun(next_);
    if (outrun && !*outrun) co_return Result<void>();
    if (outrun) {
      auto error = co_await whoOutran(next_);
      co_return fail(std::move(error));
    }
    noteOutage(outrun.error());
    const rt::Duration delay = backoff.next();
    co_await env_.loop.sleepFor(delay);
  }
}

Error Ledger::fencedBy(const LedgerWriter& writer) const {
  const std::string who = writer.worker.empty() ? "another process" : "worker " + writer.worker;
  return Error(
      Code::kFenced,
      fmt::format("checkpoint directory {} is written by {} (epoch {})", store_->url(), who, writer.epoch),
      "stop one of the two, or give each its own checkpoint directory");
}

void Ledger::giveUp(const Error& error) {
  if (failure_) return;
  failure_ = error;
  wakeAll();
  host_.onLedgerFailed(error);
}

void Ledger::wakeAll() {
  for (consume::WakeUp* waiting : waiting_) waiting->notify();
}

void Ledger::noteOutage(const Error& error) {
  if (std::exchange(outage_, true)) return;
  outageSince_ = env_.loop.now();
  env_.log.warning("checkpoint_store_unavailable",
                   {{"directory", store_->url()},
                    {"code", codeName(error.code())},
                    {"reason", error.message()},
                    {"hint", "no batch completes until it is back; nothing is lost meanwhile"}});
}

void Ledger::noteRecovery() {
  if (!std::exchange(outage_, false)) return;
  env_.log.info(
      "checkpoint_store_available",
      {{"directory", store_->url()},
       {"ms",
        std::chrono::duration_cast<std::chrono::milliseconds>(env_.loop.now() - outageSince_).count()}});
}

void Ledger::writeMetadataIfDue() {
  const rt::TimePoint now = env_.loop.now();
  if (now < metadataDue_) return;
  metadataDue_ = now + options_.metadataEvery;
  const std::uint64_t number = next_ - 1;
  if (number == metadataAt_ || metadata_.running() > 0) return;
  const CheckpointValue value{epoch_, number, MetadataCodec::encode({options_.program, state_})};
  metadata_.spawn(writeMetadata(number, encodeValue(ValueKind::kMetadata, value)));
}

// Another writer that has the number has written the same: it follows from the log.
rt::Task<void> Ledger::writeMetadata(std::uint64_t number, std::string bytes) {
  metadataAt_ = number;
  std::string name = metadataName(number);
  auto done = co_await putUntilDone(std::move(name), std::move(bytes));
  static_cast<void>(done);
  metadataNumbers_.push_back(number);
  co_await prune();
}

// What cannot be removed now is removed with the next one, or by the next process; nobody reads it. kIo: what
// lies there is odd, such as a folder, and must not keep all that is younger.
rt::Task<void> Ledger::prune() {
  if (metadataNumbers_.size() <= options_.metadataKept) co_return;
  const std::size_t surplus = metadataNumbers_.size() - options_.metadataKept;
  for (std::size_t i = 0; i < surplus; ++i) {
    const std::string name = metadataName(metadataNumbers_.front());
    auto removed = co_await store_->remove(name);
    if (!removed && removed.error().code() != Code::kIo) co_return;
    metadataNumbers_.erase(metadataNumbers_.begin());
  }
  auto names = co_await store_->list(kLogFolder);
  if (!names) co_return;
  for (const std::string& name : *names) {
    const auto number = parseNumberName(name);
    if (!number) continue;
    if (*number > metadataNumbers_.front()) co_return;
    auto removed = co_await store_->remove(logName(*number));
    if (!removed && removed.error().code() != Code::kIo) co_return;
  }
}

rt::Task<Result<std::uint64_t>> Ledger::putSnapshot(SnapshotEntry snapshot,
                                                    std::vector<std::string> partitions) {
  snapshot.epoch = epoch_;
  snapshot.partitions = static_cast<std::uint32_t>(partitions.size());
  for (std::uint32_t i = 0; i < snapshot.partitions; ++i) {
    const std::int64_t millis = snapshot.time.time_since_epoch().count();
    std::string name = stateName({snapshot.uid, millis, epoch_, i});
    CheckpointValue value{epoch_, i, std::move(partitions[i])};
    std::string bytes = encodeValue(ValueKind::kState, value);
    auto done = co_await putUntilDone(std::move(name), std::move(bytes));
    if (!done) co_return fail(done.error());
  }
  co_return append(std::move(snapshot));
}

rt::Task<Result<std::vector<std::string>>> Ledger::readSnapshot(SnapshotEntry snapshot) {
  std::vector<std::string> partitions;
  for (std::uint32_t i = 0; i < snapshot.partitions; ++i) {
    const std::int64_t millis = snapshot.time.time_since_epoch().count();
    const std::string name = stateName({snapshot.uid, millis, snapshot.epoch, i});
    auto bytes = co_await store_->get(name);
    if (!bytes && bytes.error().code() == Code::kNotFound) {
      const Error missing(Code::kCheckpointUnreadable, store_->url() + ": " + name + " is missing",
                          kStateHint);
      co_return fail(missing);
    }
    if (!bytes) co_return fail(bytes.error());
    auto value = readValue(ValueKind::kState, i, *bytes, store_->url() + ": " + name);
    if (!value) co_return fail(value.error().hinting(kStateHint));
    partitions.push_back(std::move(value->body));
  }
  co_return std::move(partitions);
}

rt::Task<void> Ledger::removeSnapshot(SnapshotEntry snapshot) {
  for (std::uint32_t i = 0; i < snapshot.partitions; ++i) {
    const std::int64_t millis = snapshot.time.time_since_epoch().count();
    const std::string name = stateName({snapshot.uid, millis, snapshot.epoch, i});
    auto removed = co_await store_->remove(name);
    if (!removed) co_return;  // The next process finds it orphaned.
  }
}

rt::Task<Result<void>> Ledger::close() {
  if (epoch_ == 0 || closed_) co_return Result<void>();  // Never opened, or done.
  const std::uint64_t ticket = append(ClosedEntry{});
  auto done = co_await committed(ticket);
  if (!done) co_return std::move(done);
  closed_ = true;
  work_.notify();
  co_await metadata_.join(kClosePatience);
  metadataDue_ = env_.loop.now();
  writeMetadataIfDue();
  co_await metadata_.join(kClosePatience);
  co_return Result<void>();
}

}  // namespace tidemill::stream
