#include "stream/receiver_intake.h"

#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "block/copied_block.h"
#include "rt/time.h"

namespace tidemill::stream {
namespace {

// What is taken in at once: a block grows by no more than this beyond its limit.
constexpr int kIntakeElementsMost = 1'000;
constexpr std::int64_t kIntakeBytesMost = 1 << 20;

constexpr std::size_t kCountDigits = 20;

}  // namespace

ReceiverIntake::ReceiverIntake(const rt::Env& env, IntakeOptions options, std::shared_ptr<ReceiverPort> port,
                               OnBlock onBlock)
    : env_(env), options_(std::move(options)), port_(std::move(port)), onBlock_(std::move(onBlock)) {}

void ReceiverIntake::open() {
  rt::Loop& lane = env_.fetchLoop;
  rateGate_ = std::make_shared<RateGate>(lane, options_.rate);
  auto onFailure = [](const std::string&, const Error&) {};  // Nothing here tells it of one.
  auto onSealed = [this](std::shared_ptr<const block::Block> block) {
    onBlock_(std::move(block), std::exchange(receipts_, {}));
  };
  generator_ =
      std::make_unique<BlockGenerator>(lane, options_.blocks, std::move(onSealed), std::move(onFailure));
  stored_ = std::make_unique<rt::Semaphore>(lane, 0, 1);
  worker_ = std::make_unique<rt::TaskGroup>(lane);
  worker_->spawn(work());
}

void ReceiverIntake::openInbox() {
  port_->inbox().open([loop = &env_.fetchLoop, self = weak_from_this()] {
    loop->post([self] {
      const auto intake = self.lock();
      if (intake != nullptr && intake->stored_ != nullptr) intake->stored_->release(1);
    });
  });
}

void ReceiverIntake::updateRate(std::int64_t rate) {
  if (rateGate_ != nullptr) rateGate_->update(rate);
}

void ReceiverIntake::updateMaxRate(std::int64_t rate) {
  if (rateGate_ != nullptr) rateGate_->updateMax(rate);
}

// Between the end of a wait and the next one nothing is half done, so that the task can be begun anew.
void ReceiverIntake::hurry() {
  if (worker_ == nullptr || std::exchange(hurries_, true)) return;
  worker_->cancel();
  worker_->spawn(work());
}

void ReceiverIntake::blockStored() {
  if (generator_ != nullptr) generator_->stored();
}

rt::Task<void> ReceiverIntake::work() {
  for (;;) {  // Until it is cancelled.
    co_await generator_->room();
    if (port_->inbox().rest()) {
      co_await stored_->acquire(1);
      continue;
    }
    if (hurries_) {
      takeIn(port_->inbox().take(kIntakeElementsMost, kIntakeBytesMost));
      continue;
    }
    auto permit = co_await rateGate_->acquire(kIntakeElementsMost);
    std::vector<ReceiverPort::Stored> stored = port_->inbox().take(permit.records(), kIntakeBytesMost);
    std::int64_t count = 0;
    for (const ReceiverPort::Stored& one : stored) count += static_cast<std::int64_t>(one.elements.size());
    permit.settle(count);
    takeIn(std::move(stored));
  }
}

void ReceiverIntake::takeIn(std::vector<ReceiverPort::Stored> stored) {
  std::vector<std::array<char, kCountDigits>> numbers;
  std::vector<Record> records;
  std::size_t count = 0;
  for (const ReceiverPort::Stored& one : stored) count += one.elements.size();
  if (count == 0) return;
  numbers.resize(count);  // Records look into it.
  for (const ReceiverPort::Stored& one : stored) {
    if (one.receipt != rt::Receipts::kNone) receipts_.push_back(one.receipt);
    for (const std::string& element : one.elements) {
      std::array<char, kCountDigits>& text = numbers[records.size()];
      const auto end = std::to_chars(text.data(), text.data() + text.size(), ++count_).ptr;
      Record record;
      record.data = std::as_bytes(std::span(element));
      record.sequenceNumber = std::string_view(text.data(), static_cast<std::size_t>(end - text.data()));
      records.push_back(record);
    }
  }
  generator_->page(block::copiedPage(options_.streamName, kShard, kNoLease, records));
  if (!receipts_.empty()) generator_->flush();  // Somebody waits.
}

void ReceiverIntake::flush() {
  worker_.reset();
  if (generator_ == nullptr) return;
  for (;;) {  // Until the inbox is empty; nothing comes in any more.
    std::vector<ReceiverPort::Stored> stored = port_->inbox().take(kIntakeElementsMost, kIntakeBytesMost);
    if (stored.empty()) break;
    takeIn(std::move(stored));
  }
  generator_->stop();
}

void ReceiverIntake::close() {
  worker_.reset();
  stored_.reset();
  generator_.reset();
  rateGate_.reset();
}

}  // namespace tidemill::stream
