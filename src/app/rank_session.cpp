#include "app/rank_session.h"

#include <cstdlib>
#include <optional>
#include <unistd.h>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/balance.h"
#include "app/build_id.h"
#include "app/failure.h"
#include "app/run_folder.h"
#include "common/activity.h"
#include "common/fault_point.h"
#include "common/log.h"
#include "common/text.h"
#include "coordinator/live_file.h"
#include "schedule/schedule_file.h"
#include "storage/checkpoint.h"
#include "training/schedule_choice.h"
#include "watch/words.h"

namespace interlock::app {
namespace {

using nlohmann::json;

std::string encode(const data::DatasetInfo& info) {
  return json{{"sample_shape", info.sample_shape},
              {"target_shape", info.target_shape},
              {"classes", info.classes},
              {"integer_inputs", info.integer_inputs},
              {"train_samples", info.train_samples},
              {"eval_samples", info.eval_samples},
              {"vocabulary", info.vocabulary},
              {"tokens", info.tokens}}
      .dump();
}

data::DatasetInfo decode(const std::string& text) {
  const json document = json::parse(text);
  data::DatasetInfo info;
  document.at("sample_shape").get_to(info.sample_shape);
  document.at("target_shape").get_to(info.target_shape);
  document.at("classes").get_to(info.classes);
  document.at("integer_inputs").get_to(info.integer_inputs);
  document.at("train_samples").get_to(info.train_samples);
  document.at("eval_samples").get_to(info.eval_samples);
  document.at("vocabulary").get_to(info.vocabulary);
  document.at("tokens").get_to(info.tokens);
  return info;
}

void check_rank_count(const config::Config& config, int ranks) {
  const Placement placement = config.partition.placement();
  const int wanted = placement.ranks();
  if (ranks == wanted) return;
  const std::string hint =
      ranks == 1
          ? " Launched without mpirun, or by an srun without PMIx? (--single-process trains in one process.)"
          : "";
  throw UsageError(fmt::format(
      "{} rank{} launched, but partition.stages: {}{} needs {} (a coordinator and one a {}): mpirun -np {} "
      "interlock ...{}",
      ranks, ranks == 1 ? "" : "s", config.partition.stages,
      placement.replicated() ? " with partition.replicas" : "", wanted,
      placement.replicated() ? "replica of a stage" : "stage", wanted, hint));
}

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

watch::Limits limits_of(const config::RunConfig& run) {
  watch::Limits limits;
  limits.step = limits.silence = run.watchdog_seconds;
  limits.setup = run.setup_watchdog_seconds;
  limits.checkpoint = run.checkpoint_watchdog_seconds;
  return limits;
}

}  // namespace

bool launched_with_ranks() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && std::atoi(value) > 1) return true;
  }
  return false;
}

RankSession::RankSession() {
  if (!is_coordinator()) set_log_rank(index(engine_.rank()));
}

void RankSession::check_builds() {
  const std::string own = build_id();
  const std::string coordinators = comm::share(engine_, kCoordinator, own + " on " + host_name());
  together([&] {
    if (coordinators.rfind(own, 0) == 0) return;
    throw UsageError(
        fmt::format("rank {} runs another build of interlock ({} on {}) than the coordinator ({}): give all "
                    "hosts the same "
                    "program",
                    index(engine_.rank()), own, host_name(), coordinators));
  });
}

void RankSession::together(const std::function<void()>& work) {
  Failure failure;
  try {
    work();
  } catch (...) {
    failure = describe_failure(std::current_exception(), ExitCode::kPeerDied);
  }
  const comm::Verdict verdict = comm::agree(engine_, static_cast<int>(failure.code), failure.message);
  if (verdict.exit_code == 0) return;
  const auto code = static_cast<ExitCode>(verdict.exit_code);
  // A mistake in config or data is nobody's; what befalls a rank is.
  const bool named = code != ExitCode::kUsage && code != ExitCode::kData;
  watch::Cast cast;
  cast.placement = placement_;
  throw AgreedFailure(code,
                      named ? fmt::format("{}: {}", watch::name_of(cast, engine_.size(), index(verdict.rank)),
                                          verdict.message)
                            : verdict.message);
}

