#include "stream/block_store_options.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "base/text.h"
#include "block/directory_files.h"
#include "stream/checkpoint/checkpoint_stores.h"

namespace tidemill::stream {
namespace {

constexpr std::string_view kReplicasKey = "tidemill.block.replicas";

std::string directoryOf(const Conf& conf) {
  std::string named = conf.getText("tidemill.block.directory");
  if (!named.empty()) return named;
  return scratchDirectoryOf(conf, "blocks");
}

tl::unexpected<Error> refuseReplica(std::string_view replica, std::string_view why) {
  return fail(Code::kInvalidConfig, fmt::format("{}: {} {}", kReplicasKey, base::quoteIfNeeded(replica), why),
              "name folders on other disks or network mounts, or stores, for example "
              "dir:/mnt/b,s3://bucket/copies");
}

Result<std::vector<BlockStoreOptions::Replica>> replicasOf(const Conf& conf, const std::string& worker,
                                                           const std::string& localDirectory) {
  constexpr std::string_view kDirectory = "dir:";
  const std::string text = conf.getText(std::string(kReplicasKey));
  std::vector<BlockStoreOptions::Replica> replicas;
  std::set<std::string> seen{localDirectory};
  if (text.empty()) return replicas;
  for (const std::string_view part : base::split(text, ',')) {
    const std::string_view name = base::trim(part);
    if (hasUserPart(name)) {
      return fail(Code::kInvalidConfig,
                  fmt::format("{}: a url with a user or key in front of @", kReplicasKey),
                  "leave it out: credentials come from where the AWS tools look, and the user of HDFS from "
                  "tidemill.hdfs.user");
    }
    const bool far = isFarReplica(name);
    if (!far && !name.starts_with(kDirectory)) return refuseReplica(name, "is no dir:PATH, s3:// or hdfs://");
    std::string path(far ? name : name.substr(kDirectory.size()));
    while (far && path.ends_with('/')) path.pop_back();
    if (path.empty()) return refuseReplica(name, "names no folder");
    const std::string directory = path + "/" + worker;
    if (!seen.insert(directory).second) return refuseReplica(name, "is where another copy lies already");
    replicas.push_back({std::string(name), directory});
  }
  return replicas;
}

}  // namespace

block::BlockEncoding blockEncodingOf(const Conf& conf) {
  const std::string codec = conf.getText("spark.io.compression.codec");
  const std::string serializer = conf.getText("spark.serializer");
  if (codec == "zstd" || codec.ends_with(".ZStdCompressionCodec")) return block::BlockEncoding::kZstd;
  if (codec == "none") return block::BlockEncoding::kNone;
  const bool java = serializer == "java" || serializer.ends_with(".JavaSerializer");
  return codec == "auto" && java ? block::BlockEncoding::kNone : block::BlockEncoding::kLz4;
}

std::string scratchDirectoryOf(const Conf& conf, std::string_view name) {
  const std::string local = conf.getText("spark.local.dir");
  const std::string_view first = base::trim(base::split(local, ',').front());
  if (!first.empty()) return std::string(first) + "/tidemill-" + std::string(name);
  return conf.getText("tidemill.state.directory") + "/" + std::string(name);
}

std::string asFileName(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || (c == '.' && !result.empty());
    if (plain) {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

Result<BlockStoreOptions> blockStoreOptionsOf(const Conf& conf) {
  const std::string workerId = conf.getText("tidemill.worker.id");
  const std::string worker = asFileName(workerId);
  BlockStoreOptions options;
  options.directory = directoryOf(conf) + "/" + worker;
  auto replicas = replicasOf(conf, worker, options.directory);
  if (!replicas) return fail(replicas.error());
  options.replicas = std::move(*replicas);
  options.segmentBytes = static_cast<std::uint64_t>(conf.getInteger("tidemill.block.segmentBytes"));
  options.holder = "the block store of worker " + workerId;

  options.store.memoryBytes = conf.getInteger("spark.executor.memory");
  options.store.encoding = blockEncodingOf(conf);
  options.store.replication = conf.getText("tidemill.block.replication") == "require"
                                  ? block::Replication::kRequire
                                  : block::Replication::kWarn;
  options.store.places.replicaTimeout = conf.getDuration("spark.streaming.receiver.blockStoreTimeout");
  return options;
}

Result<std::unique_ptr<block::TieredBlockStore>> makeBlockStore(const rt::Env& env,
                                                                const BlockStoreOptions& options,
                                                                const OpenFarStore& openFar) {
  const auto folder = [&](const std::string& directory) {
    block::DiskBlocksOptions disk;
    disk.holder = options.holder;
    disk.salt = env.random.next();
    disk.segmentBytes = options.segmentBytes;
    return std::make_shared<block::DirectoryFiles>(env.files, env.faults, env.log, directory,
                                                   std::move(disk));
  };
  block::TieredFiles files;
  files.local = folder(options.directory);
  for (const BlockStoreOptions::Replica& replica : options.replicas) {
    if (!isFarReplica(replica.name)) {
      files.replicas.push_back({replica.name, folder(replica.directory), nullptr});
      continue;
    }
    auto store = openFar(replica.directory);
    if (!store) return fail(store.error());
    files.replicas.push_back(
        {replica.name, nullptr, std::make_shared<block::FarBlocks>(env, replica.name, std::move(*store))});
  }
  return std::make_unique<block::TieredBlockStore>(env, options.store, std::move(files));
}

}  // namespace tidemill::stream
