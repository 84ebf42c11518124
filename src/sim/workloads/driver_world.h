// sim/workloads/driver_world.h: a world in which drivers read one stream, and all that watches them.
#pragma once

#include <cstdint>

#include "fake/fake_aws.h"
#include "sim/runner.h"
#include "sim/workloads/restarting_driver.h"
#include "sim/workloads/stream_producer.h"
#include "sim/world.h"

namespace tidemill::sim {

// The stream is being filled; drivers are not there yet.
class DriverWorld {
 public:
  DriverWorld(std::uint64_t seed, const WorkloadOptions& options, const WorldOptions& worldOptions,
              const DrawnDriver& drawn, StreamProducerOptions producing);
  DriverWorld(const DriverWorld&) = delete;
  DriverWorld& operator=(const DriverWorld&) = delete;

  // It is started at once, and again whenever it has ended.
  Node& addDriver(std::size_t index);
  // Until every record has reached a committed batch.
  void catchUp(rt::Duration patience);
  // I18: whoever runs ends when it is asked to, with nothing left over.
  void stopAll(rt::Duration patience);

  World world;
  fake::FakeAws service;
  Drivers drivers;
  bool produced = false;

 private:
  void watchDirectory(std::size_t node);
  void onPut(std::uint64_t life, const std::string& name, const std::string& bytes);
};

}  // namespace tidemill::sim
