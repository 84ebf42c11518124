#include "block/far_blocks.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "block/block_codec.h"
#include "block/byte_reader.h"
#include "codec/crc32c.h"
#include "rt/task_group.h"
#include "rt/worker_pool.h"

namespace tidemill::block {
namespace {

constexpr std::string_view kFarMark = "tmblock1";

Result<std::string> farBytesOf(const std::shared_ptr<const Block>& block, BlockEncoding encoding) {
  const auto packed = packBlock(block, encoding);
  if (!packed) return fail(packed.error());
  const std::string_view content = (*packed)->view();
  std::string bytes(kFarMark);
  appendNumber(codec::crc32c(content), bytes);
  bytes += content;
  return bytes;
}

Result<std::shared_ptr<const Block>> farBlockOf(std::string_view bytes) {
  constexpr char kHint[] = "its records can be read again from Kinesis by its ranges";
  if (!bytes.starts_with(kFarMark)) return fail(Code::kDamagedBlock, "the value is no block", kHint);
  ByteReader reader(bytes.substr(kFarMark.size()));
  const auto checksum = reader.number<std::uint32_t>();
  const std::string_view content = reader.bytes(reader.left());
  if (codec::crc32c(content) != checksum)
    return fail(Code::kDamagedBlock, "other bytes than were written", kHint);
  auto packed = std::make_shared<codec::Body>();
  packed->reserve(content.size());
  packed->append(content);
  auto block = unpackBlock(std::move(packed));
  if (!block) return block;
  const auto verified = verifyContent(**block);
  if (!verified) return fail(verified.error());
  return block;
}

rt::Task<Result<std::shared_ptr<const Block>>> fetchFar(rt::Env env, std::shared_ptr<FarStore> store,
                                                        std::string name) {
  auto bytes = co_await store->get(name);
  if (!bytes && bytes.error().code() == Code::kNotFound) {
    co_return fail(Code::kDamagedBlock, "block " + name + " is not there any more",
                   "its records can be read again from Kinesis by its ranges");
  }
  if (!bytes) co_return fail(bytes.error());
  auto work = [value = std::move(*bytes)] { return farBlockOf(value); };
  auto block = co_await rt::runOn(env.replicas, env.loop, std::move(work));
  if (!block) co_return fail(block.error().within("block " + name));
  co_return block;
}

// Number `index` of the calls.
using Call = std::function<rt::Task<void>(std::size_t index)>;

rt::Task<void> callInTurn(std::size_t& next, std::size_t count, const Call& call) {
  while (next < count) {
    const std::size_t index = next++;
    co_await call(index);
  }
}

// All of them, some at a time.
rt::Task<void> callAll(rt::Loop& loop, std::size_t count, Call call) {
  std::size_t next = 0;
  rt::TaskGroup lines(loop);
  for (std::size_t i = 0; i < std::min(count, FarBlocks::kCallsMost); ++i)
    lines.spawn(callInTurn(next, count, call));
  co_await lines.join(rt::Duration::max());
}

class FarCopy final : public StoredCopy {
 public:
  FarCopy(const rt::Env& env, std::shared_ptr<FarStore> store, std::string place,
          std::shared_ptr<const BlockInfo> info, std::uint64_t bytes)
      : env_(env),
        store_(std::move(store)),
        place_(std::move(place)),
        info_(std::move(info)),
        bytes_(bytes) {}

  Result<std::shared_ptr<const Block>> load() const override {
    return fail(Code::kIo, "block " + info_->id + " lies in " + place_ + " alone",
                "a batch gets it from there before its tasks begin");
  }
  bool isFar() const override { return true; }
  rt::Task<Result<std::shared_ptr<const Block>>> fetch() const override {
    return fetchFar(env_, store_, info_->id);
  }
  const std::shared_ptr<const BlockInfo>& info() const override { return info_; }
  std::uint64_t bytes() const override { return bytes_; }
  std::string where() const override { return place_ + "/" + info_->id; }

