#include "stream/socket_lines.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/sim_faults.h"

namespace tidemill {
namespace {

// A text of short lines in pieces that end anywhere.
std::vector<std::string> linesOfPieces(const std::string& text, const rt::Faults& faults,
                                       std::uint64_t seed) {
  base::Random random(seed);
  stream::SocketLines lines(faults);
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size();) {
    const std::string piece = text.substr(at, static_cast<std::size_t>(random.between(1, 12)));
    at += piece.size();
    for (std::string& line : lines.take(piece)) all.push_back(std::move(line));
  }
  auto last = lines.last();
  if (last) all.push_back(std::move(*last));
  return all;
}

TEST(SocketLines, AreTheSameWhereverTheTextIsCut) {
  const std::string text = "a\r\n\nsome words\n\r\nlonger than any piece of this text\nlast";
  const std::vector<std::string> expected = {
      "a", "", "some words", "", "longer than any piece of this text", "last"};
  sim::FaultPlan plan;
  for (std::uint64_t seed = 1; seed <= 100; ++seed)
    EXPECT_EQ(linesOfPieces(text, sim::SimFaults(plan, 1), seed), expected) << seed;

  plan.planted = {"line-ends-at-read"};
  int wrong = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed)
    if (linesOfPieces(text, sim::SimFaults(plan, 1), seed) != expected) ++wrong;
  EXPECT_EQ(wrong, 100) << "a planted bug";
}

}  // namespace
}  // namespace tidemill
