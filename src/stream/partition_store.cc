#include "stream/partition_store.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "block/compressed.h"
#include "codec/crc32c.h"
#include "stream/block_store_options.h"

namespace tidemill::stream {
namespace {

// Packed: the checksum of the rest, the encoding, the size before it, and the bytes.
constexpr std::size_t kHeadBytes = 4 + 1 + 8;
// More in one partition is not kept.
constexpr std::size_t kRawBytesMax = std::size_t{1} << 30;

void putNumber(std::string& to, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) to.push_back(static_cast<char>(number >> (8 * i) & 0xff));
}

std::uint64_t numberAt(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    number = number << 8 | static_cast<unsigned char>(bytes[i - 1]);
  }
  return number;
}

std::string pack(const std::string& raw, block::BlockEncoding encoding) {
  std::string body;
  putNumber(body, static_cast<std::uint64_t>(encoding), 1);
  putNumber(body, raw.size(), 8);
  body += block::compressed(raw, encoding);
  std::string packed;
  packed.reserve(body.size() + 4);
  putNumber(packed, codec::crc32c(body), 4);
  return packed + body;
}

Result<std::string> unpack(std::string_view packed, std::string_view where) {
  const auto damaged = [&](std::string_view what) {
    return fail(Code::kDamagedBlock, fmt::format("{}: {}", where, what), "the partition is computed again");
  };
  if (packed.size() < kHeadBytes) return damaged("it is too short");
  if (codec::crc32c(packed.substr(4)) != numberAt(packed.substr(0, 4)))
    return damaged("its checksum is wrong");
  const auto encoding = static_cast<block::BlockEncoding>(packed[4]);
  const std::uint64_t size = numberAt(packed.substr(5, 8));
  if (size > kRawBytesMax) return damaged("it is too large");
  if (!block::canBecome(size, packed.substr(kHeadBytes), encoding)) return damaged("its sizes do not fit");
  std::string raw(static_cast<std::size_t>(size), '\0');
  if (!block::decompress(packed.substr(kHeadBytes), encoding, raw.data(), raw.size())) {
    return damaged("it cannot be decompressed");
  }
  return raw;
}

}  // namespace

PartitionStoreOptions partitionStoreOptionsOf(const Conf& conf) {
  PartitionStoreOptions options;
  options.memoryBytes = conf.getInteger("tidemill.persist.memory");
  options.diskBytes = conf.getInteger("tidemill.persist.disk");
  options.encoding = blockEncodingOf(conf);
  return options;
}

std::string persistDirectoryOf(const Conf& conf) {
  return scratchDirectoryOf(conf, "persisted") + "/" + asFileName(conf.getText("tidemill.worker.id"));
}

// A part of a limit, given back when it goes.
class PartitionStore::Share {
 public:
  Share(Used used, std::int64_t bytes) : used_(std::move(used)), bytes_(bytes) {}
  ~Share() { used_->fetch_sub(bytes_); }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

 private:
  const Used used_;
  const std::int64_t bytes_;
};

class PartitionStore::InMemory final : public detail::KeptBytes {
 public:
  InMemory(std::string packed, std::shared_ptr<const Share> share)
      : packed_(std::move(packed)), share_(std::move(share)) {}
  Result<std::string> read() const override { return unpack(packed_, "a partition in memory"); }

 private:
  const std::string packed_;
  const std::shared_ptr<const Share> share_;
};

class PartitionStore::OnDisk final : public detail::KeptBytes {
 public:
  OnDisk(Files files, std::string path, std::size_t bytes, std::shared_ptr<const Share> share)
      : files_(std::move(files)), path_(std::move(path)), bytes_(bytes), share_(std::move(share)) {}
  // A file that stays is removed by the next process.
  ~OnDisk() override {
    rt::FileSystem* const files = files_->load();
    if (files != nullptr) (void)files->remove(path_);
  }
  Result<std::string> read() const override {
    rt::FileSystem* const files = files_->load();
    if (files == nullptr)
      return fail(Code::kIo, path_ + " went with its context", "keep what collect() gives");
    auto packed = files->read(path_, bytes_);
    if (!packed) return packed;
    return unpack(*packed, path_);
  }

 private:
  const Files files_;
  const std::string path_;
  const std::size_t bytes_;
  const std::shared_ptr<const Share> share_;
};

PartitionStore::PartitionStore(rt::FileSystem& files, base::LogSink& log, PartitionStoreOptions options)
    : files_(std::make_shared<std::atomic<rt::FileSystem*>>(&files)),
      log_(log),
      options_(std::move(options)) {}

Result<void> PartitionStore::close() {
  rt::FileSystem* const files = files_->exchange(nullptr);
  if (files == nullptr || !hasFiles()) return {};
  return clear(*files, options_.directory);
}

Result<void> PartitionStore::clear(rt::FileSystem& files, const std::string& directory) {
  auto there = files.exists(directory);
  if (!there) return fail(there.error());
  if (!*there) return {};
  auto names = files.list(directory);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    auto removed = files.remove(directory + "/" + name);
    if (!removed) return removed;
  }
  return {};
}

std::shared_ptr<const PartitionStore::Share> PartitionStore::take(const Used& used, std::int64_t bytes,
                                                                  std::int64_t most) {
  const std::int64_t before = used->fetch_add(bytes);
  auto share = std::make_shared<const Share>(used, bytes);
  return before + bytes <= most ? share : nullptr;
}

std::shared_ptr<const void> PartitionStore::reserve(std::int64_t bytes) {
  auto share = take(memory_, bytes, options_.memoryBytes);
  if (share == nullptr) tellOnce("tidemill.persist.memory is full");
  return share;
}

std::shared_ptr<const detail::KeptBytes> PartitionStore::keep(const std::string& bytes,
                                                              const StorageTraits& traits) {
  rt::FileSystem* const files = files_->load();
  if (files == nullptr) return nullptr;
  if (bytes.size() > kRawBytesMax) {
    tellOnce("a partition has more than a gibibyte");
    return nullptr;
  }
  std::string packed = pack(bytes, options_.encoding);
  const auto size = static_cast<std::int64_t>(packed.size());
  if (traits.memory) {
    if (auto share = take(memory_, size, options_.memoryBytes)) {
      return std::make_shared<const InMemory>(std::move(packed), std::move(share));
    }
    if (!traits.disk || !hasDisk()) tellOnce("tidemill.persist.memory is full");
  }
  if (!traits.disk || !hasDisk()) return nullptr;
  auto share = take(disk_, size, options_.diskBytes);
  if (share == nullptr) {
    tellOnce("tidemill.persist.disk is full");
    return nullptr;
  }
  const std::string path = fmt::format("{}/{:020d}", options_.directory, nextFile_.fetch_add(1));
  auto written = write(*files, path, packed);
  if (!written) {
    tellOnce(written.error().message());
    return nullptr;
  }
  return std::make_shared<const OnDisk>(files_, path, packed.size(), std::move(share));
}

Result<void> PartitionStore::write(rt::FileSystem& files, const std::string& path,
                                   const std::string& packed) {
  if (!folderMade_.load()) {
    auto made = files.makeDirectory(options_.directory);
    if (!made) return made;
    folderMade_.store(true);
  }
  auto file = files.openAppend(path);
  if (!file) return fail(file.error());
  auto written = (*file)->append(packed);
  if (!written) (void)files.remove(path);  // Else the next process does it.
  return written;
}

void PartitionStore::tellOnce(std::string_view what) {
  if (told_.exchange(true)) return;
  log_.warning("partition_not_kept", {{"reason", what}});
}

}  // namespace tidemill::stream
