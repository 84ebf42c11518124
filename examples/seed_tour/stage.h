// seed_tour/stage.h: what the tour plays on: a Kinesis and a DynamoDB in this process, with the stream
// `orders`.
//
// No part of what the tour shows: the rows use the public headers alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tidemill/conf.h"
#include "tidemill/sequence_number_range.h"

namespace tour {

// Where a line lies in the stream.
struct Placed {
  std::string line;
  std::string shardId;
  std::string sequenceNumber;
};

// One for each row, in a folder of its own, which is also the folder of the process meanwhile.
class Stage {
 public:
  explicit Stage(int shards = 1);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  const std::string& endpoint() const;
  // The place of the row's files.
  std::string folder() const;
  // Quick: the default waits are for a service that asks money for calls.
  tidemill::Conf conf() const;

  std::vector<Placed> put(const std::vector<std::string>& lines);
  // The lines of put() in one shard.
  static tidemill::SequenceNumberRange rangeOf(const std::vector<Placed>& placed);

  // Halves the hash keys; of a stream of one shard.
  void splitFirstShard();
  void mergeShards(const std::string& shardId, const std::string& adjacentShardId);
  // Nobody answers any more, until reconnect().
  void disconnect();
  void reconnect();
  // What was put so far is gone, as it is after the retention.
  void trim();
  // Of requests to DynamoDB, in a thousand.
  void throttleDynamo(std::uint32_t perThousand);
  std::uint64_t dynamoThrottles();

  // Whether the library has logged something with this text in it since the stage was made.
  bool logged(const std::string& text) const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

// A port that takes connections and never answers.
class SilentPort {
 public:
  SilentPort();
  ~SilentPort();
  std::string url() const { return url_; }

 private:
  int socket_ = -1;
  std::string url_;
};

// Sends the log to a file, and makes all stages below `folder`. With `dropRecord` a stage loses one line of
// each put(), to show that the tour can fail.
void setUp(const std::string& folder, bool dropRecord);

}  // namespace tour
