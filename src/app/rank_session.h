#pragma once
// What every MPI command does first, on every rank: agree on the config, the data and the plan. Each phase
// ends with an agreement, so that a mistake is reported once, by one rank, and nobody is left waiting.

#include <functional>
#include <string>
#include <vector>

#include "comm/agreement.h"
#include "data/dataset.h"
#include "training/run_plan.h"
#include "watch/watcher.h"
#include "worker/equipment.h"

namespace interlock::app {

// Is this process one of several started by mpirun or srun?
bool launched_with_ranks();

class RankSession {
 public:
  RankSession();

  // Collective, first of all. Errors: AgreedFailure where ranks run different builds of this program.
  void check_builds();

  // Collective. Runs `work` here and its likes on the other ranks; if any of them threw, throws AgreedFailure
  // everywhere (with the message on rank 0 only, which reports it).
  void together(const std::function<void()>& work);

  // Collective. The coordinator's config, everywhere. Checks the number of ranks.
  config::Config load_config(const std::string& path, const std::vector<std::string>& overrides);

  // Collective. Opens the data on stage 0's ranks (and on the coordinator where `also_coordinator`), tells
  // everyone its facts and makes the plan. The coordinator alone measures (partition.balance: auto) and
  // schedules, and tells the others. Errors: AgreedFailure.
  training::RunPlan make_plan(const config::Config& config, data::DataSource& source, bool also_coordinator);

  // Collective. What this worker computes on and talks through; empty on the coordinator. Errors:
  // AgreedFailure.
  worker::Equipment open_equipment(const training::RunPlan& plan);

  // Collective. Whether the workers compute on GPUs, told to everyone.
  bool on_gpus(const worker::Equipment& equipment, const training::RunPlan& plan);

  [[nodiscard]] comm::ProgressEngine& engine() { return engine_; }
  // Who watches the ranks; it knows config, plan and the run's folder from load_config() and make_plan().
  [[nodiscard]] watch::Watcher& watcher() { return watcher_; }
  // Coordinator: has any rank got a signal to stop?
  [[nodiscard]] bool stop_requested() const { return watcher_.stop_requested(); }
  [[nodiscard]] bool is_coordinator() const { return engine_.rank() == kCoordinator; }
  // REQUIRES a worker.
  [[nodiscard]] Place place(const config::Config& config) const;

 private:
  watch::SignalMask signals_;  // before any thread
  comm::ProgressEngine engine_;
  watch::Watcher watcher_{engine_};
  Placement placement_;  // once the config is known
};

// Runs `body` on this rank. A failure in it that was not agreed on is reported through the watcher, with rank
// and stage, and ends the job; an agreed one closes MPI in order and is reported by rank 0. Returns this
// rank's exit code.
int run_rank(const std::function<void(RankSession&)>& body);

}  // namespace interlock::app
