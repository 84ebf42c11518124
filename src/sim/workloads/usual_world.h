// sim/workloads/usual_world.h: the world of a workload that reads one stream, and how it ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fake/fake_aws.h"
#include "lease/memory_lease_store.h"
#include "sim/runner.h"
#include "sim/workloads/delivery_checker.h"
#include "sim/workloads/stream_producer.h"
#include "sim/world.h"

namespace tidemill::sim {

// A network on which a little goes wrong. Rates of fault points are the workload's own.
WorldOptions usualWorld(const WorkloadOptions& options);
// A service with faults of its own besides those of the network, whose iterators expire within a run.
fake::FakeAwsOptions usualService(std::uint64_t seed, const WorkloadOptions& options);

// `host` is answered by `service`, which outlives the world's last step.
void serve(World& world, const std::string& host, fake::FakeAws& service);
// A node of its own fills the stream; `produced` becomes true when it has ended, and outlives it.
void addProducer(World& world, StreamProducerOptions options, bool& produced);

// The checker hears of every lease checkpoint. Both outlive the table's last write.
void watchCheckpoints(lease::MemoryLeaseTable& leases, DeliveryChecker& checker);

// Faults stop; within `patience` every record must have been produced and have reached what the checker
// watches, else I7 is broken, which `missed` says in words.
void catchUp(World& world, fake::FakeAws& service, const bool& produced, DeliveryChecker& checker,
             rt::Duration patience, std::string_view missed);

}  // namespace tidemill::sim
