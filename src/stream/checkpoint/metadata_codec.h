// stream/checkpoint/metadata_codec.h: the content of a metadata checkpoint.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stream/checkpoint/ledger_state.h"
#include "tidemill/result.h"
#include "tidemill/time.h"

namespace tidemill::stream {

// An operator of a program, as far as a later one must know it.
struct NodeShape {
  std::string uid;
  std::string kind;
  std::vector<std::string> parents;
  Duration slide{};
  // What else describes it, for people. Never a secret.
  std::string parameters;
  // Of one with state: what that consists of. Else empty.
  std::string typeTag;

  friend bool operator==(const NodeShape&, const NodeShape&) = default;
};

struct ProgramShape {
  Duration batchInterval{};
  std::vector<NodeShape> nodes;

  friend bool operator==(const ProgramShape&, const ProgramShape&) = default;
};

struct Metadata {
  ProgramShape program;
  LedgerState state;
};

// What is read is written as it was, byte for byte.
class MetadataCodec {
 public:
  static std::string encode(const Metadata& metadata);
  // kCheckpointUnreadable says at which byte it goes wrong.
  static Result<Metadata> read(std::string_view bytes);

 private:
  static void appendState(const LedgerState& state, std::string& to);
};

}  // namespace tidemill::stream
