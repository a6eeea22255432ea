#include <cstdlib>
#include <unistd.h>

#include <fmt/format.h>

#include "common/launch_rank.h"
#include "start/programs.h"
#include "tools/commands.h"
#include "tools/doctor/capture.h"
#include "tools/doctor/doctor.h"
#include "tools/doctor/ping.h"

namespace interlock::tools {
namespace {

struct DoctorArguments {
  bool json = false;
  bool no_ping = false;
  double patience = 20;  // seconds
};

void append(std::vector<Finding>& all, const std::vector<Finding>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// mpirun as launch/lib/mpirun.sh starts it: on this host alone, with no listening socket of a rank's.
// `version`: what it says of itself.
std::vector<std::string> ping_command(const std::string& mpirun, const std::string& version,
                                      const std::string& program) {
  ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1",
           0);  // for the two ranks; the report says what the user's setting is
  ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
  const std::string transports = version.find("(Open MPI) 5") == std::string::npos ? "self,vader" : "self,sm";
  return {mpirun, "--oversubscribe", "--bind-to", "none", "--mca", "pml",        "ob1", "--mca",
          "btl",  transports,        "-np",       "2",    program, "doctor-ping"};
}

// What the full program and its MPI say, and what to think of it.
std::vector<Finding> look_at_programs(const DoctorArguments& arguments, std::vector<Finding>& host) {
  const std::string mpirun = find_in_path("mpirun");
  const std::string own = start::this_program();
  const bool ping = !arguments.no_ping && !mpirun.empty();
  std::string full;
  std::vector<Finding> findings;
  try {
    full = start::full_program(own);
  } catch (const Error& missing) {
    Section("program", findings).problem(missing.what(), "docs/install.md", ExitCode::kUsage);
    host = look_at_host();
    return findings;
  }
  const std::string program = start::program_for_users(own);
  host = look_at_host();  // before the environment is changed for mpirun
  const std::string version =
      mpirun.empty() ? "" : Question({mpirun, "--version"}).wait(arguments.patience).output;
  Question question(ping ? ping_command(mpirun, version, program)
                         : std::vector<std::string>{program, "doctor-ping", "--libraries"});
  Answer answer = question.wait(arguments.patience);
  PingAnswer told = ping_answer_in(answer.output);
  const Answer pinged = answer;
  if (ping && !told.libraries.known()) {
    answer = Question({program, "doctor-ping", "--libraries"}).wait(arguments.patience);
    told = ping_answer_in(answer.output);
  }
  judge_program(told.libraries, full, answer.output, findings);
  judge_mpi(told.libraries, mpirun, version, findings);
  if (ping && told.ranks.empty()) {
    judge_silence(pinged.timed_out, arguments.patience, pinged.output, findings);
  } else {
    judge_ping(told.ranks, findings);
  }
  append(findings, look_at_host_gpus(told.libraries));
  return findings;
}

int doctor_command(const DoctorArguments& arguments) {
  std::vector<Finding> host;
  const std::vector<Finding> programs = look_at_programs(arguments, host);
  std::vector<Finding> all;
  for (const char* first : {"program", "MPI", "ping", "GPUs"}) {
    for (const Finding& finding : programs) {
      if (finding.section == first) all.push_back(finding);
    }
  }
  append(all, host);
  fmt::print("{}", arguments.json ? as_json(all) : as_text(all));
  return exit_code_of(all);
}

// Started by mpirun or srun: the ranks look at each other.
[[noreturn]] void become_ranks(bool as_json) {
  std::string words[] = {"interlock", "doctor-ping", "--report", "--json"};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(), as_json ? words[3].data() : nullptr,
                  nullptr};
  start::become_full_program(argv);
}

bool is_rank() {
  return !variable("OMPI_COMM_WORLD_RANK").empty() || !variable("PMIX_RANK").empty() ||
         std::atoi(variable("SLURM_STEP_NUM_TASKS").c_str()) > 1;
}

}  // namespace

void add_doctor_command(CLI::App& app, cli::Run& run) {
  const auto arguments = std::make_shared<DoctorArguments>();
  CLI::App* const command = app.add_subcommand(
      "doctor",
      "is this machine fit for training? Versions, limits, GPUs, a ping between ranks, and what to do");
  command->add_flag("--json", arguments->json, "print it as JSON");
  command->add_flag("--no-ping", arguments->no_ping, "start no ranks");
  command->add_option("--patience", arguments->patience, "seconds to wait for other programs (default 20)")
      ->check(CLI::Range(1.0, 3600.0));
  command->callback([arguments, &run] {
    run = [arguments]() -> int {
      if (is_rank()) become_ranks(arguments->json);
      return doctor_command(*arguments);
    };
  });
}

}  // namespace interlock::tools
