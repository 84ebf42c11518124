// block/fake_block_files.h: a place for blocks in memory, which fails as a test likes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "block/block_files.h"

namespace tidemill::block {

// What the test and the copies share with a FakeFiles: it outlives them.
struct FakePlace {
  std::map<std::string, std::string> stored;  // Packed, by id.
  // Every call, with the ids: "put a b", "replace a", "release a".
  std::vector<std::string> calls;
  std::optional<Error> failure;
  // Bytes that fit in all.
  std::size_t room = std::size_t{1} << 40;

  std::size_t used() const {
    std::size_t bytes = 0;
    for (const auto& [id, packed] : stored) bytes += packed.size();
    return bytes;
  }
  void flip(const std::string& id) {
    std::string& bytes = stored.at(id);
    bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 1);
  }
};

class FakeCopy final : public StoredCopy {
 public:
  FakeCopy(std::shared_ptr<const FakePlace> place, std::shared_ptr<const BlockInfo> info, std::size_t bytes)
      : place_(std::move(place)), info_(std::move(info)), bytes_(bytes) {}

  Result<std::shared_ptr<const Block>> load() const override {
    const auto found = place_->stored.find(info_->id);
    if (found == place_->stored.end()) return fail(Code::kIo, "there is no " + info_->id, "");
    auto block = unpackBlock(codec::Body::copyOf(found->second));
    if (!block) return block;
    const auto verified = verifyContent(**block);
    if (!verified) return fail(verified.error());
    return block;
  }
  const std::shared_ptr<const BlockInfo>& info() const override { return info_; }
  std::uint64_t bytes() const override { return bytes_; }
  std::string where() const override { return "the fake place of " + info_->id; }

 private:
  const std::shared_ptr<const FakePlace> place_;
  const std::shared_ptr<const BlockInfo> info_;
  const std::size_t bytes_;
};

class FakeFiles final : public BlockFiles {
 public:
  explicit FakeFiles(std::shared_ptr<FakePlace> place) : place_(std::move(place)) {}

  Result<StoredCopies> open() override {
    place_->calls.push_back("open");
    if (place_->failure) return tl::unexpected(*place_->failure);
    StoredCopies copies;
    for (const auto& [id, packed] : place_->stored) {
      const auto block = unpackBlock(codec::Body::copyOf(packed));
      copies.push_back(std::make_shared<const FakeCopy>(place_, (*block)->info(), packed.size()));
    }
    return copies;
  }

  Result<StoredCopies> put(std::span<const std::shared_ptr<const Block>> blocks,
                           BlockEncoding encoding) override {
    std::string call = "put";
    for (const auto& block : blocks) call += " " + block->id();
    place_->calls.push_back(call);
    return write(blocks, encoding, false);
  }

  Result<std::shared_ptr<const StoredCopy>> replace(std::shared_ptr<const Block> block,
                                                    BlockEncoding encoding) override {
    place_->calls.push_back("replace " + block->id());
    auto copies = write({&block, 1}, encoding, true);
    if (!copies) return fail(copies.error());
    return copies->front();
  }

  Result<void> release(std::span<const std::string> ids) override {
    std::string call = "release";
    for (const auto& id : ids) {
      call += " " + id;
      place_->stored.erase(id);
    }
    place_->calls.push_back(call);
    return {};
  }

 private:
  Result<StoredCopies> write(std::span<const std::shared_ptr<const Block>> blocks, BlockEncoding encoding,
                             bool anew) {
    if (place_->failure) return tl::unexpected(*place_->failure);
    std::map<std::string, std::string> fresh;
    std::size_t bytes = 0;
    StoredCopies copies;
    for (const auto& block : blocks) {
      const std::string packed((*packBlock(block, encoding))->view());
      bytes += packed.size();
      // As a real place does: what is there already stays, whatever its bytes are now.
      if (anew || !place_->stored.contains(block->id())) fresh[block->id()] = packed;
      copies.push_back(std::make_shared<const FakeCopy>(place_, block->info(), packed.size()));
    }
    if (place_->used() + bytes > place_->room) return fail(Code::kDiskFull, "the fake place is full", "");
    for (auto& [id, packed] : fresh) place_->stored[id] = std::move(packed);
    return copies;
  }

  const std::shared_ptr<FakePlace> place_;
};

}  // namespace tidemill::block
