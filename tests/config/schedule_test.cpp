// The schedule's keys and the times of simulated devices: what is read, what is refused, and back to YAML.

#include "config_equal.h"
#include "config_support.h"

namespace interlock::config {
namespace {

const std::string kTimes = "{forward_ms: 2, head_ms: 1, input_gradient_ms: 3, weight_gradient_ms: 4}";

// The message for `keys` under `section`, without the source's name.
std::string refused(const std::string& section, const std::string& keys, const std::string& more = "") {
  const std::string message = problem_of(section + ": " + keys + "\n" + more + "\n");
  const std::string source = "configs/a.yaml:";
  CHECK_THAT(message, Catch::StartsWith(source));
  return message.substr(source.size());
}

std::string refused_schedule(const std::string& keys, int stages = 1, const std::string& horizon = "all") {
  return refused("schedule", keys,
                 "partition: {stages: " + std::to_string(stages) + "}\nlearning: {horizon: " + horizon + "}");
}

std::string refused_times(const std::string& times, int stages = 3) {
  return refused("run", "{simulated: " + times + "}", "partition: {stages: " + std::to_string(stages) + "}");
}

}  // namespace

TEST_CASE("every key of the schedule section is read", "[config]") {
  const ScheduleConfig schedule = parse(R"(
schedule: {micro_batches: 4, policy: 1f1b, in_flight: 3, memory_cap_mib: 1.5, costs: a/profile.json,
           link: {latency_us: 0, gigabytes_per_second: 12.5}}
)")
                                      .schedule;
  CHECK(schedule.micro_batches == 4);
  CHECK(schedule.policy == PolicyKind::kOneForwardOneBackward);
  CHECK(schedule.in_flight == 3);
  CHECK(schedule.memory_cap_mib == 1.5);
  CHECK(schedule.costs_file == "a/profile.json");
  CHECK_FALSE(schedule.costs);
  CHECK(schedule.latency_us == 0);
  CHECK(schedule.gigabytes_per_second == 12.5);
  const ScheduleConfig other =
      parse("schedule: {file: a.schedule, costs: " + kTimes + ", link: {gigabytes_per_second: 1}}").schedule;
  CHECK(other.file == "a.schedule");
  CHECK(other.costs_file.empty());
  REQUIRE(other.costs);
  CHECK(other.costs->input_gradient_ms == std::vector<double>{3});
  CHECK(other.latency_us == 50);
  CHECK(parse("schedule: {costs: '20'}").schedule.costs_file == "20");
  CHECK(parse("training: {recompute: true}").training.recompute);
  CHECK(parse("partition: {stages: 3, balance: auto}").partition.balance_by_cost);
  CHECK_FALSE(parse("partition: {stages: 3, balance: equal}").partition.balance_by_cost);
  CHECK_NOTHROW(parse("partition: {layers: [1, 2], balance: equal}"));
}

TEST_CASE("each policy has a name and the horizons that it is for", "[config]") {
  const auto policy = [](const std::string& name, const std::string& horizon) {
    return parse("{partition: {stages: 3}, learning: {horizon: " + horizon + "}, schedule: {policy: " + name +
                 "}}")
        .schedule.policy;
  };
  for (const char* horizon : {"1", "2", "all"}) {
    CHECK(policy("auto", horizon) == PolicyKind::kAuto);
    CHECK(policy("gpipe", horizon) == PolicyKind::kGpipe);
    CHECK(policy("1f1b", horizon) == PolicyKind::kOneForwardOneBackward);
  }
  CHECK(policy("planned", "2") == PolicyKind::kPlanned);
  CHECK(policy("zero_bubble", "3") == PolicyKind::kZeroBubble);
  CHECK(refused_schedule("{policy: zero_bubble}", 4, "2") ==
        "1:20: schedule.policy: zero_bubble is for end-to-end training, but the horizon is 2 "
        "(configs/a.yaml:3:21) and there are 4 stages (partition: configs/a.yaml:2:21); use auto, which fits "
        "any horizon");
  for (const char* horizon : {"4", "all"}) {
    CHECK_THAT(refused_schedule("{policy: planned}", 4, horizon),
               Catch::StartsWith("1:20: schedule.policy: planned is for horizons below the number of stages, "
                                 "but the horizon is 4 (configs/a.yaml:3:21)") &&
                   Catch::Contains("use auto"));
  }
}

TEST_CASE("a schedule that contradicts itself or is out of range is refused", "[config]") {
  CHECK(refused_schedule("{file: a.schedule, policy: auto}") ==
        "1:38: schedule.policy: given together with schedule.file (configs/a.yaml:1:18), which is a whole "
        "schedule; give one of them");
  CHECK_NOTHROW(parse("schedule: {file: '', policy: auto}"));
  CHECK_THAT(refused_schedule("{policy: 1f1}"), Catch::StartsWith("1:20: schedule.policy: unknown value"));
  CHECK_THAT(refused_schedule("{stack_gradients: true}"),
             Catch::Contains("schedule.stack_gradients") && Catch::Contains("interlock profile"));
  for (const char* in_flight : {"0", "4097", "-1", "1.5", "all"}) {
    CHECK_THAT(refused_schedule(std::string("{in_flight: ") + in_flight + "}"),
               Catch::StartsWith("1:23: schedule.in_flight: wants a whole number from 1 to 4096"));
  }
  CHECK_THAT(refused_schedule("{memory_cap_mib: -1}"),
             Catch::StartsWith("1:28: schedule.memory_cap_mib: wants a number at least 0"));
  CHECK_THAT(refused_schedule("{link: {latency_us: -1}}"),
             Catch::StartsWith("1:31: schedule.link.latency_us: wants a number at least 0"));
  CHECK_THAT(refused_schedule("{link: {gigabytes_per_second: .inf}}"),
             Catch::StartsWith("1:41: schedule.link.gigabytes_per_second: wants a number at least 0"));
  CHECK_THAT(refused_schedule("{link: {latency: 1}}"),
             Catch::StartsWith("1:19: schedule.link.latency: unknown key; did you mean 'latency_us'?"));
  CHECK_THAT(refused_schedule("{link: fast}"), Catch::StartsWith("1:18: schedule.link: wants a map of keys"));
  for (const char* costs : {"20", "[1, 2]"}) {
    CHECK_THAT(refused_schedule(std::string("{costs: ") + costs + "}"),
               Catch::StartsWith("1:19: schedule.costs: wants the path of a profile, or a map"));
  }
}

TEST_CASE("action times are one number or one a stage, with their defaults", "[config]") {
  const Config config = parse(R"(
partition: {stages: 3}
schedule: {costs: {forward_ms: 0, head_ms: 1, input_gradient_ms: 2.5, weight_gradient_ms: 7}}
run: {device: simulated, simulated: {forward_ms: [20, 18, 25], head_ms: [4, 4, 1], input_gradient_ms: [20],
      weight_gradient_ms: [40, 36, 50], backward_ms: 44, update_ms: [1, 2, 3]}}
)");
  CHECK(config.run.device == DeviceKind::kSimulated);
  const ActionTimes costs{{0}, {1}, {2.5}, {7}, {7}, {0}};
  CHECK(config.schedule.costs == costs);
  const ActionTimes simulated{{20, 18, 25}, {4, 4, 1}, {20}, {40, 36, 50}, {44}, {1, 2, 3}};
  CHECK(config.run.simulated == simulated);
  CHECK(config.where("run.simulated.forward_ms").text() == "configs/a.yaml:4:50");
  const Config off = parse("run: {device: cpu, simulated: " + kTimes + "}", {"run.simulated.head_ms=9"});
  REQUIRE(off.run.simulated);
  CHECK(off.run.simulated->head_ms == std::vector<double>{9});
}

TEST_CASE("action times that are missing, negative or no number are refused with key and stage", "[config]") {
  CHECK(refused("run", "{device: simulated}") ==
        "1:15: run.simulated: missing; run.device: simulated needs the milliseconds of each action, as "
        "{forward_ms: 20, head_ms: 4, input_gradient_ms: 20, weight_gradient_ms: 40}");
  CHECK(
      refused_times("{forward_ms: 2, input_gradient_ms: 3, weight_gradient_ms: 4}") ==
      "1:18: run.simulated.head_ms: missing; run.simulated needs forward_ms, head_ms, input_gradient_ms and "
      "weight_gradient_ms");
  for (const char* key : {"forward_ms", "head_ms", "input_gradient_ms", "weight_gradient_ms"}) {
    const std::string without = std::string("run.simulated.") + key;
    CHECK_THAT(problem_of("run: {simulated: " + kTimes + "}", {without + "="}),
               Catch::StartsWith("configs/a.yaml:1:18: " + without + ": missing"));
  }
  CHECK_THAT(refused_schedule("{costs: {}}"), Catch::StartsWith("1:19: schedule.costs.forward_ms: missing"));
  CHECK_THAT(refused_times("{forward_ms: -2}"),
             Catch::StartsWith("1:31: run.simulated.forward_ms: wants a number at least 0") &&
                 Catch::Contains("got '-2'"));
  CHECK_THAT(
      refused_times("{forward_ms: [2, 2, -1]}"),
      Catch::StartsWith("1:38: run.simulated.forward_ms[2]: wants the milliseconds of stage 2, a number "
                        "at least 0") &&
          Catch::Contains("got '-1'"));
  for (const char* value : {"nan", ".inf", "1e999", "fast", "'2'", "[1]"}) {
    CHECK_THAT(refused_times(std::string("{forward_ms: [2, ") + value + "]}"),
               Catch::StartsWith("1:35: run.simulated.forward_ms[1]: wants the milliseconds of stage 1"));
  }
  for (const char* value : {"nan", "inf", "fast", "'2'", "2e9"}) {
    CHECK_THAT(refused_times(std::string("{forward_ms: ") + value + "}"),
               Catch::StartsWith("1:31: run.simulated.forward_ms: wants a number at least 0"));
  }
  CHECK_THAT(refused_times("{forward_ms: {a: 1}}"),
             Catch::StartsWith("1:31: run.simulated.forward_ms: wants milliseconds: one number for all"));
  CHECK_THAT(refused_times("{forward_ms: []}"),
             Catch::StartsWith("1:31: run.simulated.forward_ms: is empty"));
  CHECK_THAT(refused_times("{forwrd_ms: 1}"), Catch::Contains("did you mean 'forward_ms'?"));
  CHECK_THAT(refused_times("20"), Catch::StartsWith("1:18: run.simulated: wants a map of keys"));
}

TEST_CASE("a list of action times has an entry for each stage", "[config]") {
  const std::string rest = ", head_ms: 1, input_gradient_ms: 3, weight_gradient_ms: [4]}";
  CHECK_NOTHROW(parse("{partition: {stages: 2}, run: {simulated: {forward_ms: [1, 2]" + rest + "}}"));
  CHECK(refused_times("{forward_ms: [1, 2]" + rest, 3) ==
        "1:31: run.simulated.forward_ms: has 2 entries, but there are 3 stages (partition: "
        "configs/a.yaml:2:21); wants one number for all stages, or a list of 3, one a stage");
  CHECK_THAT(refused_times("{forward_ms: [1, 2]" + rest, 1),
             Catch::Contains("has 2 entries, but there is 1 stage (partition: configs/a.yaml:2:21)"));
  CHECK_THAT(refused_schedule("{costs: {update_ms: [1, 2, 3], forward_ms: 1" + rest + "}", 2),
             Catch::StartsWith("1:31: schedule.costs.update_ms: has 3 entries, but there are 2 stages"));
}

TEST_CASE("schedules and action times written out read back the same", "[config]") {
  const std::vector<std::string> configs = {
      "{partition: {stages: 3, balance: auto}, training: {recompute: true}}",
      "{partition: {stages: 3}, learning: {horizon: 2}, schedule: {policy: planned, in_flight: 7}}",
      "schedule: {policy: 1f1b, memory_cap_mib: 0.1, costs: 'a b.json', link: {latency_us: 1e-7}}",
      "schedule: {policy: gpipe, costs: '20', link: {gigabytes_per_second: 12.5}}",
      "schedule: {policy: zero_bubble, file: ''}",
      "schedule: {stack_gradients: true, costs: a.json}",
      "schedule: {file: 'x: y', in_flight: 4096, costs: " + kTimes + "}",
      "run: {device: simulated, simulated: " + kTimes + "}",
      "{partition: {stages: 2}, run: {simulated: {forward_ms: [0.1, 1e-9], head_ms: [2, 0], "
      "input_gradient_ms: 3, weight_gradient_ms: [4, 5], backward_ms: [4, 6], update_ms: [4, 5]}}}",
      "{partition: {stages: 2}, run: {simulated: {forward_ms: 1, head_ms: 2, input_gradient_ms: 3, "
      "weight_gradient_ms: [4, 5], backward_ms: 4}}}",
  };
  for (const std::string& text : configs) {
    const Config config = parse(text);
    const std::string yaml = to_yaml(config);
    INFO(yaml);
    const Config again = parse_config(yaml, "somewhere/else.yaml", {});
    CHECK(equal(again, config));
    CHECK(to_yaml(again) == yaml);
  }
  CHECK_THAT(to_yaml(parse("")), !Catch::Contains("costs") && !Catch::Contains("simulated") &&
                                     !Catch::Contains("in_flight") && !Catch::Contains("  file:"));
}

TEST_CASE("the times of as many stages as there can be fit a config when written out", "[config]") {
  std::string list = "[1";
  for (int stage = 1; stage < 4096; ++stage) list += ", " + std::to_string(stage) + ".25";
  list += "]";
  const Config config =
      parse("{partition: {stages: 4096}, run: {simulated: {forward_ms: " + list + ", head_ms: " + list +
            ", input_gradient_ms: " + list + ", weight_gradient_ms: " + list + "}}}");
  CHECK(equal(parse_config(to_yaml(config), "else.yaml", {}), config));
}

}  // namespace interlock::config
