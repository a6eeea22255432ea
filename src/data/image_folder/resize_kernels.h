#pragma once
// The inner loops of resizing. Each exists twice, with the same result to the bit: with x86 vector
// instructions where the compiler has them, and in plain C++. No torch.

#include <cstddef>
#include <cstdint>

#include "data/image_folder/resize_taps.h"

namespace interlock::data {

// out[i] = the weighted sum of pixels of `row`, for each place of `taps`. May read 8 bytes past the last
// pixel.
void mix_pixels(const std::uint8_t* row, const Taps& taps, std::uint8_t* out);
void mix_pixels_plainly(const std::uint8_t* row, const Taps& taps, std::uint8_t* out);

// out = the weighted sum of whole rows: `place` of `taps`, source rows counted from `rows` at `stride` bytes
// from one to the next. `bytes` is a multiple of 16.
void mix_rows(const std::uint8_t* rows, std::size_t stride, const Taps& taps, std::size_t place,
              std::size_t bytes, std::uint8_t* out);
void mix_rows_plainly(const std::uint8_t* rows, std::size_t stride, const Taps& taps, std::size_t place,
                      std::size_t bytes, std::uint8_t* out);

}  // namespace interlock::data