 private:
  const rt::Env env_;
  const std::shared_ptr<FarStore> store_;
  const std::string place_;
  const std::shared_ptr<const BlockInfo> info_;
  const std::uint64_t bytes_;
};

}  // namespace

FarBlocks::FarBlocks(const rt::Env& env, std::string name, std::shared_ptr<FarStore> store)
    : env_(env), name_(std::move(name)), store_(std::move(store)) {}

rt::Task<Result<void>> FarBlocks::openStore() {
  if (open_) co_return Result<void>();
  auto opened = co_await store_->open();
  if (!opened) co_return std::move(opened);
  open_ = true;
  co_return Result<void>();
}

rt::Task<Result<StoredCopies>> FarBlocks::open() {
  auto opened = co_await openStore();
  if (!opened) co_return fail(opened.error());
  auto names = co_await store_->list();
  if (!names) co_return fail(names.error());
  std::vector<WrittenCopy> found(names->size());
  std::optional<Error> outage;
  Call call = [this, &names, &found, &outage](std::size_t i) {
    return readOne((*names)[i], found[i], outage);
  };
  co_await callAll(env_.loop, found.size(), std::move(call));
  if (outage) co_return fail(*outage);
  StoredCopies copies;
  for (WrittenCopy& copy : found) {
    if (*copy != nullptr) copies.push_back(std::move(*copy));
  }
  co_return std::move(copies);
}

// kIo: too large for a block, or no value at all. After an outage nothing more is asked for.
rt::Task<void> FarBlocks::readOne(std::string name, WrittenCopy& copy, std::optional<Error>& outage) {
  if (outage) co_return;
  auto block = co_await fetchFar(env_, store_, name);
  const bool odd =
      !block && (block.error().code() == Code::kDamagedBlock || block.error().code() == Code::kIo);
  if (!block && !odd) {
    outage = block.error();
  } else if (!block || (*block)->id() != name) {
    const std::string reason =
        block ? "another block lies there: " + (*block)->id() : block.error().message();
    env_.log.warning("far_block_unreadable", {{"place", name_}, {"name", name}, {"reason", reason}});
  } else {
    const auto bytes = static_cast<std::uint64_t>((*block)->payloadBytes());
    copy = std::make_shared<const FarCopy>(env_, store_, name_, (*block)->info(), bytes);
  }
}

rt::Task<std::vector<WrittenCopy>> FarBlocks::write(std::vector<CopyJob> jobs) {
  auto opened = co_await openStore();
  if (!opened) {
    const WrittenCopy failed = fail(opened.error());
    co_return std::vector<WrittenCopy>(jobs.size(), failed);
  }
  std::vector<WrittenCopy> written(jobs.size());
  Call call = [this, &jobs, &written](std::size_t i) { return writeOne(std::move(jobs[i]), written[i]); };
  co_await callAll(env_.loop, written.size(), std::move(call));
  co_return std::move(written);
}

rt::Task<void> FarBlocks::writeOne(CopyJob job, WrittenCopy& written) {
  const std::shared_ptr<const BlockInfo> info = job.copy.info;
  auto work = [copy = std::move(job.copy), encoding = job.encoding]() -> Result<std::string> {
    auto block = copy.open();
    if (!block) return fail(block.error());
    return farBytesOf(*block, encoding);
  };
  auto bytes = co_await rt::runOn(env_.replicas, env_.loop, std::move(work));
  if (!bytes) {
    written = fail(bytes.error());
    co_return;
  }
  const auto size = static_cast<std::uint64_t>(bytes->size());
  std::string name = info->id;
  std::string value = std::move(*bytes);
  auto put = co_await store_->put(std::move(name), std::move(value));
  if (put) {
    written = std::make_shared<const FarCopy>(env_, store_, name_, info, size);
  } else {
    written = fail(put.error());
  }
}

rt::Task<void> FarBlocks::release(std::vector<std::string> ids) {
  if (!open_) co_return;
  Call call = [this, &ids](std::size_t i) { return removeOne(ids[i]); };
  co_await callAll(env_.loop, ids.size(), std::move(call));
}

// What stays is told at the next start, and released then.
rt::Task<void> FarBlocks::removeOne(std::string name) {
  auto removed = co_await store_->remove(name);
  if (!removed) env_.log.debug("far_block_not_removed", {{"place", name_}, {"block", name}});
}

}  // namespace tidemill::block
