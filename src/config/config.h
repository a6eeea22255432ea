#pragma once
// The whole configuration of a run as plain, validated structs. load_config() is the only way in: what it
// returns is complete (defaults filled in), in range and free of contradictions that can be seen without the
// model or the data. docs/config.md has every key. No torch, no MPI.

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/placement.h"
#include "config/layer_spec.h"
#include "config/location.h"

namespace interlock::config {

enum class ModelKind { kSequential, kConvnet, kResnet, kTransformerLm };
enum class ResnetBlock { kBasic, kBottleneck };
enum class ResnetStem { kCifar, kImagenet };  // 3x3 stride 1 | 7x7 stride 2 and 3x3 max pool stride 2
enum class PositionKind { kLearned, kRotary };

struct ModelConfig {
  ModelKind kind = ModelKind::kConvnet;
  std::vector<LayerSpec> layers;  // sequential only
  // convnet: one 3x3 convolution + ReLU for each entry, 2x2 max pool after every second one, then a linear
  // layer.
  std::vector<std::int64_t> channels = {32, 32, 64, 64, 128, 128};
  bool batch_norm = false;  // convnet: between convolution and ReLU
  ResnetBlock block = ResnetBlock::kBasic;
  std::string super_blocks = "16,3/32,3/64,3";  // "channels,blocks/channels,blocks/...", ResNet-20 by default
  ResnetStem stem = ResnetStem::kCifar;
  // transformer_lm: an embedding, `blocks` pre-norm blocks, an output layer; vocabulary and context are the
  // data's.
  std::int64_t blocks = 4;
  std::int64_t width = 128;
  std::int64_t attention_heads = 4;
  std::int64_t hidden = 0;  // of a block's MLP; 0 = 4 x width
  PositionKind positions = PositionKind::kLearned;
  bool tied = true;  // one matrix for token embedding and output projection
  double dropout = 0;
  // Where weights come from, "" for random: a safetensors file (names of `export`, of torchvision or of
  // Hugging Face's GPT-2), or a run's or a checkpoint's folder.
  std::string init;
  bool new_classifier = false;  // the last layer keeps its random start whatever `init` holds
  std::string freeze;           // layers that do not learn: "0-3,5" or all_but_last; "" for none
};

inline constexpr int kRestOfLayers = -1;

struct PartitionConfig {
  int stages = 1;           // K; equals layers.size() where that is given
  std::vector<int> layers;  // layers a stage, kRestOfLayers at most once; empty: see balance_by_cost
  // Without `layers`: cut by the measured cost of each layer, heads and extra input gradients included,
  // instead of into equal counts.
  bool balance_by_cost = false;
  // R: copies of each stage that split every micro-batch; one number for all stages, or one a stage.
  std::vector<int> replicas = {1};
  // Batch norm's statistics over all replicas of a stage instead of over each replica's part.
  bool sync_batch_norm = false;

  // Who runs on which rank. Meaningful once `stages` is known.
  [[nodiscard]] Placement placement() const { return {stages, replicas}; }
};

inline constexpr int kHorizonAll = 0;

enum class MixKind { kFarthest, kSum, kMean, kWeights };

struct LearningConfig {
  int horizon = kHorizonAll;  // N as written, or kHorizonAll; resolved_horizon() gives 1..K
  MixKind mix = MixKind::kFarthest;
  std::vector<double> mix_weights;            // kWeights: one for each distance l-k = 0..N-1
  std::string head = "linear";                // head string for all stages, used where `heads` is empty
  std::vector<std::vector<LayerSpec>> heads;  // one layer list for each stage but the last
  bool train_all_heads = false;

