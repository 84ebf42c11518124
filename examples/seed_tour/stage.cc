#include "stage.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "fake/server.h"
#include "http/production_env.h"
#include "kinesis/kinesis_client.h"

namespace tour {
namespace {

constexpr char kStream[] = "orders";

struct Set {
  std::filesystem::path folder;
  bool dropRecord = false;
  int stages = 0;
};
Set theSet;

tidemill::fake::FakeAwsOptions serviceOptions() {
  tidemill::fake::FakeAwsOptions options;
  options.limits = false;
  options.createDelay = std::chrono::milliseconds(0);
  options.reshardDelay = std::chrono::milliseconds(0);
  options.tableDelay = std::chrono::milliseconds(0);
  return options;
}

template <class T>
T valueOf(tidemill::Result<T> result) {
  if (!result) throw result.error();
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::string logText() {
  std::ifstream file(theSet.folder / "log");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

struct Stage::Impl {
  tidemill::fake::FakeAws aws{serviceOptions()};
  std::unique_ptr<tidemill::fake::FakeServer> server;
  std::thread thread;
  int port = 0;
  std::string endpoint;
  tidemill::base::StderrLog log;
  tidemill::http::ProductionEnv production{log};
  std::unique_ptr<tidemill::kinesis::KinesisClient> client;
  std::filesystem::path folder;
  int shards = 0;  // At the beginning.
  std::size_t logBegin = 0;

  void listen() {
    server = valueOf(tidemill::fake::FakeServer::listen(aws, port));
    port = server->port();
    thread = std::thread([this] { server->run(); });
  }
  void stopListening() {
    server->stop();
    thread.join();
    server.reset();
  }
  // Nobody else may use the service while it listens.
  template <class Change>
  void change(Change make) {
    stopListening();
    make();
    listen();
  }
};

Stage::Stage(int shards) : impl_(std::make_unique<Impl>()) {
  impl_->shards = shards;
  impl_->folder = theSet.folder / ("stage-" + std::to_string(++theSet.stages));
  std::filesystem::create_directory(impl_->folder);
  std::filesystem::current_path(impl_->folder);
  impl_->logBegin = logText().size();
  impl_->listen();
  impl_->endpoint = "http://127.0.0.1:" + std::to_string(impl_->port);
  tidemill::kinesis::KinesisClientOptions options;
  options.aws.endpoint = tidemill::aws::Endpoint{impl_->endpoint, "us-east-1"};
  options.aws.credentials = tidemill::AwsCredentials("test", "test");
  const tidemill::rt::Env& env = impl_->production.env();
  impl_->client =
      std::make_unique<tidemill::kinesis::KinesisClient>(env.loop, env.http, env.random, env.log, options);
  valueOf(impl_->production.block(impl_->client->createStream(kStream, shards)));
}

Stage::~Stage() {
  impl_->production.onControlLane([this] { impl_->client.reset(); });
  if (impl_->server) impl_->stopListening();
}

const std::string& Stage::endpoint() const {
  return impl_->endpoint;
}

std::string Stage::folder() const {
  return impl_->folder.string();
}

tidemill::Conf Stage::conf() const {
  tidemill::Conf conf;
  conf.set("tidemill.state.directory", folder() + "/state");
  conf.set("spark.streaming.blockInterval", "20ms");
  conf.set("tidemill.kinesis.idleTimeBetweenReads", "20ms");
  conf.set("tidemill.kinesis.readCallsPerSecond", "0");
  return conf;
}

std::vector<Placed> Stage::put(const std::vector<std::string>& lines) {
  std::vector<tidemill::kinesis::PutEntry> entries;
  for (const std::string& line : lines) entries.push_back({line, line.substr(0, 200), std::nullopt});
  if (theSet.dropRecord) entries.pop_back();
  const auto outcomes = valueOf(impl_->production.block(impl_->client->putRecords(kStream, entries)));
  std::vector<Placed> placed;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i].errorCode.empty()) throw std::runtime_error("a record was not put");
    placed.push_back({lines[i], outcomes[i].shardId, outcomes[i].sequenceNumber});
  }
  return placed;
}

tidemill::SequenceNumberRange Stage::rangeOf(const std::vector<Placed>& placed) {
  return {kStream, placed.front().shardId, placed.front().sequenceNumber, placed.back().sequenceNumber};
}

void Stage::splitFirstShard() {
  const char* const middle = "170141183460469231731687303715884105728";
  valueOf(impl_->production.block(impl_->client->splitShard(kStream, "shardId-000000000000", middle)));
}

void Stage::mergeShards(const std::string& shardId, const std::string& adjacentShardId) {
  valueOf(impl_->production.block(impl_->client->mergeShards(kStream, shardId, adjacentShardId)));
}

void Stage::disconnect() {
  impl_->stopListening();
}

void Stage::reconnect() {
  impl_->listen();
}

void Stage::trim() {
  impl_->change([this] {
    auto& kinesis = impl_->aws.kinesis();
    const auto horizon = impl_->production.env().loop.wall() + std::chrono::hours(1);
    for (int shard = 0; shard < impl_->shards; ++shard) {
      kinesis.trim(kStream, static_cast<std::uint32_t>(shard), horizon);
    }
  });
}

void Stage::throttleDynamo(std::uint32_t perThousand) {
  impl_->change([this, perThousand] { impl_->aws.setDynamoFaults({.throttled = perThousand}); });
}

std::uint64_t Stage::dynamoThrottles() {
  std::uint64_t refused = 0;
  impl_->change([this, &refused] {
    for (const auto& [type, count] : impl_->aws.dynamo().calls().byError) {
      if (type.find("Throttling") != std::string::npos || type.find("Throughput") != std::string::npos) {
        refused += count;
      }
    }
  });
  return refused;
}

bool Stage::logged(const std::string& text) const {
  return logText().find(text, impl_->logBegin) != std::string::npos;
}

SilentPort::SilentPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket_, plain, size) != 0 || ::listen(socket_, 128) != 0 ||
      ::getsockname(socket_, plain, &size) != 0) {
    throw std::runtime_error("no port");
  }
  url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

SilentPort::~SilentPort() {
  ::close(socket_);
}

void setUp(const std::string& folder, bool dropRecord) {
  theSet = {folder, dropRecord};
  const int log = ::open((theSet.folder / "log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0 || ::dup2(log, STDERR_FILENO) < 0) throw std::runtime_error("no log in " + folder);
  ::close(log);
  // The one key pair of the service.
  ::setenv("AWS_ACCESS_KEY_ID", "test", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "test", 1);
  ::unsetenv("AWS_SESSION_TOKEN");
}

}  // namespace tour
