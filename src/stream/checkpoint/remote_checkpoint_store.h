// stream/checkpoint/remote_checkpoint_store.h: what checkpoint directories behind a network have in common.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rt/env.h"
#include "stream/checkpoint/checkpoint_store.h"

namespace tidemill::stream {

struct RemoteStoreOptions {
  // What the place is used as, for errors.
  std::string purpose = "checkpoint directory";
  // Whether open() asks for the proof; where names are written once by one process nobody needs it.
  bool proves = true;
  // A store that fails the proof is used all the same, with event=checkpoint_store_unsafe.
  bool unsafeSingleWriter = false;
};

// Proves at open() that the store keeps the promise of putIfAbsent(): a probe is written twice, and the
// second write must be refused and change nothing. There is no lock: numbered names are the fence. Errors
// name the url and the name.
class RemoteCheckpointStore : public CheckpointStore {
 public:
  // `env` outlives this object.
  RemoteCheckpointStore(const rt::Env& env, std::string url, RemoteStoreOptions options);

  const std::string& url() const final { return url_; }
  rt::Task<Result<void>> open(std::string holder) final;
  bool exclusive() const final { return false; }
  rt::Task<Result<void>> putIfAbsent(std::string name, std::string bytes) final;
  rt::Task<Result<std::string>> get(std::string name) final;
  rt::Task<Result<std::vector<std::string>>> list(std::string folder) final;
  rt::Task<Result<void>> remove(std::string name) final;

 protected:
  const rt::Env& env() const { return env_; }

  // Makes the place.
  virtual rt::Task<Result<void>> prepare() = 0;
  // False: there is such a name. Names may begin with a dot here.
  virtual rt::Task<Result<bool>> write(std::string name, std::string bytes) = 0;
  // Nothing: no such name. kResponseTooLarge above `bytesMax`.
  virtual rt::Task<Result<std::optional<std::string>>> read(std::string name, std::size_t bytesMax) = 0;
  // In any order, and with what nobody is to see.
  virtual rt::Task<Result<std::vector<std::string>>> namesIn(std::string folder) = 0;
  virtual rt::Task<Result<void>> erase(std::string name) = 0;

 private:
  rt::Task<Result<void>> prove();
  // The same error, with what it is about before it.
  tl::unexpected<Error> about(std::string_view name, const Error& error) const;

  const rt::Env& env_;
  const std::string url_;
  const RemoteStoreOptions options_;
};

}  // namespace tidemill::stream
