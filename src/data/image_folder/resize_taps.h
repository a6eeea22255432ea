#pragma once
// Which source pixels make a pixel of a resized line, and with what weights. No torch.

#include <cstdint>
#include <vector>

namespace interlock::data {

inline constexpr int kWeightBits = 22;     // weights are fixed point: 2^22 is 1
inline constexpr int kLowWeightBits = 11;  // of them, in the lower half

// The weights of two neighbouring source pixels, each cut into halves that fit 16 bits: what one vector
// instruction multiplies and adds.
struct TapPair {
  std::int16_t low[2];
  std::int16_t high[2];
};

struct Taps {
  struct Place {
    int first = 0;       // source pixel
    int count = 0;       // of source pixels
    int first_pair = 0;  // in `pairs`; (count + 1) / 2 of them, the last one filled up with weight 0
  };
  std::vector<Place> places;  // one a pixel that is made
  std::vector<TapPair> pairs;

  [[nodiscard]] int source_begin() const { return places.front().first; }
  [[nodiscard]] int source_end() const { return places.back().first + places.back().count; }
};

// For `count` pixels from `first` on of a line of `from` pixels resized to `to`: a triangle filter whose
// width grows with the reduction (antialiasing), cut off at the line's ends, as Pillow and torchvision have
// it. REQUIRES 0 <= first, count >= 1, first + count <= to, from >= 1.
Taps make_taps(int from, int to, int first, int count);

}  // namespace interlock::data