  [[nodiscard]] int resolved_horizon(int stages) const { return horizon == kHorizonAll ? stages : horizon; }
};

// How the order of a rank's actions is made; kAuto takes what fits the horizon.
enum class PolicyKind { kAuto, kPlanned, kGpipe, kOneForwardOneBackward, kZeroBubble };

// Milliseconds of each action of one micro-batch: one number for all stages, or one a stage; never empty in a
// Config. All are finite and not negative.
struct ActionTimes {
  std::vector<double> forward_ms;
  std::vector<double> head_ms;  // head and its backward; one number: the last stage's loss is free
  std::vector<double> input_gradient_ms;
  std::vector<double> weight_gradient_ms;
  std::vector<double> backward_ms;  // one pass for input and weight gradient; default: weight_gradient_ms
  std::vector<double> update_ms;    // optimizer step, once a batch; default: 0
};

enum class WireType { kFloat32, kBfloat16 };

struct ScheduleConfig {
  int micro_batches = 1;  // M: a batch of B samples is cut into ceil(B / M) at a time, the last one ragged
  PolicyKind policy = PolicyKind::kAuto;
  int in_flight = 0;          // most micro-batches in flight on any stage; 0 = the policy's own number
  double memory_cap_mib = 0;  // most stored activations of any stage, in MiB; 0 = no cap
  std::string file;           // a schedule that `interlock plan --write` wrote; "" = made from the policy
  // Where the planner's costs come from; at most one of the two is set.
  std::string costs_file;  // a profile that `interlock profile` wrote
  std::optional<ActionTimes> costs;
  // Gradients of several losses in one pass where measured costs say that is quicker; equal to rounding only.
  bool stack_gradients = false;
  double latency_us = 50;                    // link: what a message takes, in microseconds
  double gigabytes_per_second = 0;           // link: 10^9 bytes a second; 0 = unlimited
  WireType wire_dtype = WireType::kFloat32;  // of activations and gradients between stages
  double bucket_mib = 25;                    // replicas: gradients are summed in pieces of this size
};

enum class DataKind { kShapes, kCifar10, kCifar100, kIdx, kTensors, kText, kImageFolder };
enum class TokenKind { kBytes, kWords, kSentencePiece };
enum class SequenceKind { kStream, kLines };  // windows of one long stream | one line a sample, padded

struct DataConfig {
  DataKind kind = DataKind::kShapes;
  std::string path;       // folder (cifar10, cifar100, idx) or training file (tensors)
  std::string eval_path;  // tensors, text: what to evaluate on; "" for none
  // This fraction of the training samples is held out and evaluated on instead of the data set's own
  // evaluation files, which are then not opened. Which samples: drawn from holdout_seed; the tail of a
  // stream.
  double holdout = 0;
  std::uint64_t holdout_seed = 0;
  std::int64_t limit = 0;             // use only the first n training samples; 0 = all
  std::int64_t eval_limit = 0;        // the same for evaluation samples
  std::int64_t train_samples = 8000;  // shapes: how many to draw
  std::int64_t eval_samples = 2000;   // shapes
  std::int64_t image_size = 16;       // shapes, imagefolder (default there: 224): height and width
  std::int64_t downscale = 1;         // images: average over n x n blocks when loading (2 = half resolution)
  std::int64_t crop_padding = 0;      // images: random crop after zero padding; 0 = off
  bool flip = false;                  // images: random horizontal flip
  bool shuffle = true;                // a new order every epoch; false keeps the file's order
  bool drop_last = false;             // leave out a ragged last batch
  std::vector<double> mean;           // a channel, of values in 0..1; empty: the data set's own default
  std::vector<double> deviation;
  int threads = 0;  // that load samples ahead of their use; 0 = none (default for imagefolder: 2)

  // text
  TokenKind tokens = TokenKind::kBytes;
  SequenceKind sequences = SequenceKind::kStream;
  std::int64_t context = 64;  // tokens a sample
  std::string vocabulary;     // words: a word a line; sentencepiece: a .model; "" = made from the text
  std::int64_t vocabulary_size = 8000;  // of one that is made
  std::string cache;                    // folder for tokenised text; "" = the user's cache folder

