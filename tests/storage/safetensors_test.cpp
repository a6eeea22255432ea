#include "storage/safetensors.h"

#include <cstring>
#include <filesystem>
#include <limits>

#include <torch/types.h>

#include "common/error.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace interlock::storage {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::content_of;
using test::message_of;
using test::TempFolder;

std::string with_length(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

// The message with which the reader refuses these bytes, without the path; checks that the path leads it.
std::string refusal(const std::string& bytes) {
  const TempFolder folder;
  const std::string path = folder.write("bad.safetensors", bytes);
  const std::string message = message_of<DataError>([&] { read_safetensors(path); });
  REQUIRE_THAT(message, StartsWith(path + ": byte "));
  return message.substr(path.size() + 2);
}

std::string refusal_of_header(const std::string& header, std::size_t data_bytes) {
  return refusal(with_length(header, std::string(data_bytes, '\0')));
}

TEST_CASE("every element type, empty tensors, scalars, order and metadata survive a round trip") {
  const TempFolder folder;
  const std::string path = folder.path_of("all.safetensors");
  TensorFile written;
  written.metadata = {{"step", "12"}, {"quote\"and\\slash", "line\nbreak \xc3\xa9"}};
  const at::Tensor base = at::arange(6, at::TensorOptions(at::kFloat)).reshape({2, 3}) - 2;
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kLong, at::kInt,
                                    at::kShort, at::kChar, at::kBool}) {
    written.tensors.emplace_back(at::toString(type), base.to(type));
  }
  written.tensors.emplace_back("a.bytes", (base + 250).to(at::kByte));
  written.tensors.emplace_back("none", at::empty({0, 4}));
  written.tensors.emplace_back("scalar", at::ones({}) * 3);
  written.tensors.emplace_back("transposed", base.t());
  write_safetensors(path, written);

  const TensorFile read = read_safetensors(path);
  CHECK(read.metadata == written.metadata);
  REQUIRE(read.tensors.size() == written.tensors.size());
  for (std::size_t i = 0; i < read.tensors.size(); ++i) {
    INFO(written.tensors[i].first);
    CHECK(read.tensors[i].first == written.tensors[i].first);
    CHECK(read.tensors[i].second.scalar_type() == written.tensors[i].second.scalar_type());
    CHECK(read.tensors[i].second.equal(written.tensors[i].second));
  }
  REQUIRE(read.find("scalar") != nullptr);
  CHECK(read.find("scalar")->dim() == 0);
  CHECK(read.find("absent") == nullptr);
}

TEST_CASE("the bytes of a number that is not a number survive a round trip") {
  const TempFolder folder;
  const std::string path = folder.path_of("nan.safetensors");
  write_safetensors(path, {{{"x", at::zeros({1}) + std::numeric_limits<double>::quiet_NaN()}}, {}});
  CHECK(read_safetensors(path).find("x")->isnan().item<bool>());
}

TEST_CASE("a written file has a padded header and the data right behind it") {
  const TempFolder folder;
  const std::string path = folder.path_of("one.safetensors");
  write_safetensors(path, {{{"x", at::ones({2}, at::TensorOptions(at::kByte))}}, {}});
  const std::string bytes = content_of(path);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  CHECK(length % 8 == 0);
  CHECK(bytes.size() == 8 + length + 2);
  CHECK_THAT(bytes.substr(8), StartsWith(R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}} )"));
  CHECK(bytes.substr(8 + length) == "\x01\x01");
}

TEST_CASE("an empty file of tensors is a file") {
  const TempFolder folder;
  const std::string path = folder.path_of("empty.safetensors");
  write_safetensors(path, {});
  CHECK(read_safetensors(path).tensors.empty());
}

TEST_CASE("tensors are handed out in the order of their data, whatever the order of the header") {
  const TempFolder folder;
  const std::string path = folder.write("swapped.safetensors",
                                        with_length(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},)"
                                                    R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                                                    "xy"));
  const TensorFile file = read_safetensors(path);
  CHECK(file.tensors[0].first == "a");
  CHECK(file.find("b")->item<std::int64_t>() == 'y');
}

TEST_CASE("a missing file and a folder are bad data, named by their path") {
  const TempFolder folder;
  const std::string missing = folder.path_of("missing.safetensors");
  CHECK(message_of<DataError>([&] { read_safetensors(missing); }) ==
        missing + ": cannot open: No such file or directory");
  CHECK_THAT(message_of<DataError>([&] { read_safetensors(folder.path()); }), Contains("it is a folder"));
}

