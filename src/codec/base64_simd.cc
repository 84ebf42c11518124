#include "codec/base64_simd.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tidemill::codec {

#if defined(__x86_64__)

namespace {

// The same 16 bytes in both halves, as the byte shuffle of AVX2 looks only into its own half.
__attribute__((target("avx2"))) __m256i bothHalves(__m128i half) {
  return _mm256_broadcastsi128_si256(half);
}

// Turns 32 characters into 32 values of six bits. Returns false if one of them is outside the alphabet.
//
// A character belongs to a class by its high half: 2 ('+', '/'), 3 (digits), 4 and 5 (capitals), 6 and 7
// (small letters). `refusedByLow` has a bit set for each (low half, class) pair that is refused, so one AND
// finds strangers. Within a class the value is the character plus a constant; only '/' needs another one than
// '+'.
__attribute__((target("avx2"))) bool toSixBits(__m256i characters, __m256i& values) {
  const __m256i refusedByLow = bothHalves(_mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                                        0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a));
  const __m256i classByHigh = bothHalves(_mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10,
                                                       0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
  const __m256i offsetByHigh = bothHalves(
      _mm_setr_epi8(0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0));
  const __m256i halfMask = _mm256_set1_epi8(0x0f);

  const __m256i high = _mm256_and_si256(_mm256_srli_epi32(characters, 4), halfMask);
  const __m256i low = _mm256_and_si256(characters, halfMask);
  const __m256i strangers =
      _mm256_and_si256(_mm256_shuffle_epi8(refusedByLow, low), _mm256_shuffle_epi8(classByHigh, high));
  if (_mm256_testz_si256(strangers, strangers) == 0) return false;

  // The comparison gives -1 for '/', which moves its class from 2 to the free place 1.
  const __m256i slash = _mm256_cmpeq_epi8(characters, _mm256_set1_epi8('/'));
  const __m256i offsets = _mm256_shuffle_epi8(offsetByHigh, _mm256_add_epi8(high, slash));
  values = _mm256_add_epi8(characters, offsets);
  return true;
}

// Packs 32 values of six bits into 24 bytes at the front of the result.
__attribute__((target("avx2"))) __m256i pack(__m256i values) {
  const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
  const __m256i triples = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
  const __m256i bigEndian = bothHalves(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  const __m256i twelves = _mm256_shuffle_epi8(triples, bigEndian);
  return _mm256_permutevar8x32_epi32(twelves, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
}

}  // namespace

bool hasFastBase64() {
  return __builtin_cpu_supports("avx2") != 0;
}

__attribute__((target("avx2"))) std::size_t decodeBase64Blocks(std::string_view text, char* out) {
  // A store writes 32 bytes though only 24 count: 48 characters left mean room for at least 36 bytes.
  constexpr std::size_t kBlock = 32;
  constexpr std::size_t kLeftMin = 48;
  std::size_t done = 0;
  for (; text.size() - done >= kLeftMin; done += kBlock, out += kBlock / 4 * 3) {
    const __m256i characters = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + done));
    __m256i values;
    if (!toSixBits(characters, values)) break;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), pack(values));
  }
  return done;
}

#else

bool hasFastBase64() {
  return false;
}
std::size_t decodeBase64Blocks(std::string_view, char*) {
  return 0;
}

#endif

}  // namespace tidemill::codec
