#include "block/frame.h"

#include <gtest/gtest.h>

#include "block/frame_file.h"
#include "sim/sim_files.h"

namespace tidemill::block {
namespace {

// A file of four frames: head and body of 100 bytes each.
class Frames : public testing::Test {
 protected:
  Frames() { disk_.addDirectory("/s"); }

  std::string write(std::uint64_t epoch = 3, std::uint64_t salt = 5, int frames = 4) {
    const std::string path = "/s/f" + std::to_string(++files_written_);
    auto file = FrameFile::create(files_, {.path = path, .epoch = epoch, .salt = salt, .bufferBytes = 256});
    EXPECT_TRUE(file);
    for (int i = 0; i < frames; ++i) {
      const std::string head(100, static_cast<char>('a' + i));
      const std::string body(100, static_cast<char>('A' + i));
      EXPECT_TRUE((*file)->append(7, head, {body.size(), [&](const ByteSink& sink) {
                                              sink(std::string_view(body).substr(0, 30));
                                              sink(std::string_view(body).substr(30));
                                            }}));
    }
    EXPECT_TRUE((*file)->sync());
    EXPECT_EQ((*file)->size(), static_cast<std::uint64_t>(frames) * kFrame);
    return *files_.read(path, 1 << 20);
  }

  // "frame 0, damaged 272+272, …, end"
  static std::string read(const std::string& file) {
    FrameReader reader(file);
    std::string text;
    for (;;) {
      const FrameStep step = reader.next();
      const std::string place = std::to_string(step.offset) + "+" + std::to_string(step.bytes);
      switch (step.state) {
        case FrameState::kFrame:
          text +=
              "frame " + std::to_string(step.frame.header.sequence) + step.frame.head[0] + step.frame.body[0];
          break;
        case FrameState::kEnd:
          return text + "end";
        case FrameState::kTorn:
          text += "torn " + place;
          break;
        case FrameState::kDamaged:
          text += (step.headGood ? "damaged body " : "damaged ") + place;
          break;
        case FrameState::kWrongEpoch:
          text += "wrong epoch " + place;
          break;
        case FrameState::kOutOfOrder:
          text += "out of order " + place;
          break;
      }
      EXPECT_EQ(step.state == FrameState::kFrame, step.what.empty());
      text += ", ";
    }
  }

  static constexpr std::size_t kFrame = kFrameOverheadBytes + 200;
  sim::SimDisk disk_{1};
  sim::SimFiles files_{disk_};
  int files_written_ = 0;
};

TEST_F(Frames, AreReadBackInOrder) {
  EXPECT_EQ(read(write()), "frame 0aA, frame 1bB, frame 2cC, frame 3dD, end");
  EXPECT_EQ(read(""), "end");
}

TEST_F(Frames, EveryCutIsATornTail) {
  const std::string file = write();
  for (std::size_t cut = kFrame * 2 + 1; cut < kFrame * 3; ++cut) {
    const std::string torn = "torn " + std::to_string(2 * kFrame) + "+" + std::to_string(cut - 2 * kFrame);
    EXPECT_EQ(read(file.substr(0, cut)), "frame 0aA, frame 1bB, " + torn + ", end");
  }
}

TEST_F(Frames, ZerosUpToTheEndAreATornTail) {
  const std::string file = write();
  for (std::size_t from = kFrame * 2; from < kFrame * 3; ++from) {
    std::string zeroed = file;
    std::fill(zeroed.begin() + static_cast<std::ptrdiff_t>(from), zeroed.end(), '\0');
    EXPECT_EQ(read(zeroed), "frame 0aA, frame 1bB, torn 544+544, end") << from;
  }
}

TEST_F(Frames, EveryFlippedByteIsDamageAndLaterFramesAreRead) {
  const std::string file = write();
  for (std::size_t at = kFrame; at < kFrame * 2; ++at) {
    std::string flipped = file;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x40);
    const std::size_t in = at - kFrame;
    const bool bodyOnly = in >= FrameHeader::kBytes + 100;
    const std::string what = bodyOnly ? "damaged body " : "damaged ";
    EXPECT_EQ(read(flipped), "frame 0aA, " + what + "272+272, frame 2cC, frame 3dD, end") << in;
  }
}

TEST_F(Frames, AFlippedByteInTheLastFrameIsNoTornTail) {
  const std::string file = write();
  for (std::size_t at = 3 * kFrame; at < file.size(); ++at) {
    std::string flipped = file;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x01);
    const std::string seen = read(flipped);
    EXPECT_NE(seen.find("damaged"), std::string::npos) << at << seen;
    EXPECT_EQ(seen.find("torn"), std::string::npos) << at << seen;
  }
}

TEST_F(Frames, AZeroedPageInTheMiddleIsDamage) {
  std::string file = write();
  std::fill_n(file.begin() + kFrame, kFrame, '\0');
  EXPECT_EQ(read(file), "frame 0aA, damaged 272+272, frame 2cC, frame 3dD, end");
}

TEST_F(Frames, AFrameThatIsMissingIsNoticed) {
  std::string file = write();
  file.erase(kFrame, kFrame);
  EXPECT_EQ(read(file), "frame 0aA, out of order 272+272, frame 3dD, end");
  EXPECT_EQ(read(file.substr(kFrame)), "out of order 0+272, frame 3dD, end");
}

TEST_F(Frames, AnOlderWriterBehindANewerOneIsNoticed) {
  EXPECT_EQ(read(write(4, 5, 1) + write(3, 5, 1)), "frame 0aA, wrong epoch 272+272, end");
  EXPECT_EQ(read(write(3, 5, 1) + write(4, 5, 1)), "frame 0aA, out of order 272+272, end");
}

TEST_F(Frames, BytesOfARecordAreNotTakenForAFrame) {
  // A frame of another file lies in a body, and the header before it is damaged.
  const std::string inner = write(3, /*salt=*/6, 1);
  auto file = FrameFile::create(files_, {.path = "/s/outer", .epoch = 3, .salt = 5});
  ASSERT_TRUE((*file)->append(7, "first", {}));
  const std::uint64_t second = (*file)->size();
  ASSERT_TRUE((*file)->append(7, "second", {inner.size(), [&](const ByteSink& sink) { sink(inner); }}));
  ASSERT_TRUE((*file)->sync());
  std::string bytes = *files_.read("/s/outer", 1 << 20);
  bytes[second + 20] ^= 1;

  FrameReader reader(bytes);
  EXPECT_EQ(reader.next().state, FrameState::kFrame);
  const FrameStep damaged = reader.next();
  EXPECT_EQ(damaged.state, FrameState::kDamaged);
  EXPECT_EQ(damaged.offset + damaged.bytes, bytes.size());
}

TEST_F(Frames, AFileTakesNothingAfterAFailure) {
  disk_.faults().bytesMax = 600;
  auto file = FrameFile::create(files_, {.path = "/s/full", .epoch = 1, .salt = 1});
  const std::string head(500, 'x');
  ASSERT_TRUE((*file)->append(1, head, {}));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE((*file)->append(1, head, {}));
  const auto full = (*file)->sync();
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code(), Code::kDiskFull);
  disk_.faults().bytesMax = 1 << 20;
  EXPECT_EQ((*file)->append(1, "x", {}).error().code(), Code::kDiskFull);
  EXPECT_TRUE((*file)->dead());
}

}  // namespace
}  // namespace tidemill::block
