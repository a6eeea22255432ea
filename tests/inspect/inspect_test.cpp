// Figures of tensors of every type, names and what they mean, comparisons, damage.

#include <cmath>
#include <cstring>
#include <limits>

#include <nlohmann/json.hpp>

#include "common/error.h"
#include "inspect/comparison.h"
#include "inspect/describe.h"
#include "inspect/look.h"
#include "inspect/table.h"
#include "support/temp_folder.h"

namespace interlock::inspect {
namespace {

using Catch::Matchers::Contains;
using storage::ElementType;
using test::TempFolder;

template <class Number>
TensorFigures figures_of(ElementType type, const std::vector<Number>& numbers) {
  TensorFigures figures;
  figures.add(type, reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number));
  return figures;
}

struct Given {
  std::string name;
  std::vector<float> values;
};

// A safetensors file of float32 vectors.
std::string write(const TempFolder& folder, const std::string& name, const std::vector<Given>& tensors) {
  nlohmann::ordered_json header;
  std::string data;
  for (const Given& tensor : tensors) {
    const std::size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float));
    header[tensor.name] = {
        {"dtype", "F32"}, {"shape", {tensor.values.size()}}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  const std::uint64_t length = text.size();
  std::string content(sizeof(length), '\0');
  std::memcpy(content.data(), &length, sizeof(length));
  return folder.write(name, content + text + data);
}

}  // namespace

TEST_CASE("figures are right for every type of element") {
  const float infinity = std::numeric_limits<float>::infinity();
  const TensorFigures floats = figures_of<float>(ElementType::kFloat32, {3, -4, NAN, infinity, -infinity});
  CHECK(floats.elements == 5);
  CHECK(floats.not_a_number == 1);
  CHECK(floats.infinite == 2);
  CHECK(floats.norm() == 5);
  CHECK(floats.minimum == -4);
  CHECK(floats.maximum == 3);

  CHECK(figures_of<double>(ElementType::kFloat64, {0.5}).norm() == 0.5);
  CHECK(figures_of<std::int64_t>(ElementType::kInt64, {-7, 2}).minimum == -7);
  CHECK(figures_of<std::int32_t>(ElementType::kInt32, {-7, 2}).maximum == 2);
  CHECK(figures_of<std::int16_t>(ElementType::kInt16, {-300}).minimum == -300);
  CHECK(figures_of<std::int8_t>(ElementType::kInt8, {-1}).minimum == -1);
  CHECK(figures_of<std::uint8_t>(ElementType::kUint8, {255}).maximum == 255);
  CHECK(figures_of<std::uint8_t>(ElementType::kBool, {1, 0, 1}).squares == 2);

  // 1, -2, the smallest subnormal, the largest, infinity, NaN.
  const TensorFigures half =
      figures_of<std::uint16_t>(ElementType::kFloat16, {0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x7e00});
  CHECK(half.minimum == -2);
  CHECK(half.maximum == 65504);
  CHECK(half.infinite == 1);
  CHECK(half.not_a_number == 1);
  CHECK(figures_of<std::uint16_t>(ElementType::kFloat16, {0x0001}).maximum == std::ldexp(1.0, -24));
  const TensorFigures brain = figures_of<std::uint16_t>(ElementType::kBfloat16, {0x3f80, 0xc040, 0x7fc0});
  CHECK(brain.minimum == -3);
  CHECK(brain.maximum == 1);
  CHECK(brain.not_a_number == 1);

  const TensorFigures none = figures_of<float>(ElementType::kFloat32, {});
  CHECK(none.elements == 0);
  CHECK(std::isnan(none.minimum));
}

TEST_CASE("figures do not depend on the pieces a tensor comes in") {
  std::vector<float> values(5000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 17) - 8;
  const TensorFigures whole = figures_of(ElementType::kFloat32, values);
  TensorFigures pieces;
  for (std::size_t i = 0; i < values.size(); i += 1250)
    pieces.add(ElementType::kFloat32, reinterpret_cast<const char*>(&values[i]), 1250 * sizeof(float));
  CHECK(pieces.norm() == Approx(whole.norm()));
  CHECK(pieces.minimum == whole.minimum);
  CHECK(pieces.maximum == whole.maximum);
  CHECK(pieces.elements == whole.elements);
}