Place RankSession::place(const config::Config& config) const {
  return config.partition.placement().place_of(engine_.rank());
}

config::Config RankSession::load_config(const std::string& path, const std::vector<std::string>& overrides) {
  config::Config config;
  together([&] {
    if (!is_coordinator()) return;
    config = load_run_config(path, overrides);
    check_rank_count(config, engine_.size());
  });
  // The other ranks take the coordinator's word: their hosts need not have the file, and cannot have another
  // one.
  const std::string yaml =
      comm::share(engine_, kCoordinator, is_coordinator() ? config::to_yaml(config) : "");
  if (!is_coordinator()) config = config::parse_config(yaml, "the coordinator's config", {});
  placement_ = config.partition.placement();
  watcher_.set_limits(limits_of(config.run));
  watch::Cast cast;
  cast.placement = placement_;
  watcher_.set_cast(cast);
  const std::string folder = config.run.dir;
  watcher_.set_run_folder(folder, [folder](const std::string& last_line) {
    storage::remove_unfinished(folder);
    coordinator::mark_live_file_failed(folder, last_line);
  });
  fault_point("config");
  at::set_num_threads(config.run.threads);
  return config;
}

training::RunPlan RankSession::make_plan(const config::Config& config, data::DataSource& source,
                                         bool also_coordinator) {
  const Rank reader = config.partition.placement().rank_of({0, 0});
  together([&] {
    fault_point("data");
    const bool feeds = is_coordinator() ? also_coordinator : place(config).stage == 0;
    if (feeds) source = data::open_data(config);
  });
  const data::DatasetInfo info =
      decode(comm::share(engine_, reader, engine_.rank() == reader ? encode(source.info) : ""));
  config::Config cut = config;
  together([&] {
    if (is_coordinator()) balance(cut, info);
  });
  if (config.partition.balance_by_cost) {
    const std::string yaml = comm::share(engine_, kCoordinator, is_coordinator() ? config::to_yaml(cut) : "");
    if (!is_coordinator()) cut = config::parse_config(yaml, "the coordinator's config", {});
  }
  std::optional<training::RunPlan> plan;
  std::string schedule;
  together([&] {
    plan = training::make_run_plan(cut, info);
    if (is_coordinator()) schedule = schedule::to_text(training::choose_schedule(*plan).schedule);
  });
  plan->schedule =
      schedule::parse_schedule(comm::share(engine_, kCoordinator, schedule), "the coordinator's schedule");
  watch::Cast cast;
  cast.placement = placement_;
  cast.schedule = plan->schedule;
  cast.rule = plan->rule;
  watcher_.set_cast(cast);
  return *plan;
}

worker::Equipment RankSession::open_equipment(const training::RunPlan& plan) {
  worker::Equipment equipment;
  together([&] {
    if (!is_coordinator()) equipment = worker::open_device(plan, engine_);
  });
  together([&] {
    if (!is_coordinator()) worker::open_channels(equipment, plan, engine_);
  });
  return equipment;
}

bool RankSession::on_gpus(const worker::Equipment& equipment, const training::RunPlan& plan) {
  const Rank teller = plan.config.partition.placement().rank_of({0, 0});
  const bool gpu = equipment.device && equipment.device->is_gpu();
  return comm::share(engine_, teller, gpu ? "gpu" : "cpu") == "gpu";
}

int run_rank(const std::function<void(RankSession&)>& body) {
  RankSession session;
  const auto leave = [&session] {
    session.watcher().leave();
    session.engine().close();
  };
  try {
    fault_point("connected");
    session.check_builds();
    body(session);
    note_phase(Phase::kLeaving);
    fault_point("leave");
    leave();
    return 0;
  } catch (const AgreedFailure& failure) {
    const bool reports = session.is_coordinator();
    if (reports) log_error(failure.what());
    leave();
    return reports ? static_cast<int>(failure.code()) : 0;
  } catch (...) {
    const Failure failure = describe_failure(std::current_exception(), ExitCode::kPeerDied);
    // The last line is one line: where there is more to say, all of it is said before.
    const std::string line = first_line(failure.message);
    if (line != failure.message) log_error(failure.message);
    session.watcher().report(failure.code, line, failure.transport);
  }
}

}  // namespace interlock::app
