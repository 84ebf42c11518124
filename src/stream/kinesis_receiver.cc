#include "stream/kinesis_receiver.h"

#include <utility>

#include "aws/client_options.h"
#include "kinesis/kinesis_client.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

// A lease write takes milliseconds; a call to a service that hangs is not waited for.
constexpr rt::Duration kAbandonPatience = 2s;

// One of the values of tidemill.kpl.outOfRange.
KplOutOfRange outOfRangeOf(std::string_view name) {
  if (name == "keep") return KplOutOfRange::kKeep;
  return name == "keep_and_count" ? KplOutOfRange::kKeepAndCount : KplOutOfRange::kDropAggregate;
}

}  // namespace

// Belongs to the control lane; the fetch lane only carries the pointer.
struct KinesisReceiver::Mailbox {
  KinesisReceiver* receiver;
};

KinesisReceiver::KinesisReceiver(const Seams& seams, const Conf& conf, const KinesisSource& source,
                                 std::size_t input, ReceiverHost& host, const WorkerLife& life)
    : seams_(seams),
      env_(seams.env),
      conf_(conf),
      source_(source),
      input_(input),
      host_(host),
      life_(life),
      random_(seams.env.random.fork()),
      mailbox_(std::make_shared<Mailbox>(Mailbox{this})),
      drained_(env_.loop, 0),
      tasks_(env_.loop) {}

KinesisReceiver::~KinesisReceiver() {
  mailbox_->receiver = nullptr;
  if (fetchSide_ != nullptr) {
    env_.fetchLoop.post([side = std::move(fetchSide_)] { side->shutdown(false); });
  }
}

rt::Task<Result<void>> KinesisReceiver::start() {
  auto makeApi = apiMaker();
  if (!makeApi) co_return fail(makeApi.error());
  reportStorageLevel();
  auto store = co_await seams_.leases.open(source_.applicationName, source_.streamName);
  if (!store) co_return fail(store.error());
  store_ = std::move(*store);
  api_ = (*makeApi)(env_.loop, env_.http, random_);
  fetchSide_ = makeFetchSide(std::move(*makeApi));
  env_.fetchLoop.post([side = fetchSide_] { side->open(); });

  consume::CoordinatorOptions options;
  options.application = source_.applicationName;
  options.stream = source_.streamName;
  options.worker = {conf_.getText("tidemill.worker.id"), life_.incarnation};
  options.previousIncarnation = life_.previousIncarnation;
  options.checkpointInterval = source_.checkpointInterval;
  options.initialPosition = source_.initialPosition;
  options.times.failover = conf_.getDuration("tidemill.leases.failover");
  options.scanEvery = conf_.getDuration("tidemill.leases.scanInterval");
  options.take.maxLeases = static_cast<int>(conf_.getInteger("tidemill.leases.max"));
  options.take.maxLeasesToSteal = static_cast<int>(conf_.getInteger("tidemill.leases.maxToSteal"));
  coordinator_ = std::make_unique<consume::ShardCoordinator>(env_, *api_, *store_, *this, std::move(options));
  auto opened = co_await coordinator_->open();
  if (!opened) co_return fail(opened.error());
  tasks_.spawn(runCoordinator());
  co_return Result<void>();
}

Result<FetchSide::MakeApi> KinesisReceiver::apiMaker() const {
  aws::EndpointOptions where;
  if (!source_.endpointUrl.empty()) where.endpoint = source_.endpointUrl;
  if (!source_.regionName.empty()) where.region = source_.regionName;
  where.allowPlainHttp = conf_.getBoolean("tidemill.kinesis.allowPlainHttp");
  auto access = aws::resolveClientOptions("kinesis", where, source_.credentials, seams_.environment);
  if (!access) return fail(access.error());
  kinesis::KinesisClientOptions options;
  options.aws = std::move(*access);
  options.aws.callTimeout = conf_.getDuration("tidemill.kinesis.callTimeout");
  base::LogSink* log = &env_.log;
  return FetchSide::MakeApi([options, log](rt::Loop& loop, http::HttpTransport& http,
                                           base::Random& random) -> std::unique_ptr<kinesis::KinesisApi> {
    return std::make_unique<kinesis::KinesisClient>(loop, http, random, *log, options);
  });
}

void KinesisReceiver::reportStorageLevel() const {
  const std::string wanted = storageLevelName(source_.storageLevel);
  if (source_.storageLevel == StorageLevel::MEMORY_ONLY) return;
  env_.log.info(
      "storage_level_reduced",
      {{"stream", source_.streamName},
       {"requested", wanted},
       {"achieved", "MEMORY_ONLY"},
       {"reason", "unprocessed blocks are read again from Kinesis, not kept on disk or replicated"}});
}