TEST_CASE("names tell layers, heads, buffers and the optimizer's state apart") {
  CHECK(role_of("layers.12.weight").group == "layers.12");
  CHECK(role_of("layers.12.weight").layer == 12);
  CHECK(role_of("layers.1.running_mean").buffer);
  CHECK(role_of("heads.2.4.bias").head == 2);
  CHECK(role_of("heads.2.4.bias").group == "heads.2");
  const TensorRole state = role_of("optimizer.heads.1.0.weight.exp_avg");
  CHECK(state.optimizer);
  CHECK(state.slot == "exp_avg");
  CHECK(state.group == "optimizer.exp_avg");
  CHECK(role_of("optimizer.loss_scale.0").group == "optimizer.loss_scale");
  for (const char* odd :
       {"", ".", "layers", "layers.", "layers.x", "optimizer", "heads..", "layers.99999999999.w"})
    CHECK_NOTHROW(role_of(odd));
}

TEST_CASE("tensors are listed in the network's order, whatever the file's") {
  const TempFolder folder;
  const std::string path = write(folder, "a.safetensors",
                                 {{"optimizer.layers.2.weight.momentum", {9}},
                                  {"heads.0.0.weight", {1}},
                                  {"layers.10.weight", {3, 4}},
                                  {"layers.2.weight", {1}},
                                  {"layers.2.running_mean", {100}}});
  const TensorSet set = open_tensors(path);
  const std::vector<GroupRow> groups = by_group(look(set, {}));
  std::vector<std::string> names;
  for (const GroupRow& group : groups) names.push_back(group.group);
  CHECK(names == std::vector<std::string>{"layers.2", "layers.10", "heads.0", "optimizer.momentum"});
  CHECK(groups[0].tensors == 2);
  CHECK(groups[0].parameters == 1);  // what batch norm keeps is no parameter, and not in the norm
  CHECK(groups[0].figures->norm() == 1);
  CHECK(groups[1].figures->norm() == 5);
}

TEST_CASE("a comparison finds what differs and by how much") {
  const TempFolder folder;
  const float infinity = std::numeric_limits<float>::infinity();
  const TensorSet left = open_tensors(
      write(folder, "l",
            {{"same", {1, NAN, infinity}}, {"near", {3, 4}}, {"long", {1, 2}}, {"gone", {1}}, {"odd", {1}}}));
  const TensorSet right = open_tensors(
      write(folder, "r",
            {{"near", {3, 4.5}}, {"same", {1, NAN, infinity}}, {"long", {1}}, {"new", {1}}, {"odd", {NAN}}}));
  const auto found = compare(left, right, {});
  REQUIRE(found.size() == 6);
  CHECK(found[0].equal());
  CHECK(found[1].different == 1);
  CHECK(found[1].largest == 0.5);
  CHECK(found[1].relative == Approx(0.1));
  CHECK_THAT(found[2].shapes, Contains("[2] F32 against [1] F32"));
  CHECK(found[3].only_in == left.path);
  CHECK(std::isinf(found[4].largest));
  CHECK(found[5].name == "new");
  CHECK(found[5].only_in == right.path);
  CHECK_THAT(describe_comparison("l", "r", found, false),
             Contains("1 of 6 tensors are equal to the last bit"));
}

TEST_CASE("a selection that leaves nothing is refused with what there is") {
  const TempFolder folder;
  const TensorSet set = open_tensors(write(folder, "a.safetensors", {{"layers.0.weight", {1}}}));
  Selection selection;
  selection.filter = "bias";
  CHECK_THAT(test::message_of<UsageError>([&] { look(set, selection); }), Contains("--filter bias"));
  selection = {};
  selection.stage = 2;
  CHECK_THAT(test::message_of<UsageError>([&] { look(set, selection); }), Contains("no stages"));
}

TEST_CASE("a table has straight columns and no blanks at the ends of lines") {
  const std::string text =
      format_table({Align::kLeft, Align::kRight, Align::kLeft}, {{"a", "long", ""}, {"abc", "1", "x"}});
  CHECK(text == "a    long\nabc     1  x\n");
}

}  // namespace interlock::inspect
