#include "config/names.h"

namespace interlock::config {

const Names<ModelKind>& model_kinds() {
  static const Names<ModelKind> names = {{"sequential", ModelKind::kSequential},
                                         {"convnet", ModelKind::kConvnet},
                                         {"resnet", ModelKind::kResnet},
                                         {"transformer_lm", ModelKind::kTransformerLm}};
  return names;
}

const Names<ResnetBlock>& resnet_blocks() {
  static const Names<ResnetBlock> names = {{"basic", ResnetBlock::kBasic},
                                           {"bottleneck", ResnetBlock::kBottleneck}};
  return names;
}

const Names<ResnetStem>& resnet_stems() {
  static const Names<ResnetStem> names = {{"cifar", ResnetStem::kCifar}, {"imagenet", ResnetStem::kImagenet}};
  return names;
}

const Names<PositionKind>& position_kinds() {
  static const Names<PositionKind> names = {{"learned", PositionKind::kLearned},
                                            {"rotary", PositionKind::kRotary}};
  return names;
}

const Names<MixKind>& mix_kinds() {
  static const Names<MixKind> names = {
      {"farthest", MixKind::kFarthest}, {"sum", MixKind::kSum}, {"mean", MixKind::kMean}};
  return names;
}

const Names<bool>& balance_kinds() {
  static const Names<bool> names = {{"equal", false}, {"auto", true}};
  return names;
}

const Names<PolicyKind>& policy_kinds() {
  static const Names<PolicyKind> names = {{"auto", PolicyKind::kAuto},
                                          {"planned", PolicyKind::kPlanned},
                                          {"gpipe", PolicyKind::kGpipe},
                                          {"1f1b", PolicyKind::kOneForwardOneBackward},
                                          {"zero_bubble", PolicyKind::kZeroBubble}};
  return names;
}

const Names<DataKind>& data_kinds() {
  static const Names<DataKind> names = {
      {"shapes", DataKind::kShapes},          {"cifar10", DataKind::kCifar10},
      {"cifar100", DataKind::kCifar100},      {"idx", DataKind::kIdx},
      {"tensors", DataKind::kTensors},        {"text", DataKind::kText},
      {"imagefolder", DataKind::kImageFolder}};
  return names;
}

const Names<TokenKind>& token_kinds() {
  static const Names<TokenKind> names = {{"bytes", TokenKind::kBytes},
                                         {"words", TokenKind::kWords},
                                         {"sentencepiece", TokenKind::kSentencePiece}};
  return names;
}

const Names<SequenceKind>& sequence_kinds() {
  static const Names<SequenceKind> names = {{"stream", SequenceKind::kStream},
                                            {"lines", SequenceKind::kLines}};
  return names;
}

const Names<OptimizerKind>& optimizer_kinds() {
  static const Names<OptimizerKind> names = {
      {"sgd", OptimizerKind::kSgd}, {"adam", OptimizerKind::kAdam}, {"adamw", OptimizerKind::kAdamW}};
  return names;
}

const Names<LearningRateKind>& learning_rate_kinds() {
  static const Names<LearningRateKind> names = {{"constant", LearningRateKind::kConstant},
                                                {"multistep", LearningRateKind::kMultistep},
                                                {"cosine", LearningRateKind::kCosine},
                                                {"inverse_sqrt", LearningRateKind::kInverseSqrt}};
  return names;
}

const Names<LossKind>& loss_kinds() {
  static const Names<LossKind> names = {{"cross_entropy", LossKind::kCrossEntropy},
                                        {"mean_squared_error", LossKind::kMeanSquaredError}};
  return names;
}

const Names<DeviceKind>& device_kinds() {
  static const Names<DeviceKind> names = {{"auto", DeviceKind::kAuto},
                                          {"cpu", DeviceKind::kCpu},
                                          {"cuda", DeviceKind::kCuda},
                                          {"simulated", DeviceKind::kSimulated}};
  return names;
}

const Names<WireType>& wire_types() {
  static const Names<WireType> names = {{"float32", WireType::kFloat32}, {"bfloat16", WireType::kBfloat16}};
  return names;
}

const Names<Precision>& precisions() {
  static const Names<Precision> names = {
      {"float32", Precision::kFloat32}, {"bfloat16", Precision::kBfloat16}, {"float16", Precision::kFloat16}};
  return names;
}

const Names<ClipScope>& clip_scopes() {
  static const Names<ClipScope> names = {{"stage", ClipScope::kStage}, {"global", ClipScope::kGlobal}};
  return names;
}

const Names<NonfiniteKind>& nonfinite_kinds() {
  static const Names<NonfiniteKind> names = {{"stop", NonfiniteKind::kStop},
                                             {"skip", NonfiniteKind::kSkip},
                                             {"rewind", NonfiniteKind::kRewind},
                                             {"ignore", NonfiniteKind::kIgnore}};
  return names;
}

const Names<TransportKind>& transport_kinds() {
  static const Names<TransportKind> names = {{"auto", TransportKind::kAuto},
                                             {"host_staged", TransportKind::kHostStaged},
                                             {"cuda_aware_mpi", TransportKind::kCudaAwareMpi},
                                             {"nccl", TransportKind::kNccl}};
  return names;
}

const Names<BindKind>& bind_kinds() {
  static const Names<BindKind> names = {{"auto", BindKind::kAuto},
                                        {"none", BindKind::kNone},
                                        {"cores", BindKind::kCores},
                                        {"numa", BindKind::kNuma}};
  return names;
}

}  // namespace interlock::config
