#include "data/image_folder/resize_kernels.h"

#include <algorithm>
#include <cstring>

#include "data/image_folder/bitmap.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace interlock::data {
namespace {

constexpr int kHalf = 1 << (kWeightBits - 1);

int weight_of(const TapPair& pair, int which) {
  return (pair.high[which] << kLowWeightBits) + pair.low[which];
}

std::uint8_t rounded(int sum) {
  return static_cast<std::uint8_t>(std::min(255, sum >> kWeightBits));  // weights are never negative
}

}  // namespace

void mix_pixels_plainly(const std::uint8_t* row, const Taps& taps, std::uint8_t* out) {
  for (const Taps::Place& place : taps.places) {
    int sum[kBytesPerPixel] = {kHalf, kHalf, kHalf, kHalf};
    for (int i = 0; i < place.count; ++i) {
      const std::uint8_t* pixel = row + static_cast<std::ptrdiff_t>(place.first + i) * kBytesPerPixel;
      const int weight = weight_of(taps.pairs[static_cast<std::size_t>(place.first_pair + i / 2)], i % 2);
      for (int c = 0; c < kBytesPerPixel; ++c) sum[c] += pixel[c] * weight;
    }
    for (const int channel : sum) *out++ = rounded(channel);
  }
}

void mix_rows_plainly(const std::uint8_t* rows, std::size_t stride, const Taps& taps, std::size_t place,
                      std::size_t bytes, std::uint8_t* out) {
  const Taps::Place& source = taps.places[place];
  for (std::size_t x = 0; x < bytes; ++x) {
    int sum = kHalf;
    for (int i = 0; i < source.count; ++i) {
      const TapPair& pair = taps.pairs[static_cast<std::size_t>(source.first_pair + i / 2)];
      sum += rows[static_cast<std::size_t>(source.first + i) * stride + x] * weight_of(pair, i % 2);
    }
    out[x] = rounded(sum);
  }
}

#ifdef __SSE2__
namespace {

// Weights have 22 bits, but the instruction that multiplies and adds pairs takes 16: so halves are summed
// apart.
struct Weights {
  explicit Weights(const TapPair& pair) {
    int halves[2];
    static_assert(sizeof(halves) == sizeof(pair));
    std::memcpy(halves, &pair, sizeof(pair));
    low = _mm_set1_epi32(halves[0]);
    high = _mm_set1_epi32(halves[1]);
  }
  __m128i low;
  __m128i high;
};

struct Sum {
  __m128i low = _mm_set1_epi32(kHalf);
  __m128i high = _mm_setzero_si128();

  // `values`: eight 16-bit values, the two of a pair side by side.
  void add(__m128i values, const Weights& weights) {
    low = _mm_add_epi32(low, _mm_madd_epi16(values, weights.low));
    high = _mm_add_epi32(high, _mm_madd_epi16(values, weights.high));
  }
  [[nodiscard]] __m128i rounded() const {
    return _mm_srai_epi32(_mm_add_epi32(low, _mm_slli_epi32(high, kLowWeightBits)), kWeightBits);
  }
};

}  // namespace

void mix_pixels(const std::uint8_t* row, const Taps& taps, std::uint8_t* out) {
  const __m128i zero = _mm_setzero_si128();
  for (const Taps::Place& place : taps.places) {
    const std::uint8_t* pixels = row + static_cast<std::ptrdiff_t>(place.first) * kBytesPerPixel;
    const TapPair* pair = taps.pairs.data() + place.first_pair;
    Sum sum;
    for (int i = 0; i < place.count; i += 2, pixels += 2 * kBytesPerPixel, ++pair) {
      const __m128i two = _mm_unpacklo_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(pixels)), zero);
      sum.add(_mm_unpacklo_epi16(two, _mm_srli_si128(two, 8)), Weights(*pair));
    }
    const __m128i words = _mm_packs_epi32(sum.rounded(), zero);
    const int pixel = _mm_cvtsi128_si32(_mm_packus_epi16(words, zero));
    std::memcpy(out, &pixel, sizeof(pixel));
    out += kBytesPerPixel;
  }
}

void mix_rows(const std::uint8_t* rows, std::size_t stride, const Taps& taps, std::size_t place,
              std::size_t bytes, std::uint8_t* out) {
  const __m128i zero = _mm_setzero_si128();
  const Taps::Place& source = taps.places[place];
  const TapPair* const pairs = taps.pairs.data() + source.first_pair;
  const std::uint8_t* const first = rows + static_cast<std::size_t>(source.first) * stride;
  for (std::size_t x = 0; x < bytes; x += 16) {
    Sum sums[4];
    for (int i = 0; i < source.count; i += 2) {
      const std::uint8_t* a = first + static_cast<std::size_t>(i) * stride + x;
      const std::uint8_t* b = i + 1 < source.count ? a + stride : a;  // the weight of what is not there is 0
      const __m128i above = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a));
      const __m128i below = _mm_loadu_si128(reinterpret_cast<const __m128i*>(b));
      const __m128i left = _mm_unpacklo_epi8(above, below);
      const __m128i right = _mm_unpackhi_epi8(above, below);
      const Weights weights(pairs[i / 2]);
      sums[0].add(_mm_unpacklo_epi8(left, zero), weights);
      sums[1].add(_mm_unpackhi_epi8(left, zero), weights);
      sums[2].add(_mm_unpacklo_epi8(right, zero), weights);
      sums[3].add(_mm_unpackhi_epi8(right, zero), weights);
    }
    const __m128i words_left = _mm_packs_epi32(sums[0].rounded(), sums[1].rounded());
    const __m128i words_right = _mm_packs_epi32(sums[2].rounded(), sums[3].rounded());
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + x), _mm_packus_epi16(words_left, words_right));
  }
}
#else
void mix_pixels(const std::uint8_t* row, const Taps& taps, std::uint8_t* out) {
  mix_pixels_plainly(row, taps, out);
}
void mix_rows(const std::uint8_t* rows, std::size_t stride, const Taps& taps, std::size_t place,
              std::size_t bytes, std::uint8_t* out) {
  mix_rows_plainly(rows, stride, taps, place, bytes, out);
}
#endif

}  // namespace interlock::data
