// stream/test_service.h: the fake AWS behind real sockets, for tests of whole contexts.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fake/server.h"
#include "http/production_env.h"
#include "kinesis/kinesis_client.h"

namespace tidemill {

inline fake::FakeAwsOptions serviceOptions() {
  fake::FakeAwsOptions options;
  options.limits = false;
  options.createDelay = std::chrono::milliseconds(0);
  options.reshardDelay = std::chrono::milliseconds(0);
  return options;
}

// The fake AWS on a port of its own, and a client that writes to it.
class Service {
 public:
  Service() : server_(std::move(*fake::FakeServer::listen(aws_, 0))), thread_([this] { server_->run(); }) {
    kinesis::KinesisClientOptions options;
    options.aws.endpoint = aws::Endpoint{endpoint(), "us-east-1"};
    options.aws.credentials = AwsCredentials("test", "test");
    const rt::Env& env = production_.env();
    client_ = std::make_unique<kinesis::KinesisClient>(env.loop, env.http, env.random, env.log, options);
  }
  ~Service() {
    production_.onControlLane([this] { client_.reset(); });
    server_->stop();
    thread_.join();
  }

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  void createStream(int shards, const std::string& stream = "orders") {
    EXPECT_TRUE(production_.block(client_->createStream(stream, shards)));
  }
  void split() {
    // A quarter of the hash keys: the middle of the first of two shards.
    EXPECT_TRUE(production_.block(
        client_->splitShard("orders", "shardId-000000000000", "85070591730234615865843651857942052864")));
  }
  // The outcomes of all entries, which must succeed.
  std::vector<kinesis::PutOutcome> putEntries(std::vector<kinesis::PutEntry> entries) {
    auto outcomes = production_.block(client_->putRecords("orders", std::move(entries)));
    EXPECT_TRUE(outcomes);
    if (!outcomes) return {};
    for (const kinesis::PutOutcome& outcome : *outcomes) EXPECT_EQ(outcome.errorCode, "");
    return std::move(*outcomes);
  }
  void put(int records) {
    std::vector<kinesis::PutEntry> entries;
    for (int i = 0; i < records; ++i) {
      const std::string number = std::to_string(written_++);
      entries.push_back({number, number, std::nullopt});
    }
    putEntries(std::move(entries));
  }

 private:
  fake::FakeAws aws_{serviceOptions()};
  std::unique_ptr<fake::FakeServer> server_;
  std::thread thread_;
  base::StderrLog log_;
  http::ProductionEnv production_{log_};
  std::unique_ptr<kinesis::KinesisClient> client_;
  int written_ = 0;
};

}  // namespace tidemill
