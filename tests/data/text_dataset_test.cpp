#include "data/text_dataset.h"

#include <algorithm>
#include <set>

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>

#include "common/error.h"
#include "data/open_text.h"
#include "support/catch.h"
#include "support/temp_folder.h"
#include "text/tokenizer.h"

namespace interlock::data {
namespace {

using Catch::Matchers::Contains;
using config::Config;
using Numbers = std::vector<std::int64_t>;
using test::message_of;
using test::TempFolder;

Config text_config(const TempFolder& folder, const std::string& text, std::int64_t context) {
  Config config;
  config.data.kind = config::DataKind::kText;
  config.data.path = folder.write("text", text);
  config.data.cache = folder.path_of("cache");
  config.data.context = context;
  config.training.batch_size = 1;
  return config;
}

// Every byte 0 .. count-1, so that a token tells its place; none of them is a line end but the last.
std::string places(int count) {
  std::string text;
  for (int i = 0; i + 1 < count; ++i) text.push_back(static_cast<char>(i < '\n' ? i : i + 1));
  return text + "\n";
}

Numbers row(const at::Tensor& tensor, std::int64_t number) {
  const auto* values = tensor.const_data_ptr<std::int64_t>() + number * tensor.size(1);
  return {values, values + tensor.size(1)};
}

Numbers all_samples(const Dataset& set) {
  Numbers samples(static_cast<std::size_t>(set.size()));
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::int64_t>(i);
  return samples;
}

TEST_CASE("text tells its shapes, its vocabulary and that inputs are tokens") {
  const TempFolder folder;
  const DataSource source = open_data(text_config(folder, places(100), 8));
  CHECK(source.info.sample_shape == Numbers{8});
  CHECK(source.info.target_shape == Numbers{8});
  CHECK(source.info.classes == 256);
  CHECK(source.info.integer_inputs);
  CHECK(source.info.is_text());
  CHECK(source.info.vocabulary == text::make_byte_tokenizer()->fingerprint());
  CHECK(source.info.train_samples == 100 / 8 - 1);
  CHECK(source.info.eval_samples == 0);
}

TEST_CASE("windows tile the stream in every epoch, and targets are inputs one token further on") {
  const TempFolder folder;
  const std::string text = places(100);
  const DataSource source = open_data(text_config(folder, text, 8));
  std::set<std::int64_t> shifts;
  for (std::int64_t epoch = 0; epoch < 40; ++epoch) {
    const Batch batch = source.train->load(all_samples(*source.train), epoch);
    REQUIRE(batch.inputs.sizes() == at::IntArrayRef({11, 8}));
    const auto* inputs = batch.inputs.const_data_ptr<std::int64_t>();
    const auto* targets = batch.targets.const_data_ptr<std::int64_t>();
    const auto shift = static_cast<std::int64_t>(text.find(static_cast<char>(inputs[0])));
    REQUIRE(shift < 8);
    shifts.insert(shift);
    for (std::int64_t i = 0; i < 88; ++i) {
      REQUIRE(inputs[i] == static_cast<unsigned char>(text[static_cast<std::size_t>(shift + i)]));
      REQUIRE(targets[i] == static_cast<unsigned char>(text[static_cast<std::size_t>(shift + i + 1)]));
    }
  }
  CHECK(shifts.size() == 8);  // every way to cut it comes up
}

TEST_CASE("windows depend on seed and epoch alone, not on what is loaded together") {
  const TempFolder folder;
  Config config = text_config(folder, places(200), 16);
  const DataSource source = open_data(config);
  const DataSource again = open_data(config);
  const Batch both = source.train->load({3, 1}, 5);
  CHECK(both.inputs.equal(again.train->load({3, 1}, 5).inputs));
  CHECK(row(both.inputs, 1) == row(again.train->load({1}, 5).inputs, 0));
  const auto starts = [&](const Dataset& set) {
    Numbers found;
    for (std::int64_t epoch = 0; epoch < 8; ++epoch) found.push_back(row(set.load({0}, epoch).inputs, 0)[0]);
    return found;
  };
  config.training.seed += 1;
  CHECK(starts(*source.train) != starts(*open_data(config).train));
}

TEST_CASE("evaluation windows start at the first token and are the same in every epoch") {
  const TempFolder folder;
  Config config = text_config(folder, places(100), 8);
  config.data.eval_path = folder.write("eval", places(17));
  const DataSource source = open_data(config);
  REQUIRE(source.eval->size() == 2);
  CHECK(row(source.eval->load({0}, 0).inputs, 0) == Numbers{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(row(source.eval->load({1}, 0).targets, 0) == Numbers{9, 11, 12, 13, 14, 15, 16, '\n'});
  CHECK(source.eval->load({0, 1}, 0).inputs.equal(source.eval->load({0, 1}, 7).inputs));
}

TEST_CASE("lines are shifted by an end of line, cut at the context and padded") {
  const TempFolder folder;
  Config config = text_config(folder, "a b c\n\nd\na a a a a\n", 4);
  config.data.tokens = config::TokenKind::kWords;
  config.data.sequences = config::SequenceKind::kLines;
  config.data.vocabulary = folder.write("words", "a\nb\nc\nd\n<unk>\n<eos>\n");
  const DataSource source = open_data(config);
  REQUIRE(source.train->size() == 3);
  const Batch batch = source.train->load({0, 2, 1}, 3);
  CHECK(row(batch.inputs, 0) == Numbers{5, 0, 1, 2});
  CHECK(row(batch.targets, 0) == Numbers{0, 1, 2, 5});
  CHECK(row(batch.inputs, 1) == Numbers{5, 0, 0, 0});
  CHECK(row(batch.targets, 1) == Numbers{0, 0, 0, 0});
  CHECK(row(batch.inputs, 2) == Numbers{5, 3, 0, 0});
  CHECK(row(batch.targets, 2) == Numbers{3, 5, kIgnoredTarget, kIgnoredTarget});
}

TEST_CASE("held-out tokens are never trained on, in any epoch") {
  const TempFolder folder;
  Config config = text_config(folder, places(200), 4);
  config.data.holdout = 0.25;
  const DataSource source = open_data(config);
  std::set<std::int64_t> trained;
  for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
    const Batch batch = source.train->load(all_samples(*source.train), epoch);
    for (const at::Tensor& tensor : {batch.inputs, batch.targets}) {
      trained.insert(tensor.const_data_ptr<std::int64_t>(),
                     tensor.const_data_ptr<std::int64_t>() + tensor.numel());
    }
  }
  const Batch held = source.eval->load(all_samples(*source.eval), 0);
  for (std::int64_t i = 0; i < held.inputs.numel(); ++i) {
    CHECK(trained.count(held.inputs.const_data_ptr<std::int64_t>()[i]) == 0);
    CHECK(trained.count(held.targets.const_data_ptr<std::int64_t>()[i]) == 0);
  }
  CHECK(source.eval->size() == 49 / 4);
}

TEST_CASE("limits keep the first samples") {
  const TempFolder folder;
  Config config = text_config(folder, "a\nb\nc\nd\n", 4);
  config.data.sequences = config::SequenceKind::kLines;
  config.data.limit = 3;
  config.data.eval_path = config.data.path;
  config.data.eval_limit = 1;
  const DataSource source = open_data(config);
  CHECK(source.info.train_samples == 3);
  CHECK(source.info.eval_samples == 1);
  CHECK(row(source.train->load({2}, 0).inputs, 0) == Numbers{'\n', 'c', 0, 0});
}

TEST_CASE("text too short for a sample, and another loss, are refused with the key") {
  const TempFolder folder;
  Config config = text_config(folder, places(15), 8);
  CHECK_THAT(message_of<UsageError>([&] { open_data(config); }),
             Contains("data.context") && Contains("15 tokens") && Contains("takes 16"));
  config = text_config(folder, places(16), 8);
  CHECK(open_data(config).train->size() == 1);
  config.data.eval_path = folder.write("eval", places(8));
  CHECK_THAT(message_of<UsageError>([&] { open_data(config); }),
             Contains("data.context") && Contains("evaluate"));
  config.data.eval_path = "";
  config.training.loss = config::LossKind::kMeanSquaredError;
  CHECK_THAT(message_of<UsageError>([&] { open_data(config); }), Contains("training.loss"));
  config.training.loss = config::LossKind::kCrossEntropy;
  config.data.path = "";
  CHECK_THAT(message_of<UsageError>([&] { open_data(config); }), Contains("data.path"));
  config = text_config(folder, "\n\n", 8);
  config.data.sequences = config::SequenceKind::kLines;
  config.data.tokens = config::TokenKind::kWords;
  CHECK_THAT(message_of<DataError>([&] { open_data(config); }), Contains("no line"));
}

TEST_CASE("the tokenizer alone is the one that the samples were made with, with or without the text") {
  const TempFolder folder;
  Config config = text_config(folder, "a b c\nb a\n", 2);
  config.data.tokens = config::TokenKind::kWords;
  const DataSource source = open_data(config);
  CHECK(open_tokenizer(config)->fingerprint() == source.info.vocabulary);
  config.data.vocabulary = vocabulary_file(config);
  config.data.path = folder.path_of("gone");
  CHECK(open_tokenizer(config)->fingerprint() == source.info.vocabulary);
}

}  // namespace
}  // namespace interlock::data