  // imagefolder
  std::int64_t resize = 256;                           // shorter side before the centre crop of evaluation
  std::vector<double> crop_area = {0.08, 1.0};         // random resized crop: fraction of the image
  std::vector<double> crop_ratio = {0.75, 4.0 / 3.0};  // and width / height
  std::int64_t broken_limit = 10;                      // unreadable images that are skipped before giving up
};

enum class OptimizerKind { kSgd, kAdam, kAdamW };
enum class LearningRateKind { kConstant, kMultistep, kCosine, kInverseSqrt };

struct LearningRateConfig {
  LearningRateKind kind = LearningRateKind::kConstant;
  std::vector<std::int64_t> milestones;  // multistep: first epochs (from 1) with the rate multiplied by gamma
  double gamma = 0.1;
  std::int64_t warmup_steps = 0;  // linear from 0; for inverse_sqrt the paper's warm-up (default there: 4000)
  double minimum = 0;             // cosine: rate at the end
};

struct OptimizerConfig {
  OptimizerKind kind = OptimizerKind::kSgd;
  double lr = 0.1;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;    // AdamW's default is 0.01
  bool decay_vectors = true;  // false: biases and norms, whatever has less than two dimensions, do not decay
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  LearningRateConfig schedule;
};

enum class LossKind { kCrossEntropy, kMeanSquaredError };

// What layers compute in (autocast); weights, gradients and optimizer state are float32 always.
enum class Precision { kFloat32, kBfloat16, kFloat16 };
// The norm that training.clip_norm limits: each stage's own, or that of all stages together.
enum class ClipScope { kStage, kGlobal };

// What is done where a loss, a gradient or an activation is NaN or infinite.
enum class NonfiniteKind { kStop, kSkip, kRewind, kIgnore };

struct TrainingConfig {
  std::int64_t batch_size = 128;
  std::int64_t epochs = 1;
  std::int64_t max_steps = 0;  // stop after so many optimizer steps; 0 = no limit
  LossKind loss = LossKind::kCrossEntropy;
  double label_smoothing = 0;
  double clip_norm = 0;  // main net and head each on its own; 0 = off
  ClipScope clip_scope = ClipScope::kStage;
  std::uint64_t seed = 1;
  std::int64_t eval_every_epochs = 1;  // 0 = never
  // Keep only a stage's input and run its forward again before its backward: less memory, more work.
  bool recompute = false;
  Precision precision = Precision::kFloat32;
  double loss_scale = 65536;              // float16: to start with, for each loss
  std::int64_t loss_scale_window = 2000;  // float16: doubled after so many steps without overflow
  bool deterministic = false;             // accelerators: only kernels that give the same bits every time
  bool tf32 = false;                      // accelerators: float32 products may round their factors to 10 bits
  NonfiniteKind nonfinite = NonfiniteKind::kStop;
  std::int64_t nonfinite_limit = 10;  // skip and rewind: so many such steps in a row end the run all the same
};

enum class DeviceKind { kAuto, kCpu, kCuda, kSimulated };

// How tensors travel between accelerators; on CPUs it is always MPI.
enum class TransportKind { kAuto, kHostStaged, kCudaAwareMpi, kNccl };
// Which cores a rank may use, unless its launcher has bound it already.
enum class BindKind { kAuto, kNone, kCores, kNuma };

struct RunConfig {
  std::string dir;  // default: runs/<name of the config file>
  DeviceKind device = DeviceKind::kAuto;
  TransportKind transport = TransportKind::kAuto;
  BindKind bind = BindKind::kAuto;
  int threads = 1;                          // torch threads a rank
  std::int64_t log_every = 0;               // steps between progress lines in a log; 0 = about ten an epoch
  int keep_checkpoints = 2;                 // newest ones kept; 0 = all
  bool checkpoint = true;                   // write one at the end of each epoch
  std::int64_t checkpoint_every_steps = 0;  // and after every so many steps; 0 = only at the ends of epochs
  bool tensorboard = true;                  // write event files for TensorBoard as well
  bool keep_best = false;  // also keep the one with the lowest evaluation loss of the last stage
  // Seconds without progress after which the job ends with exit code 6; 0 = wait for ever. For one action,
  // for whatever happens before the first step, and for writing or reading a checkpoint.
  double watchdog_seconds = 300;
  double setup_watchdog_seconds = 1800;
  double checkpoint_watchdog_seconds = 600;
  // What actions take where device is kSimulated; kept, but without effect, with another device.
  std::optional<ActionTimes> simulated;
};

// Which steps are recorded for a trace, counted from the first step of each start of the program: `wait`
// pass, `warmup` are recorded and thrown away, `active` are kept.
struct ProfileConfig {
  std::int64_t wait = 1;
  std::int64_t warmup = 1;
  std::int64_t active = 0;  // 0: nothing is recorded
  bool operators = true;    // LibTorch's operators and, on a GPU, its kernels as well
};

struct Config {
  ModelConfig model;
  PartitionConfig partition;
  LearningConfig learning;
  ScheduleConfig schedule;
  DataConfig data;
  OptimizerConfig optimizer;
  TrainingConfig training;
  RunConfig run;
  ProfileConfig profile;

  // The place of every key the user gave, by its full name ("partition.stages"): for messages by later
  // checks.
  std::map<std::string, Location> origins;
  [[nodiscard]] Location where(const std::string& key) const;
  [[nodiscard]] int horizon() const { return learning.resolved_horizon(partition.stages); }
};

// Reads `path` and applies `overrides` ("key.path=value", the value in YAML syntax), which win.
// Errors: UsageError with file:line:column (or "command line"), the key, what is allowed, the nearest valid
// name.
Config load_config(const std::string& path, const std::vector<std::string>& overrides);

// The same from text, for tests and for the resolved config of a run; `source` is what messages call it.
Config parse_config(const std::string& yaml, const std::string& source,
                    const std::vector<std::string>& overrides);

// Every key with its value, as YAML that load_config() reads back to the same Config.
std::string to_yaml(const Config& config);

}  // namespace interlock::config
