// sim/workloads/happened.h: what befell a run, counted where it is known for sure.
#pragma once

#include "fake/fake_kinesis.h"
#include "sim/runner.h"

namespace tidemill::sim {

// From the history: crashes (kill and power cut), stalls, clock_steps, lost (responses after the effect),
// lost_requests, resets, server_errors. From the service: splits and merges that it carried out, expired
// (iterators refused), bare_ends (pages of open shards without a next iterator), throttled (together with the
// network's). Call it before World::end().
Happened happenedIn(const World& world, const fake::FakeKinesis& kinesis);

}  // namespace tidemill::sim