TEST_CASE("a file cut anywhere, or with bytes added, is refused") {
  const TempFolder folder;
  const std::string path = folder.path_of("whole.safetensors");
  write_safetensors(path, {{{"x", at::ones({2, 2})}, {"y", at::ones({3})}}, {{"note", "kept"}}});
  const std::string whole = content_of(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO("cut to " << size << " of " << whole.size());
    refusal(whole.substr(0, size));
  }
  const std::string message = refusal(whole + "!");
  CHECK(message == "byte " + std::to_string(whole.size()) + ": 1 bytes follow the last tensor");
}

TEST_CASE("a header longer than allowed or than the file is refused at byte 0") {
  const auto with_claim = [](std::uint64_t length) {
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + "{}      ";
  };
  CHECK_THAT(refusal(with_claim(100'000'001)), StartsWith("byte 0: a header of 100000001 bytes is longer"));
  CHECK_THAT(refusal(with_claim(9)), StartsWith("byte 0: a header of 9 bytes does not fit"));
  CHECK_THAT(refusal(with_claim(~std::uint64_t{0})), StartsWith("byte 0: "));
}

TEST_CASE("a header that is not one JSON object is refused with the byte") {
  CHECK_THAT(refusal_of_header(" {}", 0), StartsWith("byte 8: the header does not start with '{'"));
  CHECK_THAT(refusal_of_header("[]", 0), StartsWith("byte 8: "));
  CHECK_THAT(refusal_of_header("", 0), StartsWith("byte 8: "));
  CHECK_THAT(refusal_of_header("{} x", 0), StartsWith("byte 11: the header is not valid JSON"));
  CHECK_THAT(refusal_of_header("{}{}", 0), Contains("not valid JSON"));
  CHECK_THAT(refusal_of_header("{", 0), Contains("not valid JSON"));
  CHECK_THAT(refusal_of_header("{/* */}", 0), Contains("not valid JSON"));
  CHECK_THAT(refusal_of_header(std::string("{}\0garbage", 10), 0), StartsWith("byte 10: a zero byte"));
  CHECK_THAT(refusal_of_header("{\"\xff\":1}", 0), Contains("not valid JSON"));
  CHECK_THAT(refusal_of_header(std::string(100'000, '{'), 0), Contains("not valid JSON"));
}

TEST_CASE("names and keys given twice are refused") {
  const std::string tensor = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  CHECK_THAT(refusal_of_header(R"({"x":)" + tensor + R"(,"x":)" + tensor + "}", 1),
             Contains("'x' is given twice"));
  CHECK_THAT(refusal_of_header(R"({"x":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
             Contains("'dtype' is given twice"));
  CHECK_THAT(refusal_of_header(R"({"__metadata__":{"a":"1","a":"2"}})", 0), Contains("'a' is given twice"));
  CHECK_THAT(refusal_of_header(R"({"__metadata__":{},"__metadata__":{}})", 0), Contains("given twice"));
}

TEST_CASE("metadata that are not strings are refused") {
  for (const char* value : {"1", "null", "true", "[\"a\"]", "{}", "-1", "1.5"}) {
    INFO(value);
    CHECK_THAT(refusal_of_header(std::string(R"({"__metadata__":{"a":)") + value + "}}", 0),
               Contains("'a' holds") && Contains("metadata are pairs of strings"));
  }
  CHECK_THAT(refusal_of_header(R"({"__metadata__":"a"})", 0), Contains("'__metadata__' holds a string"));
}

TEST_CASE("an entry with a missing, unknown or wrongly typed part is refused") {
  const auto entry = [](const std::string& members) {
    return refusal_of_header(R"({"x":{)" + members + "}}", 1);
  };
  CHECK_THAT(entry(R"("shape":[1],"data_offsets":[0,1])"), Contains("'x' has no dtype"));
  CHECK_THAT(entry(R"("dtype":"U8","data_offsets":[0,1])"), Contains("'x' has no shape"));
  CHECK_THAT(entry(R"("dtype":"U8","shape":[1])"), Contains("'x' has no data_offsets"));
  CHECK_THAT(entry(R"("dtype":"U8","shape":[1],"data_offsets":[0,1],"more":1)"),
             Contains("unknown key 'more'"));
  CHECK_THAT(entry(R"("dtype":"F4","shape":[1],"data_offsets":[0,1])"),
             Contains("dtype 'F4' is not supported"));
  CHECK_THAT(entry(R"("dtype":["U8"],"shape":[1],"data_offsets":[0,1])"), Contains("'dtype' holds an array"));
  CHECK_THAT(entry(R"("dtype":"U8","shape":1,"data_offsets":[0,1])"), Contains("'shape' holds a number"));
  CHECK_THAT(entry(R"("dtype":"U8","shape":[-1],"data_offsets":[0,1])"), Contains("a negative number"));
  CHECK_THAT(entry(R"("dtype":"U8","shape":[1.0],"data_offsets":[0,1])"),
             Contains("a number with a fraction"));
  CHECK_THAT(entry(R"("dtype":"U8","shape":[[1]],"data_offsets":[0,1])"), Contains("'shape' holds an array"));
  CHECK_THAT(entry(R"("dtype":"U8","shape":[1],"data_offsets":[0,1,2])"), Contains("must be two numbers"));
  CHECK_THAT(entry(R"("dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,1])"),
             Contains("too large"));
  CHECK_THAT(refusal_of_header(R"({"x":1})", 0), Contains("'x' holds a number"));
}

TEST_CASE("holes, overlap, wrong sizes and offsets beyond the file are refused") {
  const auto two = [](const std::string& first, const std::string& second, std::size_t bytes) {
    return refusal_of_header(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)" + first +
                                 R"(},"b":{"dtype":"U8","shape":[2],"data_offsets":)" + second + "}}",
                             bytes);
  };
  CHECK_THAT(two("[0,2]", "[3,5]", 5), Contains("'b' leaves a hole: it starts at data offset 3"));
  CHECK_THAT(two("[0,2]", "[1,3]", 3), Contains("'b' overlaps: it starts at data offset 1"));
  CHECK_THAT(two("[0,2]", "[0,2]", 2), Contains("'b' overlaps"));
  CHECK_THAT(two("[1,3]", "[3,5]", 5), Contains("'a' leaves a hole"));
  CHECK_THAT(two("[0,2]", "[2,5]", 5), Contains("'b': shape [2] needs 2 bytes, but data_offsets give 3"));
  CHECK_THAT(two("[0,2]", "[4,2]", 4), Contains("not within the file's 4 bytes"));
  CHECK_THAT(two("[0,2]", "[2,4]", 3), Contains("not within the file's 3 bytes"));
  CHECK_THAT(two("[0,2]", "[2,4]", 5), Contains("1 bytes follow the last tensor"));
  CHECK_THAT(two("[0,2]", "[9223372036854775806,9223372036854775807]", 4), Contains("not within"));
}

TEST_CASE("shapes whose size overflows are refused, also where a zero hides it") {
  for (const char* shape :
       {"[4294967296,4294967296]", "[0,4294967296,4294967296]", "[9223372036854775807]"}) {
    INFO(shape);
    CHECK_THAT(refusal_of_header(
                   std::string(R"({"x":{"dtype":"F32","data_offsets":[0,0],"shape":)") + shape + "}}", 0),
               Contains("overflows"));
  }
}

TEST_CASE("a BOOL other than 0 and 1 is refused with its byte") {
  const std::string header = R"({"x":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}})";
  CHECK(refusal(with_length(header, std::string("\x00\x01\x02", 3))) ==
        "byte " + std::to_string(8 + header.size() + 2) + ": tensor 'x': a BOOL is 0 or 1, not 2");
}

TEST_CASE("writing where there is no folder is an I/O error that names the file") {
  const TempFolder folder;
  const std::string path = folder.path_of("no/such.safetensors");
  CHECK_THAT(message_of<IoError>([&] { write_safetensors(path, {}); }), StartsWith(path));
}

TEST_CASE("a write that fails leaves the old file and no temporary one") {
  const TempFolder folder;
  const std::string path = folder.path_of("kept.safetensors");
  write_safetensors(path, {{{"x", at::ones({1})}}, {}});
  const TensorFile unsupported = {{{"x", at::zeros({1}, at::TensorOptions(at::kComplexFloat))}}, {}};
  CHECK_THROWS_AS(write_safetensors(path, unsupported), BrokenInvariant);
  const TensorFile twice = {{{"x", at::zeros({1})}, {"x", at::zeros({1})}}, {}};
  CHECK_THROWS_AS(write_safetensors(path, twice), BrokenInvariant);
  CHECK(read_safetensors(path).find("x")->item<float>() == 1);

  // A folder of that name cannot be replaced by a file: the rename fails after all bytes were written.
  std::filesystem::create_directories(folder.path_of("taken/inner"));
  CHECK_THAT(message_of<IoError>([&] { write_safetensors(folder.path_of("taken"), {}); }),
             Contains("rename"));
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    CHECK(entry.path().extension() != ".tmp");
}

}  // namespace
}  // namespace interlock::storage
