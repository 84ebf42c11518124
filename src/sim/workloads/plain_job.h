// sim/workloads/plain_job.h: what windows and state of a job must give, computed from its batches without an
// engine.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/workloads/delivery_checker.h"
#include "tidemill/time.h"

namespace tidemill::sim {

// What a job does with lines, beside its output of each batch.
struct JobShape {
  enum class Windows {
    kNone,
    // The records: window().
    kRecords,
    // How often each word occurs: reduceByKeyAndWindow() by way of the window before.
    kWords,
  };
  enum class State {
    kNone,
    // updateStateByKey(), mapWithState(): how often each word has occurred.
    kUpdated,
    kMapped,
  };
  Windows windows = Windows::kNone;
  Duration length = Seconds(1);
  Duration slide = Seconds(1);
  State state = State::kNone;
  // Of kMapped. Nothing: never.
  std::optional<Duration> timeout = std::nullopt;

  // A window of one batch does not.
  bool looksBack() const {
    return (windows != Windows::kNone && (length > Seconds(1) || slide > Seconds(1))) ||
           state != State::kNone;
  }
};

using WordCounts = std::map<std::string, std::int64_t>;

std::vector<std::string> wordsOf(const std::string& line);
// "shardId-…/number/part"
std::string placeOf(const Delivered& record);

// What each batch delivered. A value.
class PlainJob {
 public:
  explicit PlainJob(std::optional<Duration> timeout) : timeout_(timeout) {}

  // In place of what an earlier try of the batch delivered.
  void setBatch(Time time, std::vector<Delivered> records);
  // Null: no such batch.
  const std::vector<Delivered>* batch(Time time) const;

  // Of the window that ends with the batch of `end`: places of the records, sorted; its words.
  std::vector<std::string> placesOfWindow(Time end, Duration length) const;
  WordCounts wordsOfWindow(Time end, Duration length) const;
  // Of all batches up to that one. A word that was in none of the batches for longer than the timeout starts
  // again from nothing.
  const WordCounts& totals(Time upTo);

 private:
  // What the batches up to `upTo` amount to.
  struct Folded {
    Time upTo = Time::min();
    WordCounts counts;
    std::map<std::string, Time> touched;
  };
  void fold(Time time, const std::vector<Delivered>& records);

  const std::optional<Duration> timeout_;
  std::map<Time, std::vector<Delivered>> batches_;
  Folded folded_;
};

}  // namespace tidemill::sim
