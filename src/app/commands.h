#pragma once
// The commands, one file each. Each returns an exit code or throws an Error for main() to report.

#include <string>
#include <vector>

#include "models/generation.h"

namespace interlock::app {

struct ConfigArguments {
  std::string config;                  // a config file, or a run's folder (then its config.yaml)
  std::vector<std::string> overrides;  // key.path=value
  [[nodiscard]] std::string config_file() const;
};

struct TrainArguments : ConfigArguments {
  bool single_process = false;
  std::string resume = "none";  // auto, none or a checkpoint's folder
};
int train_command(const TrainArguments& arguments);

struct EvalArguments : ConfigArguments {
  std::string checkpoint;  // "": the newest of the run
};
int eval_command(const EvalArguments& arguments);

struct VerifyArguments : ConfigArguments {
  int steps = 3;
};
int verify_command(const VerifyArguments& arguments);

int check_command(const ConfigArguments& arguments);

struct ExportArguments {
  std::string run;  // a run's folder or a checkpoint's
  std::string out;
  std::string format = "interlock";  // torchvision or gpt2
};
int export_command(const ExportArguments& arguments);

struct GenerateArguments : ConfigArguments {
  std::string checkpoint;  // "": the newest of the run
  std::string prompt;
  std::int64_t tokens = 200;  // to add to the prompt
  int samples = 1;            // each from a seed of its own
  models::SamplingOptions sampling;
};
int generate_command(const GenerateArguments& arguments);

struct ProfileArguments : ConfigArguments {
  std::string out = "profile.json";
  int repeats = 15;
};
int profile_command(const ProfileArguments& arguments);

struct PlanArguments : ConfigArguments {
  bool ranks_only = false;
  bool compare = false;
  bool programs = false;  // print every stage's actions, however many stages there are
  std::string svg;        // a picture; "": none is written
  std::string write;      // the schedule as a file for schedule.file; "": none
  std::string json;       // the prediction, or the comparison; "": none
};
int plan_command(const PlanArguments& arguments);

struct SweepArguments {
  std::string grid;                    // a grid file
  std::vector<std::string> overrides;  // key.path=value for every run, key=value for the grid
  int only = -1;                       // the index of the one run to carry out; -1: all
  bool table = false;                  // only show what is there
  bool dry_run = false;                // only list the runs
  std::string slurm;                   // only write this job-array script
};
int sweep_command(const SweepArguments& arguments);

}  // namespace interlock::app
