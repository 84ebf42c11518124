#include "codec/md5_lanes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace tidemill::codec {
namespace {

static_assert(std::endian::native == std::endian::little,
              "MD5 reads and writes numbers as they lie in memory");

// Four lanes: the vectors that every x86-64 and every aarch64 has. Operations on it become one instruction.
using Vector = std::uint32_t __attribute__((vector_size(16)));
constexpr std::size_t kVectorLanes = 4;
// Two of them: while one waits for its last result, the other goes on.
constexpr std::size_t kVectors = kMd5Lanes / kVectorLanes;

constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kBlockWords = 16;
constexpr std::size_t kSteps = 64;

// RFC 1321, section 3.4: the whole part of 2^32 * |sin(i + 1)|.
constexpr std::array<std::uint32_t, kSteps> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr std::array<std::array<int, 4>, 4> kShifts = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};
constexpr std::array<std::uint32_t, 4> kStart = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

constexpr std::size_t wordOf(std::size_t step) {
  switch (step / 16) {
    case 0:
      return step % 16;
    case 1:
      return (5 * step + 1) % 16;
    case 2:
      return (3 * step + 5) % 16;
    default:
      return 7 * step % 16;
  }
}

// Of so many lanes, or so many times four: V is a number or a Vector.
template <class V, std::size_t kCount>
using State = V[4][kCount];
template <class V, std::size_t kCount>
using Words = V[kBlockWords][kCount];

template <std::size_t kStep, class V, std::size_t kCount>
[[gnu::always_inline]] inline void step(State<V, kCount>& state, const Words<V, kCount>& words,
                                        std::size_t i) {
  constexpr std::size_t kRound = kStep / 16;
  constexpr int kShift = kShifts[kRound][kStep % 4];
  V& a = state[(kSteps - kStep) % 4][i];
  const V b = state[(kSteps - kStep + 1) % 4][i];
  const V c = state[(kSteps - kStep + 2) % 4][i];
  const V d = state[(kSteps - kStep + 3) % 4][i];
  a += words[wordOf(kStep)][i] + kSines[kStep];
  if constexpr (kRound == 0) {
    a += d ^ (b & (c ^ d));
  } else if constexpr (kRound == 1) {
    // The two have no bit in common, and what does not hang on b is added while b is not there yet.
    a += c & ~d;
    a += b & d;
  } else if constexpr (kRound == 2) {
    a += b ^ (c ^ d);
  } else {
    a += c ^ (b | ~d);
  }
  a = ((a << kShift) | (a >> (32 - kShift))) + b;
}

// Written out instead of a loop, which g++ 12 would keep for some of the steps, and with it all of `state` in
// memory.
template <std::size_t kStep, class V, std::size_t kCount, std::size_t... i>
[[gnu::always_inline]] inline void stepOfEach(State<V, kCount>& state, const Words<V, kCount>& words,
                                              std::index_sequence<i...>) {
  (step<kStep>(state, words, i), ...);
}

template <class V, std::size_t kCount, std::size_t... kStep>
[[gnu::always_inline]] inline void addBlock(State<V, kCount>& state, const Words<V, kCount>& words,
                                            std::index_sequence<kStep...>) {
  State<V, kCount> next;
  std::memcpy(&next, &state, sizeof state);
  (stepOfEach<kStep>(next, words, std::make_index_sequence<kCount>()), ...);
  for (std::size_t part = 0; part < 4; ++part)
    for (std::size_t i = 0; i < kCount; ++i) state[part][i] += next[part][i];
}

using LaneStates = std::uint32_t[4][kMd5Lanes];

[[gnu::always_inline]] inline Vector fourWords(const char* bytes) {
  Vector words;
  std::memcpy(&words, bytes, sizeof words);
  return words;
}

// Four words of each of four lanes, from `word` on, turned over: each word of all lanes in one vector.
[[gnu::always_inline]] inline void turn(const char* const* lanes, Words<Vector, kVectors>& words,
                                        std::size_t word, std::size_t v) {
  const std::size_t byte = word * sizeof(std::uint32_t);
  const Vector a = fourWords(lanes[0] + byte);
  const Vector b = fourWords(lanes[1] + byte);
  const Vector c = fourWords(lanes[2] + byte);
  const Vector d = fourWords(lanes[3] + byte);
  const Vector frontAb = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const Vector frontCd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Vector backAb = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Vector backCd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  words[word][v] = __builtin_shufflevector(frontAb, frontCd, 0, 1, 4, 5);
  words[word + 1][v] = __builtin_shufflevector(frontAb, frontCd, 2, 3, 6, 7);
  words[word + 2][v] = __builtin_shufflevector(backAb, backCd, 0, 1, 4, 5);
  words[word + 3][v] = __builtin_shufflevector(backAb, backCd, 2, 3, 6, 7);
}

