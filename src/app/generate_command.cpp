// `generate`: samples of text from a checkpoint of a language model, in one process.

#include <filesystem>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/resume.h"
#include "app/run_folder.h"
#include "common/error.h"
#include "config/names.h"
#include "data/open_text.h"
#include "models/generation.h"
#include "models/pretrained.h"

namespace interlock::app {
namespace {

struct GenerateArguments : ConfigArguments {
  std::string checkpoint;  // "": the newest of the run
  std::string prompt;
  std::int64_t tokens = 200;  // to add to the prompt
  int samples = 1;            // each from a seed of its own
  models::SamplingOptions sampling;
};

// The whole network as one stage: the cut of the run does not matter for text.
models::Blueprint whole_network(config::Config& config, const text::Tokenizer& tokenizer) {
  config.partition = {};
  config.learning = {};
  const models::Shape context = {config.data.context};
  return models::make_blueprint(config, {context, context, tokenizer.size(), true}, {false});
}

std::vector<std::int64_t> prompt_tokens(const text::Tokenizer& tokenizer, const std::string& prompt) {
  std::vector<text::Token> tokens;
  tokenizer.encode(prompt, tokens);
  // A model knows how text goes on, and how it starts only after a line has ended.
  if (tokens.empty()) tokens.push_back(tokenizer.end_of_line());
  return {tokens.begin(), tokens.end()};
}

int generate_command(const GenerateArguments& arguments) {
  config::Config config = load_run_config(arguments.config_file(), arguments.overrides);
  if (config.data.kind != config::DataKind::kText) {
    throw UsageError(
        fmt::format("generate: {} trains on data.kind: {}, not text; give the run of a language model",
                    arguments.config_file(), config::name_of(config::data_kinds(), config.data.kind)));
  }
  at::set_num_threads(config.run.threads);
  const std::unique_ptr<text::Tokenizer> tokenizer = data::open_tokenizer(config);
  config.model.init = find_checkpoint_of_run(config, arguments.checkpoint);
  config.model.new_classifier = false;
  config.model.freeze.clear();
  const models::Blueprint blueprint = whole_network(config, *tokenizer);
  const models::Stage network(blueprint.stages.front(), config.training.seed);
  models::InitialWeights(config, blueprint, tokenizer->fingerprint()).copy_into(network);

  const bool lines = config.data.sequences == config::SequenceKind::kLines;
  const auto stop = [&](std::int64_t token) { return lines && token == tokenizer->end_of_line(); };
  for (int sample = 0; sample < arguments.samples; ++sample) {
    models::SamplingOptions options = arguments.sampling;
    options.seed += static_cast<std::uint64_t>(sample);
    const std::vector<std::int64_t> tokens =
        models::continue_text(network.main(), prompt_tokens(*tokenizer, arguments.prompt), arguments.tokens,
                              config.data.context, options, stop);
    const std::string text = tokenizer->decode({tokens.begin(), tokens.end()});
    const bool space = !arguments.prompt.empty() && config.data.tokens == config::TokenKind::kWords;
    fmt::print("{}{}{}\n", arguments.prompt, space ? " " : "", text);
    if (sample + 1 < arguments.samples) fmt::print("---\n");
  }
  return 0;
}

}  // namespace

void add_generate_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<GenerateArguments>();
  CLI::App* const command =
      app.add_subcommand("generate", "samples of text from a checkpoint of a language model; no MPI");
  add_config(*command, *arguments);
  command->add_option("--checkpoint", arguments->checkpoint,
                      "a checkpoint's folder (default: the newest of the run)");
  command->add_option("--prompt", arguments->prompt, "text to go on from (default: the end of a line)");
  command->add_option("--tokens", arguments->tokens, "tokens to add (default 200)")
      ->check(CLI::Range(1, 100000000));
  command->add_option("--samples", arguments->samples, "how many texts (default 1)")
      ->check(CLI::Range(1, 100000));
  command
      ->add_option("--temperature", arguments->sampling.temperature,
                   "below 1 likelier text, above 1 more varied, 0 always the likeliest token (default 1)")
      ->check(CLI::Range(0.0, 1000.0));
  command
      ->add_option("--top-k", arguments->sampling.top_k, "draw among the k likeliest tokens (default: all)")
      ->check(CLI::Range(1, 100000000));
  command->add_option("--seed", arguments->sampling.seed, "of the draws (default 1)");
  command->callback([arguments, &run] { run = [arguments] { return generate_command(*arguments); }; });
}

}  // namespace interlock::app
