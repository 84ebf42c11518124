#include "cli/line_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

// A pipe whose writer is the test.
class LineReaderTest : public testing::Test {
 protected:
  LineReaderTest() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    input_ = ends[0];
    writer_ = ends[1];
  }
  ~LineReaderTest() override {
    end();
    close(input_);
  }

  void write(const std::string& text) {
    ASSERT_EQ(::write(writer_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void end() {
    if (writer_ >= 0) close(std::exchange(writer_, -1));
  }

  int input_ = -1;
  int writer_ = -1;
};

TEST_F(LineReaderTest, GivesLinesAndALastOneWithoutAnEnd) {
  LineReader reader(input_);

  write("one\n\nthree\nlast");
  end();

  EXPECT_EQ(*reader.next(), (Lines{"one", "", "three", "last"}));
  EXPECT_EQ(*reader.next(), Lines{});
  EXPECT_EQ(*reader.next(), Lines{});
}

TEST_F(LineReaderTest, AnEmptyInputHasNoLines) {
  LineReader reader(input_);

  end();

  EXPECT_EQ(*reader.next(), Lines{});
}

TEST_F(LineReaderTest, GivesWhatIsThereWhileTheInputGoesOn) {
  LineReader reader(input_, {.patience = 0ms});

  write("one\ntwo\nthr");
  EXPECT_EQ(*reader.next(), (Lines{"one", "two"}));

  write("ee\n");
  EXPECT_EQ(*reader.next(), (Lines{"three"}));
}

TEST_F(LineReaderTest, APortionIsBoundedInLinesAndBytes) {
  LineReader lines(input_, {.portionLines = 2});
  write("a\nb\nc\nd\ne\n");
  end();

  EXPECT_EQ(*lines.next(), (Lines{"a", "b"}));
  EXPECT_EQ(*lines.next(), (Lines{"c", "d"}));
  EXPECT_EQ(*lines.next(), (Lines{"e"}));
  EXPECT_EQ(*lines.next(), Lines{});
}

TEST_F(LineReaderTest, AFullPortionEndsWithTheLineThatFillsIt) {
  LineReader reader(input_, {.portionBytes = 4});
  write("abc\ndef\ng");
  end();

  EXPECT_EQ(*reader.next(), (Lines{"abc", "def"}));
  EXPECT_EQ(*reader.next(), (Lines{"g"}));
}

TEST_F(LineReaderTest, ALineAtTheLimitIsGivenAndALongerOneRefusedByItsNumber) {
  LineReader reader(input_, {.lineBytesMax = 4, .patience = 0ms});

  write("1234\n12345\nnever\n");
  end();

  EXPECT_EQ(*reader.next(), (Lines{"1234"}));
  for (int i = 0; i < 2; ++i) {
    auto refused = reader.next();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), Code::kUsage);
    EXPECT_EQ(refused.error().message(), "line 2 has more than 4 bytes; a record holds no more");
  }
}

TEST_F(LineReaderTest, ALineThatDoesNotEndIsRefusedBeforeItsEnd) {
  LineReader reader(input_, {.lineBytesMax = 1000});

  write(std::string(1001, 'x'));  // The writer goes on; waiting for the end would hang this test.

  ASSERT_FALSE(reader.next().has_value());
}

TEST_F(LineReaderTest, ALongLineMayComeInPieces) {
  const std::string line(300'000, 'y');
  LineReader reader(input_);
  std::thread writer([&] {
    std::string_view rest = line;
    while (!rest.empty()) {
      const ssize_t put = ::write(writer_, rest.data(), rest.size());
      if (put <= 0) break;
      rest.remove_prefix(static_cast<std::size_t>(put));
    }
    end();
  });

  auto lines = reader.next();
  writer.join();

  EXPECT_EQ(*lines, (Lines{line}));
}

TEST(LineReader, WhatCannotBeReadIsAnErrorAndNotTheEnd) {
  const int folder = open("/", O_RDONLY | O_CLOEXEC);
  LineReader reader(folder);

  auto lines = reader.next();
  close(folder);

  ASSERT_FALSE(lines.has_value());
  EXPECT_EQ(lines.error().code(), Code::kIo);
  EXPECT_EQ(lines.error().message(), "cannot read line 1: Is a directory");
}

TEST(LineReader, AClosedDescriptorIsAnError) {
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(file);

  auto lines = LineReader(file).next();

  ASSERT_FALSE(lines.has_value());
  EXPECT_EQ(lines.error().code(), Code::kIo);
}

}  // namespace
}  // namespace tidemill::cli
