#include "stream/context_world.h"

#include <string>

#include "aws/curl_options.h"
#include "block/memory_block_store.h"
#include "rt/no_waiting.h"
#include "stream/kinesis_options.h"
#include "stream/lease_stores.h"

namespace tidemill::stream {
namespace {

http::ProductionOptions productionOptions(const Conf& conf) {
  http::ProductionOptions options;
  options.curl = aws::curlOptionsFrom(aws::processEnvironment());
  // A batch gives its bodies back all at once; the next batch is read into the same memory.
  options.curl.idleBodyBytesMax = static_cast<std::size_t>(conf.getInteger("tidemill.memory.budget"));
  return options;
}

std::unique_ptr<OwnWorld> ownWorldUnless(bool borrowed, const Conf& conf) {
  return borrowed ? nullptr : std::make_unique<OwnWorld>(conf);
}

}  // namespace

Error contextStopped() {
  return Error(Code::kUsage, "the context has stopped", "use RDDs and blocks before stop()");
}

OwnWorld::OwnWorld(const Conf& conf)
    : production(log, productionOptions(conf)),
      leases(leaseStoresOf(production.env(), conf, aws::processEnvironment())) {}

ContextWorld::ContextWorld(std::optional<Seams> borrowed, Conf conf)
    : conf_(std::move(conf)),
      own_(ownWorldUnless(borrowed.has_value(), conf_)),
      seams_(borrowed ? *borrowed : Seams{own_->production.env(), *own_->leases, aws::processEnvironment()}),
      gate_(std::make_shared<rt::Gate<ContextWorld>>(*this)),
      paces_(std::make_shared<consume::ShardPaces>(paceOptionsOf(conf_))),
      partitions_(std::make_shared<PartitionStore>(seams_.env.files, seams_.env.log,
                                                   partitionStoreOptionsOf(conf_))) {
  onControlLane([this] {
    blocks_ = std::make_unique<block::MemoryBlockStore>();
    awaited_ = std::make_unique<rt::TaskGroup>(seams_.env.loop);
  });
}

ContextWorld::~ContextWorld() {
  gate_->close();
  onControlLane([this] { awaited_.reset(); });
  gate_->drain();
  onControlLane([this] { blocks_.reset(); });
}

std::shared_ptr<const block::BlockSource> ContextWorld::find(const std::string& id) const {
  auto lent = lent_ ? lent_(id) : nullptr;
  return lent != nullptr ? lent : blocks_->find(id);
}

void ContextWorld::onControlLane(const std::function<void()>& work) {
  if (own_ == nullptr) {
    work();
  } else {
    own_->production.onControlLane([&work] { work(); });
  }
}

Result<void> ContextWorld::visitLane(const std::function<void()>& work) {
  if (own_ != nullptr) {
    if (auto may = mayWait(); !may) return may;
  }
  onControlLane(work);
  return {};
}

void ContextWorld::stop() {
  auto entry = gate_->enter();
  if (!entry) return;
  gate_->close();
  if (own_ == nullptr) {  // The caller is on the lane, which may never run again.
    awaited_.reset();
    return;
  }
  // The message holds the entry, so that this object is there when it arrives.
  seams_.env.loop.post([this, entry = std::move(entry)] { awaited_.reset(); });
}

Result<void> ContextWorld::mayWait() const {
  if (own_ == nullptr) {
    return fail(Code::kUsage, "a context in a borrowed world cannot wait for its lane",
                "await stream::recoverBlocks() there instead");
  }
  const char* where = rt::NoWaiting::here();
  if (where != nullptr) {
    return fail(Code::kUsage, std::string("blocks cannot be waited for ") + where,
                "call actions from the thread of the program or of an output operation");
  }
  return {};
}

}  // namespace tidemill::stream
