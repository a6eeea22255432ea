#include <nlohmann/json.hpp>

#include "comm/tag_parts.h"
#include "support/catch.h"
#include "watch/failure_report.h"
#include "watch/message.h"
#include "watch/signals.h"
#include "watch/words.h"
#include "watch_support.h"

namespace interlock::watch {
namespace {

FailureReport killed_worker() {
  FailureReport report;
  report.kind = FailureReport::Kind::kDied;
  report.rank = 2;
  report.ranks = training_ranks(3, 12, 50);
  report.cast.placement = Placement(2, {1});
  report.run_folder = "runs/x";
  report.now = 50;
  RankStatus& dead = report.ranks[2];
  dead.dead = true;
  at(dead, schedule::ActionKind::kForward, 3);
  waits_for(dead, 1, comm::Tag::activation(3));
  report.text = how_it_died(dead, SIGKILL);
  at(report.ranks[1], schedule::ActionKind::kWeightGradient, 1);
  waits_for(report.ranks[1], 2, comm::Tag::gradient(1, 1));
  return report;
}

}  // namespace

TEST_CASE(
    "the last line names rank, stage, host, process, cause, step, action, what it waited for, and what to "
    "do") {
  const std::string line = line_of(killed_worker());
  CHECK(line.find('\n') == std::string::npos);
  for (const char* words :
       {"interlock: error: rank 2 (stage 1) on host-a, process 102, was killed by SIGKILL",
        "[step 12, forward pass of micro-batch 3, waiting for the activation of micro-batch 3 "
        "from rank 1 (stage 0)",
        "the same command goes on from the last checkpoint", "runs/x/failure.json"}) {
    CAPTURE(line);
    CHECK_THAT(line, Catch::Contains(words));
  }
}

TEST_CASE("failure.json says what every rank was doing and waiting for") {
  const nlohmann::json document = nlohmann::json::parse(json_of(killed_worker()));
  CHECK(document.at("kind") == "died");
  CHECK(document.at("exit_code") == 5);
  CHECK(document.at("rank") == 2);
  CHECK(document.at("stage") == 1);
  CHECK(document.at("host") == "host-a");
  CHECK(document.at("step") == 12);
  CHECK(document.at("action") == "forward pass");
  CHECK(document.at("micro_batch") == 3);
  CHECK(document.at("waiting_for_rank") == 1);
  REQUIRE(document.at("ranks").size() == 3);
  CHECK(document.at("ranks")[0].at("stage").is_null());
  CHECK(document.at("ranks")[0].at("waiting_for") == "reports of the workers");
  CHECK(document.at("ranks")[1].at("waiting_for") == "the gradient of micro-batch 1 from rank 2 (stage 1)");
}

TEST_CASE("how a rank died: by the kernel's word, by its own last one, or unknown") {
  RankStatus rank;
  rank.here = true;
  CHECK(how_it_died(rank, SIGSEGV) == "was killed by SIGSEGV");
  CHECK(how_it_died(rank, 7 << 8) == "exited with code 7 in the middle of its work");
  CHECK_THAT(how_it_died(rank, -1), Catch::Contains("without a word"));
  rank.activity.signal = SIGABRT;
  CHECK(how_it_died(rank, -1) == "was killed by SIGABRT");
}

TEST_CASE("one signal handed to all ranks is one request to stop; another ends the job at once") {
  using Meaning = StopSignals::Meaning;
  StopSignals signals;
  CHECK(signals.take(1, 10.0) == Meaning::kStop);
  CHECK(signals.take(1, 10.1) == Meaning::kKnown);
  CHECK(signals.take(1, 12.0) == Meaning::kKnown);  // a busy host
  CHECK(signals.take(2, 12.5) == Meaning::kNow);
  StopSignals later;
  CHECK(later.take(1, 10) == Meaning::kStop);
  CHECK(later.take(1, 30) == Meaning::kNow);  // another rank, much later
}

TEST_CASE("signals close together count as one") {
  OwnSignals own;
  CHECK(own.count(1.0) == 1);
  CHECK(own.count(1.1) == 1);
  CHECK(own.count(1.7) == 2);
}

TEST_CASE("a message's times are by the receiver's clock, and its text comes along") {
  Message message = own_message(Kind::kFailed);
  message.since = 3;
  message.activity.step = 9;
  std::string text;
  const Message received = decode(encode(message, "disk full"), text);
  CHECK(text == "disk full");
  CHECK(received.kind == Kind::kFailed);
  CHECK(received_activity(received, 100).since == 97);
  CHECK(received_activity(received, 100).step == 9);
}

TEST_CASE("tags are taken apart as they were put together") {
  using comm::Tag;
  using Part = comm::TagParts::Kind;
  CHECK(comm::parts_of_tag(Tag::activation(7).value()).kind == Part::kActivation);
  CHECK(comm::parts_of_tag(Tag::activation(7).value()).micro_batch == 7);
  CHECK(comm::parts_of_tag(Tag::targets(7).value()).kind == Part::kActivation);
  const comm::TagParts gradient = comm::parts_of_tag(Tag::gradient(3, 9).value());
  CHECK(gradient.kind == Part::kGradient);
  CHECK(gradient.hops == 3);
  CHECK(gradient.micro_batch == 9);
  CHECK(comm::parts_of_tag(Tag::tied_gradient().value()).kind == Part::kTied);
  CHECK(comm::parts_of_tag(Tag::numbers(2).value()).kind == Part::kOther);
  CHECK(comm::parts_of_tag(comm::kControlWait).kind == Part::kOther);
}

}  // namespace interlock::watch
