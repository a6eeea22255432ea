#include "coordinator/running_sums.h"

#include <cmath>
#include <limits>

#include "common/error.h"
#include "support/catch.h"

namespace interlock::coordinator {
namespace {

BatchRecord record(double loss) {
  BatchRecord result;
  result.order.samples = 3;
  result.stages.resize(2);
  for (schedule::Report& report : result.stages) report.counted = 3;
  result.stages[1].has_loss = 1;
  result.stages[1].loss = loss;
  result.stages[1].correct = 2;
  return result;
}

TEST_CASE("sums that went through text go on to the same last bit") {
  RunningSums whole;
  for (const double loss : {0.1, 1e-17, 2.0 / 3}) whole.add(record(loss));
  RunningSums parts;
  parts.add(record(0.1));
  parts.add(record(1e-17));
  parts = parse_running_sums(to_text(parts), 2);
  parts.add(record(2.0 / 3));
  CHECK(parts.loss[1] == whole.loss[1]);
  CHECK(std::isnan(parts.loss[0]));
  CHECK(parts.samples == 9);
  CHECK(parts.targets == 9);
  CHECK(parts.correct == whole.correct);
}

TEST_CASE("sums of another number of stages are forgotten, broken ones refused") {
  RunningSums sums;
  sums.add(record(1));
  CHECK(parse_running_sums(to_text(sums), 3).samples == 0);
  CHECK_THROWS_AS(parse_running_sums("{\"loss\": 7}", 3), DataError);
  CHECK_THROWS_AS(parse_running_sums("nonsense", 3), DataError);
}

}  // namespace
}  // namespace interlock::coordinator