std::shared_ptr<FetchSide> KinesisReceiver::makeFetchSide(FetchSide::MakeApi makeApi) {
  FetchSideOptions options;
  options.streamName = source_.streamName;
  options.idPrefix = "input-" + std::to_string(input_);
  options.polling.recordsPerCall = static_cast<int>(conf_.getInteger("tidemill.kinesis.maxRecords"));
  options.polling.pace.callsPerSecond =
      static_cast<int>(conf_.getInteger("tidemill.kinesis.readCallsPerSecond"));
  options.polling.pace.bytesPerSecond = conf_.getInteger("tidemill.kinesis.readBytesPerSecond");
  options.polling.pace.idle = conf_.getDuration("tidemill.kinesis.idleTimeBetweenReads");
  options.polling.deaggregate = conf_.getBoolean("tidemill.kpl.deaggregate");
  options.polling.kplOutOfRange = outOfRangeOf(conf_.getText("tidemill.kpl.outOfRange"));
  options.aggregates = aggregates_;
  options.blocks.sealBytes = conf_.getInteger("tidemill.block.sealBytes");
  options.blockInterval = conf_.getDuration("spark.streaming.blockInterval");
  options.blockQueueSize = conf_.getInteger("spark.streaming.blockQueueSize");
  options.budgetBytes = conf_.getInteger("tidemill.memory.budget");
  rt::Loop* control = &env_.loop;
  const auto mailbox = mailbox_;
  auto onBlock = [control, mailbox](std::shared_ptr<const block::Block> block) {
    control->post([mailbox, block = std::move(block)]() mutable {
      KinesisReceiver* receiver = mailbox->receiver;
      if (receiver == nullptr) return;
      receiver->host_.onBlock(receiver->input_, std::move(block));
      receiver->noteStored();
    });
  };
  auto onFailure = [control, mailbox](const Error& error) {
    control->post([mailbox, error] {
      if (mailbox->receiver != nullptr) mailbox->receiver->host_.onReceiverFailed(error);
    });
  };
  return std::make_shared<FetchSide>(env_, std::move(options), random_.fork(), std::move(makeApi),
                                     std::move(onBlock), std::move(onFailure));
}

void KinesisReceiver::noteStored() {
  if (fetchSide_ == nullptr) return;
  env_.fetchLoop.post([side = fetchSide_] { side->blockStored(); });
}

void KinesisReceiver::startShard(const consume::ShardStart& start) {
  if (fetchSide_ == nullptr) return;  // Draining: the shard is left to the next run.
  host_.onShardStarted(source_.streamName, start);
  env_.fetchLoop.post([side = fetchSide_, start] { side->start(start); });
}

void KinesisReceiver::stopShard(const consume::ShardStop& stop) {
  if (fetchSide_ == nullptr) return;
  env_.fetchLoop.post([side = fetchSide_, stop] { side->stop(stop); });
}

rt::Task<void> KinesisReceiver::runCoordinator() {
  auto ended = co_await coordinator_->run();
  if (!ended) host_.onReceiverFailed(ended.error());
}

rt::Task<void> KinesisReceiver::drain(bool flush) {
  if (fetchSide_ == nullptr) co_return;
  // Messages of a lane arrive in order, so the blocks are here before this answer is.
  env_.fetchLoop.post([side = std::move(fetchSide_), control = &env_.loop, mailbox = mailbox_, flush] {
    side->shutdown(flush);
    control->post([mailbox] {
      if (mailbox->receiver != nullptr) mailbox->receiver->drained_.release(1);
    });
  });
  fetchSide_ = nullptr;
  co_await drained_.acquire(1);
}

BlockList KinesisReceiver::deliverable(const BlockList& blocks) {
  return coordinator_->deliverable(blocks);
}

void KinesisReceiver::processed(const BlockList& blocks) {
  coordinator_->processed(blocks);
}

rt::Task<void> KinesisReceiver::abandon() {
  if (coordinator_ == nullptr) co_return;
  coordinator_->requestStop();
  co_await tasks_.join(kAbandonPatience);
  tasks_.cancel();
}

rt::Task<Result<void>> KinesisReceiver::finish() {
  coordinator_->requestStop();
  co_await tasks_.join(rt::Duration::max());
  co_return co_await coordinator_->finish();
}

consume::CoordinatorTotals KinesisReceiver::totals() const {
  return coordinator_ == nullptr ? consume::CoordinatorTotals{} : coordinator_->totals();
}

}  // namespace tidemill::stream
