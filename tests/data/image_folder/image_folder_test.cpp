#include <set>
#include <thread>

#include "common/error.h"
#include "data/dataset_support.h"
#include "data/image_folder/dataset.h"
#include "data/image_folder/jpeg_support.h"
#include "support/temp_folder.h"

namespace interlock::data {
namespace {

using Catch::Matchers::Contains;
using config::Config;
using test::Colour;
using test::message_of;
using test::Numbers;
using test::plain_jpeg;
using test::targets_of;
using test::TempFolder;

// Brightness 20 + 10 i for image i of a class; what a sample shows tells which file it was.
std::string numbered_jpeg(int i) {
  return plain_jpeg(20, 16, {20 + 10 * i});
}

// train: a has 5 images, b 2, c 3; val: one of each, of brightness 200.
struct Folder : TempFolder {
  Folder() {
    for (const auto& [name, count] : {std::pair{"a", 5}, {"b", 2}, {"c", 3}}) {
      for (int i = 0; i < count; ++i) write(file(name, i), numbered_jpeg(i));
      write(std::string("val/") + name + "/0.JPEG", plain_jpeg(8, 8, {200}));
    }
  }
  static std::string file(const std::string& name, int i) {
    return "train/" + name + "/" + std::to_string(i) + ".jpg";
  }
};

Config config_for(const TempFolder& folder) {
  Config config;
  config.data.kind = config::DataKind::kImageFolder;
  config.data.path = folder.path();
  config.data.image_size = config.data.resize = 8;
  config.data.mean = {0, 0, 0};
  config.data.deviation = {1, 1, 1};
  config.training.batch_size = 1;
  return config;
}

std::string data_problem(const Config& config) {
  return message_of<DataError>([&] { open_data(config); });
}

// Which of its class's numbered images a sample shows.
int shown(const Dataset& set, std::int64_t sample) {
  const at::Tensor inputs = set.load({sample}, 0).inputs;
  return static_cast<int>(inputs.const_data_ptr<float>()[0] * 255 + 0.5F - 20) / 10;
}

TEST_CASE("classes are numbered by name, images by class and name; val is the evaluation set") {
  const Folder folder;
  const DataSource source = open_data(config_for(folder));
  CHECK(source.info.classes == 3);
  CHECK(source.info.sample_shape == Numbers{3, 8, 8});
  CHECK(source.info.train_samples == 10);
  CHECK(source.info.eval_samples == 3);
  CHECK(targets_of(*source.train) == Numbers{0, 0, 0, 0, 0, 1, 1, 2, 2, 2});
  CHECK(targets_of(*source.eval) == Numbers{0, 1, 2});
  CHECK(shown(*source.train, 4) == 4);
  CHECK(shown(*source.train, 8) == 1);
}

TEST_CASE("a limit takes the classes in turn, so that few images still show every class") {
  const Folder folder;
  Config config = config_for(folder);
  config.data.eval_limit = 2;
  for (const auto& [limit, expected] : {std::pair<int, Numbers>{3, {0, 1, 2}},
                                        {4, {0, 0, 1, 2}},
                                        {8, {0, 0, 0, 1, 1, 2, 2, 2}},
                                        {99, {0, 0, 0, 0, 0, 1, 1, 2, 2, 2}}}) {
    config.data.limit = limit;
    const DataSource source = open_data(config);
    CHECK(targets_of(*source.train) == expected);
    CHECK(targets_of(*source.eval) == Numbers{0, 1});
  }
}

TEST_CASE("links are followed; other files and hidden folders are left out") {
  const Folder folder;
  folder.write("elsewhere/pictures/1.jpg", numbered_jpeg(3));
  std::filesystem::create_directory_symlink(folder.path_of("elsewhere/pictures"),
                                            folder.path_of("train/b_linked"));
  folder.write("train/a/notes.txt", "no image");
  folder.write("train/a/deeper/1.jpg", numbered_jpeg(0));
  folder.write("train/.cache/1.jpg", numbered_jpeg(0));
  folder.write("train/readme.jpg", numbered_jpeg(0));
  const ImageList list(folder.path_of("train"));
  CHECK(list.classes() == std::vector<std::string>{"a", "b", "b_linked", "c"});
  CHECK(list.size() == 11);
  CHECK(list.path_of(7) == folder.path_of("train/b_linked/1.jpg"));
}

TEST_CASE("class folders that differ between train and val are named") {
  const Folder folder;
  folder.write("val/d/0.jpg", numbered_jpeg(0));
  std::filesystem::remove_all(folder.path_of("val/b"));
  const std::string problem = data_problem(config_for(folder));
  CHECK_THAT(problem, Contains("only " + folder.path_of("train") + " has b") &&
                          Contains("only " + folder.path_of("val") + " has d"));
}

TEST_CASE("a folder without train, without classes, or a class without images is an error that names it") {
  const TempFolder empty;
  CHECK_THAT(data_problem(config_for(empty)), Contains("has no folder 'train'"));
  std::filesystem::create_directory(empty.path_of("train"));
  CHECK_THAT(data_problem(config_for(empty)), Contains("has no folders"));
  std::filesystem::create_directory(empty.path_of("train/cats"));
  CHECK_THAT(data_problem(config_for(empty)), Contains("train/cats: has no JPEG files"));
}

TEST_CASE("without val there is nothing to evaluate on") {
  const Folder folder;
  std::filesystem::remove_all(folder.path_of("val"));
  const DataSource source = open_data(config_for(folder));
  CHECK(source.eval == nullptr);
  CHECK(source.info.eval_samples == 0);
}

TEST_CASE("a held-out part of train replaces val, which is not looked at") {
  const Folder folder;
  std::filesystem::remove_all(folder.path_of("val/b"));  // an error, were it looked at
  Config config = config_for(folder);
  config.data.holdout = 0.3;
  const DataSource source = open_data(config);
  CHECK(source.info.train_samples == 7);
  CHECK(source.info.eval_samples == 3);
  std::multiset<std::pair<std::int64_t, int>> seen;
  for (const Dataset* set : {source.train.get(), source.eval.get()}) {
    const Numbers targets = targets_of(*set);
    for (std::size_t i = 0; i < targets.size(); ++i)
      seen.emplace(targets[i], shown(*set, static_cast<std::int64_t>(i)));
  }
  CHECK(seen.size() == 10);
  CHECK(std::set<std::pair<std::int64_t, int>>(seen.begin(), seen.end()).size() == 10);
  config.training.seed = 99;
  CHECK(targets_of(*open_data(config).eval) == targets_of(*source.eval));
}

TEST_CASE("a broken image is replaced by the next readable one of its class, round to the first") {
  const Folder folder;
  folder.write(Folder::file("a", 1), "");
  folder.write(Folder::file("a", 2), "\x89PNG\r\n\x1a\n");
  folder.write(Folder::file("c", 2), numbered_jpeg(2).substr(0, 200));
  const DataSource source = open_data(config_for(folder));
  CHECK(shown(*source.train, 1) == 3);
  CHECK(shown(*source.train, 2) == 3);
  CHECK(shown(*source.train, 9) == 0);
  CHECK(targets_of(*source.train) == Numbers{0, 0, 0, 0, 0, 1, 1, 2, 2, 2});
}

TEST_CASE("more broken images than the limit end the run, naming each file with its reason") {
  const Folder folder;
  for (const int i : {0, 2, 3}) folder.write(Folder::file("a", i), i == 2 ? "text" : "");
  Config config = config_for(folder);
  config.data.broken_limit = 2;
  const DataSource source = open_data(config);
  CHECK(shown(*source.train, 2) == 4);
  for (int again = 0; again < 3; ++again) CHECK(shown(*source.train, 3) == 4);  // counted once
  const std::string problem = message_of<DataError>([&] { source.train->load({0}, 0); });
  CHECK_THAT(problem, Contains("3 broken images") && Contains("data.broken_limit (2)"));
  CHECK_THAT(problem, Contains("a/0.jpg: the file is empty") && Contains("a/2.jpg: it is not a JPEG"));
}

TEST_CASE("a class with no readable image is an error whatever the limit") {
  const Folder folder;
  for (const int i : {0, 1}) folder.write(Folder::file("b", i), "");
  const DataSource source = open_data(config_for(folder));
  CHECK_THAT(message_of<DataError>([&] { source.train->load({5}, 0); }),
             Contains("train/b: none of its images"));
}

TEST_CASE(
    "a training sample is drawn from seed, epoch and image alone, whatever was loaded with it and where") {
  const TempFolder folder;
  for (int i = 0; i < 6; ++i) {
    folder.write("train/a/" + std::to_string(i) + ".jpg", test::make_jpeg(40, 30, [&](int x, int y) {
                   return Colour{x * 6, y * 8, i * 40};
                 }));
  }
  Config config = config_for(folder);
  config.data.flip = true;
  const DataSource source = open_data(config);
  const at::Tensor all = source.train->load({0, 1, 2, 3, 4, 5}, 4).inputs;
  CHECK_FALSE(source.train->load({3}, 5).inputs.equal(all.narrow(0, 3, 1)));
  std::vector<std::thread> threads;
  std::vector<int> same(6, 0);
  for (std::int64_t i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      same[static_cast<std::size_t>(i)] =
          source.train->load({i}, 4).inputs.equal(all.narrow(0, i, 1)) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(same == std::vector<int>(6, 1));
  config.training.seed = 2;
  CHECK_FALSE(open_data(config).train->load({3}, 4).inputs.equal(all.narrow(0, 3, 1)));
}

TEST_CASE(
    "a sample is (byte / 255 - mean) / deviation, with ImageNet's where none is given, and black around") {
  const TempFolder folder;
  folder.write("train/a/0.jpg", plain_jpeg(8, 8, {255, 255, 255}));
  Config config = config_for(folder);
  config.data.mean.clear();
  config.data.deviation.clear();
  config.data.image_size = 10;
  config.data.holdout = 0;
  folder.write("val/a/0.jpg", plain_jpeg(8, 8, {255, 255, 255}));
  const at::Tensor inputs = open_data(config).eval->load({0}, 0).inputs;
  const float* values = inputs.const_data_ptr<float>();
  CHECK(values[0] == Approx((0 - 0.485) / 0.229));
  CHECK(values[11] == Approx((1 - 0.485) / 0.229));
  CHECK(values[100 + 11] == Approx((1 - 0.456) / 0.224));
  CHECK(values[299] == Approx((0 - 0.406) / 0.225));
}

}  // namespace
}  // namespace interlock::data
