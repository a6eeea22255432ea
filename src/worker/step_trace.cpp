#include "worker/step_trace.h"

#include <cmath>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "common/log.h"
#include "trace/window.h"

namespace interlock::worker {
namespace {

using trace::WindowPhase;

std::int64_t nanoseconds(double seconds) {
  return std::llround(1e9 * seconds);
}

void warn_of(const std::exception& problem) {
  log_warning(fmt::format("profile: this rank will be missing in the trace: {}", problem.what()));
}

}  // namespace

StepTrace::StepTrace(const config::Config& config, const Setup& setup, trace::Recorder& recorder)
    : profile_(config.profile), run_(config.run.dir), setup_(setup), recorder_(recorder) {}

StepTrace::~StepTrace() {
  if (writer_.joinable()) writer_.join();
}

// Whole steps as a rehearsal: memory is taken, and the profiler's first start is its slowest.
void StepTrace::rehearse() {
  recorder_.start(setup_.records_a_step * static_cast<std::size_t>(profile_.active));
  if (!setup_.operators) return;
  operators_ = make_operator_profile(setup_.on_gpu);
  operators_->prepare();
}

void StepTrace::start() {
  recorder_.start(setup_.records_a_step * static_cast<std::size_t>(profile_.active));
  orders_.clear();
  if (!setup_.operators) return;
  if (!operators_) operators_ = make_operator_profile(setup_.on_gpu);
  operators_->start();
}

void StepTrace::enter_step() {
  const WindowPhase before = trace::phase_of(profile_, steps_);
  const WindowPhase now = trace::phase_of(profile_, ++steps_);
  if (now == before) return;
  try {
    if (now == WindowPhase::kWarmup) rehearse();
    if (now == WindowPhase::kActive) start();
  } catch (const std::exception& problem) {
    log_warning(fmt::format("profile: no operators of this rank: {}", problem.what()));
    operators_.reset();
  }
}

void StepTrace::begin(const schedule::Order& order) {
  recorder_.begin_order();
  if (order.kind == schedule::OrderKind::kTrain) enter_step();
  if (!recorder_.on()) return;
  recorder_.add_moment(
      trace::record_of(trace::RecordKind::kArrival, trace::Message::kOrder, index(kCoordinator)));
}

void StepTrace::end(const schedule::Report& report, double previous_end, double begin, double end) {
  if (!recorder_.on()) return;
  recorder_.add_moment(
      trace::record_of(trace::RecordKind::kSend, trace::Message::kReport, index(kCoordinator)));
  orders_.push_back({recorder_.order(), report.order.kind, report.order.step, nanoseconds(previous_end),
                     nanoseconds(begin), nanoseconds(end), report.busy_seconds});
  if (report.order.kind == schedule::OrderKind::kTrain && steps_ == trace::last_of(profile_)) stop();
}

// Stopping the profiler takes its time on this thread; all else is done beside the next steps.
void StepTrace::stop() {
  recorder_.stop();
  trace::RankTrace trace;
  trace.rank = index(setup_.rank);
  trace.stage = setup_.own.stage;
  trace.replica = setup_.own.replica;
  trace.on_gpu = setup_.on_gpu;
  trace.orders = std::move(orders_);
  trace.records = recorder_.take();
  try {
    std::function<trace::Operators()> operators;
    if (operators_) operators = operators_->collect();
    writer_ = std::thread([run = run_, operators = std::move(operators), trace = std::move(trace)]() mutable {
      try {
        if (operators) trace.operators = operators();
        trace::write_rank_trace(run, trace);
      } catch (const std::exception& problem) {
        warn_of(problem);
      }
    });
  } catch (const std::exception& problem) {
    warn_of(problem);
  }
  operators_.reset();
}

void StepTrace::finish() {
  const bool begun = trace::phase_of(profile_, steps_) == WindowPhase::kActive;
  if (begun && recorder_.on()) stop();
  recorder_.stop();
  operators_.reset();
  if (writer_.joinable()) writer_.join();
}

}  // namespace interlock::worker