// One block of each lane.
void addBlocks(LaneStates& states, const std::array<const char*, kMd5Lanes>& blocks) {
  Words<Vector, kVectors> words;
  for (std::size_t v = 0; v < kVectors; ++v)
    for (std::size_t word = 0; word < kBlockWords; word += kVectorLanes)
      turn(&blocks[v * kVectorLanes], words, word, v);
  State<Vector, kVectors> state;
  static_assert(sizeof state == sizeof states);
  std::memcpy(&state, &states, sizeof state);
  addBlock<Vector, kVectors>(state, words, std::make_index_sequence<kSteps>());
  std::memcpy(&states, &state, sizeof state);
}

// One block of one lane.
void addBlockOf(LaneStates& states, std::size_t lane, const char* block) {
  Words<std::uint32_t, 1> words;
  std::memcpy(&words, block, sizeof words);
  State<std::uint32_t, 1> state;
  for (std::size_t part = 0; part < 4; ++part) state[part][0] = states[part][lane];
  addBlock<std::uint32_t, 1>(state, words, std::make_index_sequence<kSteps>());
  for (std::size_t part = 0; part < 4; ++part) states[part][lane] = state[part][0];
}

// A message on its way through a lane.
class Lane {
 public:
  void begin(std::string_view message, Md5& digest) {
    message_ = message;
    digest_ = &digest;
    block_ = 0;
    // A one bit and 64 bits of length follow the message.
    blocks_ = (message.size() + sizeof(std::uint64_t)) / kBlockBytes + 1;
  }
  bool busy() const { return digest_ != nullptr; }
  const char* nextBlock() {
    const std::size_t begin = block_ * kBlockBytes;
    ++block_;
    return begin + kBlockBytes <= message_.size() ? message_.data() + begin : lastBlock(begin);
  }
  bool atEnd() const { return busy() && block_ == blocks_; }
  Md5& end() { return *std::exchange(digest_, nullptr); }

 private:
  // One of the last two, in which the message ends or has ended.
  const char* lastBlock(std::size_t begin) {
    padded_.fill(0);
    if (begin <= message_.size()) {
      const std::string_view rest = message_.substr(begin);
      if (!rest.empty()) std::memcpy(padded_.data(), rest.data(), rest.size());
      padded_[rest.size()] = '\x80';
    }
    if (block_ == blocks_) {
      const std::uint64_t bits = std::uint64_t{message_.size()} * 8;
      std::memcpy(padded_.data() + kBlockBytes - sizeof bits, &bits, sizeof bits);
    }
    return padded_.data();
  }

  std::string_view message_;
  Md5* digest_ = nullptr;  // Null: there is no message.
  std::size_t block_ = 0;
  std::size_t blocks_ = 0;
  std::array<char, kBlockBytes> padded_{};
};

class Lanes {
 public:
  Lanes(std::span<const std::string_view> messages, std::span<Md5> digests)
      : messages_(messages), digests_(digests) {}

  void run() {
    for (std::size_t lane = 0; lane < kMd5Lanes; ++lane) beginNext(lane);
    while (busy_ > 0) {  // Each round takes a block of each message under way.
      if (busy_ >= kTogetherMin) {
        addToAll();
      } else {
        for (std::size_t lane = 0; lane < kMd5Lanes; ++lane)
          if (lanes_[lane].busy()) addBlockOf(states_, lane, lanes_[lane].nextBlock());
      }
      for (std::size_t lane = 0; lane < kMd5Lanes; ++lane)
        if (lanes_[lane].atEnd()) finish(lane);
    }
  }

 private:
  // With fewer than this the lanes that have nothing to do cost more than is won.
  static constexpr std::size_t kTogetherMin = 3;

  void addToAll() {
    static constexpr std::array<char, kBlockBytes> kAnyBytes{};
    std::array<const char*, kMd5Lanes> blocks;
    for (std::size_t lane = 0; lane < kMd5Lanes; ++lane)
      blocks[lane] = lanes_[lane].busy() ? lanes_[lane].nextBlock() : kAnyBytes.data();
    addBlocks(states_, blocks);
  }

  void beginNext(std::size_t lane) {
    if (next_ == messages_.size()) return;
    lanes_[lane].begin(messages_[next_], digests_[next_]);
    for (std::size_t part = 0; part < kStart.size(); ++part) states_[part][lane] = kStart[part];
    ++next_;
    ++busy_;
  }

  void finish(std::size_t lane) {
    Md5& digest = lanes_[lane].end();
    for (std::size_t part = 0; part < kStart.size(); ++part)
      std::memcpy(digest.data() + part * sizeof(std::uint32_t), &states_[part][lane], sizeof(std::uint32_t));
    --busy_;
    beginNext(lane);
  }

  const std::span<const std::string_view> messages_;
  const std::span<Md5> digests_;
  std::size_t next_ = 0;
  std::size_t busy_ = 0;
  std::array<Lane, kMd5Lanes> lanes_;
  LaneStates states_{};
};

}  // namespace

void md5Each(std::span<const std::string_view> messages, std::span<Md5> digests) {
  TIDEMILL_CHECK(messages.size() == digests.size());
  Lanes(messages, digests).run();
}

}  // namespace tidemill::codec
