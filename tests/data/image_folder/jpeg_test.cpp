#include "data/image_folder/jpeg.h"

#include <array>
#include <cstdlib>

#include "data/image_folder/exif.h"
#include "data/image_folder/jpeg_support.h"
#include "support/temp_folder.h"

namespace interlock::data {
namespace {

using Catch::Matchers::Contains;
using test::Colour;
using test::exif_with;
using test::make_jpeg;
using test::message_of;
using test::plain_jpeg;
using test::with_exif;

Colour pixel(const Bitmap& image, int x, int y) {
  const std::uint8_t* at = image.row(y) + static_cast<std::ptrdiff_t>(x) * kBytesPerPixel;
  return {at[0], at[1], at[2]};
}

bool near(const Colour& a, const Colour& b) {
  for (std::size_t c = 0; c < 3; ++c) {
    if (std::abs(a[c] - b[c]) > 2) return false;
  }
  return true;
}

std::string problem_of(const std::string& file) {
  return message_of<BrokenImage>([&] { decode_jpeg(file); });
}

// Four quarters of other brightness, so that every turn and mirror image differs: 16 wide, 24 high.
std::string quarters() {
  return make_jpeg(16, 24,
                   [](int x, int y) { return Colour{x < 8 ? (y < 12 ? 10 : 130) : (y < 12 ? 70 : 200)}; });
}

TEST_CASE("a decoded image has the colours, the width and the height that were written") {
  const Bitmap image = decode_jpeg(make_jpeg(19, 9, [](int x, int) {
    return x < 8 ? Colour{200, 30, 60} : Colour{20, 150, 250};
  }));
  CHECK(image.width() == 19);
  CHECK(image.height() == 9);
  CHECK(near(pixel(image, 2, 0), {200, 30, 60}));
  CHECK(near(pixel(image, 18, 8), {20, 150, 250}));
}

TEST_CASE("grayscale becomes three equal channels, progressive files read like others") {
  const Bitmap gray = decode_jpeg(plain_jpeg(8, 8, {77}));
  CHECK(near(pixel(gray, 3, 3), {77, 77, 77}));
  const auto paint = [](int x, int y) { return Colour{x * 9, y * 7, 100}; };
  const Bitmap baseline = decode_jpeg(make_jpeg(24, 24, paint));
  const Bitmap progressive = decode_jpeg(make_jpeg(24, 24, paint, TJFLAG_PROGRESSIVE));
  for (int y = 0; y < 24; ++y) {
    for (int x = 0; x < 24; ++x) CHECK(pixel(baseline, x, y) == pixel(progressive, x, y));
  }
}

TEST_CASE("inks are stored inverted, as Adobe does: 255 is none of an ink") {
  CHECK(near(pixel(decode_jpeg(plain_jpeg(8, 8, {255, 255, 255, 255})), 0, 0), {255, 255, 255}));
  CHECK(near(pixel(decode_jpeg(plain_jpeg(8, 8, {0, 255, 255, 255})), 0, 0), {0, 255, 255}));
  CHECK(near(pixel(decode_jpeg(plain_jpeg(8, 8, {255, 255, 128, 128})), 0, 0), {128, 128, 64}));
  CHECK(near(pixel(decode_jpeg(plain_jpeg(8, 8, {255, 255, 255, 0})), 0, 0), {0, 0, 0}));
}

TEST_CASE("each orientation shows the corners where the camera saw them") {
  // Brightness of the upright image's corners: top left, top right, bottom left, bottom right.
  const std::array<std::array<int, 4>, 9> corners = {{{10, 70, 130, 200},
                                                      {10, 70, 130, 200},
                                                      {70, 10, 200, 130},
                                                      {200, 130, 70, 10},
                                                      {130, 200, 10, 70},
                                                      {10, 130, 70, 200},
                                                      {130, 10, 200, 70},
                                                      {200, 70, 130, 10},
                                                      {70, 200, 10, 130}}};
  for (int orientation = 0; orientation <= 8; ++orientation) {
    for (const bool big_endian : {false, true}) {
      INFO("orientation " << orientation);
      const Bitmap image = decode_jpeg(with_exif(quarters(), exif_with(orientation, big_endian)));
      const int right = image.width() - 1;
      const int bottom = image.height() - 1;
      CHECK(right == (orientation >= 5 ? 23 : 15));
      CHECK(bottom == (orientation >= 5 ? 15 : 23));
      const std::array<int, 4> expected = corners.at(static_cast<std::size_t>(orientation));
      CHECK(near(pixel(image, 0, 0), Colour(3, expected[0])));
      CHECK(near(pixel(image, right, 0), Colour(3, expected[1])));
      CHECK(near(pixel(image, 0, bottom), Colour(3, expected[2])));
      CHECK(near(pixel(image, right, bottom), Colour(3, expected[3])));
    }
  }
}

TEST_CASE("Exif data that are cut off, of another type or out of range mean upright") {
  const auto orientation = [](const std::string& exif) {
    return exif_orientation(reinterpret_cast<const std::uint8_t*>(exif.data()), exif.size());
  };
  const std::string good = exif_with(6);
  REQUIRE(orientation(good) == 6);
  for (std::size_t size = 0; size < 20; ++size) CHECK(orientation(good.substr(0, size)) == 1);
  for (const int invalid : {0, 9, 255, 65535}) CHECK(orientation(exif_with(invalid)) == 1);
  for (std::size_t at = 0; at < good.size(); ++at) {  // any value of any byte is survived
    for (int value = 0; value < 256; ++value) {
      std::string damaged = good;
      damaged[at] = static_cast<char>(value);
      const int found = orientation(damaged);
      CHECK((found >= 1 && found <= 8));
    }
  }
}

TEST_CASE("what is no readable JPEG is refused with the reason") {
  CHECK(problem_of("") == "the file is empty");
  CHECK(problem_of("\x89PNG\r\n\x1a\n and more") == "it is a PNG file, not a JPEG");
  CHECK(problem_of("hello") == "it is not a JPEG");
  CHECK(problem_of("RIFF") == "it is not a JPEG");  // shorter than where a WebP says what it is
  CHECK_FALSE(problem_of("\xFF\xD8\xFF").empty());
  CHECK_FALSE(problem_of(std::string("\xFF\xD8\xFF\xE0") + std::string(300, '\0')).empty());
}

TEST_CASE("a file that ends early is refused, wherever it ends; one with something after its end is not") {
  const std::string file = make_jpeg(64, 64, [](int x, int y) { return Colour{x * 4, y * 4, (x ^ y) * 4}; });
  for (const std::size_t left : {file.size() - 1, file.size() - 2, file.size() / 2, std::size_t{700}}) {
    INFO(left);
    CHECK(problem_of(file.substr(0, left)) == "the file ends early");
  }
  for (std::size_t left = 3; left < 620; left += 7)
    CHECK(problem_of(file.substr(0, left)) == "the file ends early");
  CHECK(decode_jpeg(file + "trailing").width() == 64);  // and the broken ones have left no trace
}

TEST_CASE("a file that lacks its tables is refused, also after one that had them") {
  const std::string good = quarters();
  std::string bare;
  for (std::size_t at = 0; at < good.size();) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(good[i]); };
    const bool in_segments = at >= 2 && byte(at) == 0xFF;
    const std::size_t length = at < 2         ? 2
                               : !in_segments ? good.size() - at
                                              : 2 + (byte(at + 2) << 8 | byte(at + 3));
    const bool is_last = in_segments && byte(at + 1) == 0xDA;  // the scan's header; coded pixels follow
    if (at < 2 || byte(at + 1) != 0xDB) bare += good.substr(at, is_last ? std::string::npos : length);
    if (is_last) break;
    at += length;
  }
  REQUIRE(bare.size() < good.size());
  const std::string problem = problem_of(bare);
  CHECK(!problem.empty());
  decode_jpeg(good);
  CHECK(problem_of(bare) == problem);
}

TEST_CASE("a size beyond the limit is refused before any memory is taken for it") {
  std::string file = plain_jpeg(8, 8, {1, 2, 3});
  const std::size_t frame = file.find("\xFF\xC0");
  REQUIRE(frame != std::string::npos);
  for (std::size_t i = 5; i < 9; ++i) file[frame + i] = '\x7F';  // height and width
  CHECK_THAT(problem_of(file), Contains("32639 x 32639") && Contains("more than 100 million"));
}

TEST_CASE("any damaged byte either leaves an image or is refused") {
  const std::string file = with_exif(quarters(), exif_with(3));
  for (std::size_t at = 2; at < file.size(); ++at) {
    for (const int flip : {1, 64, 255}) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      std::string problem;
      int width = 0;
      try {
        width = decode_jpeg(damaged).width();
      } catch (const BrokenImage& broken) {
        problem = broken.what();
      }
      CHECK((width > 0 || problem.size() > 5));
    }
  }
}

}  // namespace
}  // namespace interlock::data
