// bench_text_loader FOLDER [TEXT]: tokenises TEXT (by default one that it makes up, as FOLDER/text) into
// FOLDER and loads samples from the cache, on one thread. One JSON line a case on standard output:
//   {"case": "load", "tokens": "words", "sequences": "stream", "context": 64, "rates": [1.2e8, ...]}
// Rates are by processor time, so that they are those of a core whatever else runs: of load and tokenise,
// tokens a second; of library (bare SentencePiece), too; of open and read (the file's bytes without checking
// them), bytes a second.

#include <cmath>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sentencepiece_processor.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "common/clock.h"
#include "common/random.h"
#include "data/open_text.h"
#include "text/text_reader.h"

namespace interlock::data {
namespace {

namespace fs = std::filesystem;

constexpr double kTextBytes = 12e6;
constexpr double kBlockSeconds = 0.2;
constexpr int kBlocks = 5;
constexpr std::int64_t kSamplesAtOnce = 32;

const char* name_of(config::TokenKind kind) {
  return kind == config::TokenKind::kBytes   ? "bytes"
         : kind == config::TokenKind::kWords ? "words"
                                             : "sentencepiece";
}

// Words of two to nine letters, the n-th about n times rarer than the first, in lines of about twenty.
void write_text(const std::string& path) {
  SplitMix64 random(1);
  std::vector<std::string> words;
  for (int i = 0; i < 30'000; ++i) {
    std::string word;
    for (std::uint64_t letters = 2 + random.below(8); letters > 0; --letters) {
      word.push_back(static_cast<char>('a' + random.below(26)));
    }
    words.push_back(word);
  }
  std::ofstream file(path, std::ios::binary);
  double bytes = 0;
  std::string line;
  for (; bytes < kTextBytes; bytes += static_cast<double>(line.size())) {
    line.clear();
    for (std::uint64_t count = 10 + random.below(21); count > 0; --count) {
      const double rank = std::exp(random.uniform() * std::log(static_cast<double>(words.size())));
      line += words[static_cast<std::size_t>(rank) - 1] + (count == 1 ? " .\n" : " ");
    }
    file << line;
  }
}

void print(const char* name, const config::DataConfig& data, const std::vector<double>& rates) {
  std::printf("{\"case\": \"%s\", \"tokens\": \"%s\", \"sequences\": \"%s\", \"context\": %lld, \"rates\": [",
              name, name_of(data.tokens), data.sequences == config::SequenceKind::kLines ? "lines" : "stream",
              static_cast<long long>(data.context));
  for (std::size_t i = 0; i < rates.size(); ++i) std::printf("%s%.6g", i == 0 ? "" : ", ", rates[i]);
  std::printf("]}\n");
  std::fflush(stdout);
}

std::int64_t counted_targets(const Batch& batch) {
  const auto* target = batch.targets.const_data_ptr<std::int64_t>();
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < batch.targets.numel(); ++i) count += target[i] != kIgnoredTarget ? 1 : 0;
  return count;
}

// Shuffled micro-batches, as training asks for them; padding is no token.
std::vector<double> load_rates(const DataSource& source, bool padded) {
  const std::vector<std::int64_t> order = random_permutation(source.train->size(), 1);
  std::size_t next = 0;
  std::vector<std::int64_t> samples(kSamplesAtOnce);
  std::vector<double> rates;
  for (int block = 0; block < kBlocks; ++block) {
    double tokens = 0;
    double counting = 0;
    const double start = process_cpu_seconds();
    double seconds = 0;
    while (seconds < kBlockSeconds) {
      for (std::int64_t& sample : samples) sample = order[next++ % order.size()];
      const Batch batch = source.train->load(samples, 0);
      const double loaded = process_cpu_seconds();
      tokens += static_cast<double>(padded ? counted_targets(batch) : batch.targets.numel());
      const double counted = process_cpu_seconds();
      counting += counted - loaded;
      seconds = counted - start - counting;
    }
    rates.push_back(tokens / seconds);
  }
  return rates;
}

std::int64_t file_tokens(const DataSource& source) {
  return source.train->size() * source.info.sample_shape[0];
}

// The largest file of the cache: its tokens.
std::string token_file(const std::string& cache) {
  std::string largest;
  for (const auto& entry : fs::directory_iterator(cache)) {
    if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path().string();
  }
  return largest;
}

double read_rate(const std::string& path) {
  std::vector<char> block(1 << 20);
  const double start = process_cpu_seconds();
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  while (::read(descriptor, block.data(), block.size()) > 0) {
  }
  ::close(descriptor);
  return static_cast<double>(fs::file_size(path)) / (process_cpu_seconds() - start);
}

void measure_opening(const config::Config& config) {
  std::vector<double> open;
  std::vector<double> read;
  const std::string file = token_file(config.data.cache);
  for (int block = 0; block < kBlocks; ++block) {
    read.push_back(read_rate(file));
    const double start = process_cpu_seconds();
    const DataSource source = open_text(config);
    open.push_back(static_cast<double>(fs::file_size(file)) / (process_cpu_seconds() - start));
  }
  print("open", config.data, open);
  print("read", config.data, read);
}

// Bare SentencePiece over the same lines: tokens a second.
double library_rate(const config::Config& config) {
  sentencepiece::SentencePieceProcessor processor;
  processor.Load(vocabulary_file(config)).IgnoreError();
  double tokens = 0;
  const double start = process_cpu_seconds();
  text::TextReader reader({config.data.path});
  std::vector<int> pieces;
  for (text::Piece piece; reader.next(piece); tokens += static_cast<double>(pieces.size() + 1)) {
    processor.Encode(piece.text, &pieces).IgnoreError();
  }
  return tokens / (process_cpu_seconds() - start);
}

double tokenising_rate(const config::Config& config) {
  for (const auto& entry : fs::directory_iterator(config.data.cache)) {
    if (entry.path().extension() == ".tokens") fs::remove(entry.path());
  }
  const double start = process_cpu_seconds();
  const DataSource source = open_text(config);
  return static_cast<double>(file_tokens(source)) / (process_cpu_seconds() - start);
}

void measure_tokenising(const config::Config& config) {
  static_cast<void>(vocabulary_file(config));  // made before the clock runs
  std::vector<double> ours;
  std::vector<double> library;
  for (int repeat = 0; repeat < 3; ++repeat) {  // in turn, so that noise hits both alike
    ours.push_back(tokenising_rate(config));
    if (config.data.tokens == config::TokenKind::kSentencePiece) library.push_back(library_rate(config));
  }
  print("tokenise", config.data, ours);
  if (!library.empty()) print("library", config.data, library);
}

void measure(const std::string& folder, const std::string& text, config::TokenKind kind) {
  config::Config config;
  config.data.kind = config::DataKind::kText;
  config.data.path = text;
  config.data.tokens = kind;
  config.data.cache = folder + "/" + name_of(kind);
  fs::create_directories(config.data.cache);
  measure_tokenising(config);
  if (kind == config::TokenKind::kBytes) measure_opening(config);
  for (const std::int64_t context : {64, 1024}) {
    config.data.context = context;
    print("load", config.data, load_rates(open_text(config), false));
  }
  config.data.sequences = config::SequenceKind::kLines;
  config.data.context = 64;
  print("load", config.data, load_rates(open_text(config), true));
}

}  // namespace
}  // namespace interlock::data

int main(int argc, char** argv) {
  using interlock::config::TokenKind;
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: bench_text_loader FOLDER [TEXT]\n");
    return 2;
  }
  const std::string folder = argv[1];
  const std::string text = argc == 3 ? argv[2] : folder + "/text";
  if (argc == 2) interlock::data::write_text(text);
  for (const TokenKind kind : {TokenKind::kBytes, TokenKind::kWords, TokenKind::kSentencePiece}) {
    interlock::data::measure(folder, text, kind);
  }
  return 0;
}
