// training.nonfinite in one process, which sees everything in the order in which it happens: the first that
// is found is the one that did it. On an accelerator nobody waits before the end of the batch.

#include <utility>

#include <torch/types.h>

#include "common/log.h"
#include "oracle/oracle.h"

namespace interlock::oracle {

using config::NonfiniteKind;
using schedule::NonfiniteIn;
using training::Finding;

void Oracle::watch(const Part& part, NonfiniteIn in, const at::Tensor& value,
                   const std::function<training::Suspect()>& search) {
  if (finding_ || plan_.config.training.nonfinite == NonfiniteKind::kIgnore) return;
  if (!device_.is_cpu()) {
    marks_.add({in, micro_batch_, part.copy.stage.number(), part.replica, false}, value);
    return;
  }
  if (training::all_finite(value)) return;
  const training::Suspect suspect = search();
  Finding finding;
  finding.what = {in, micro_batch_, suspect.layer, 0};
  finding.subject = suspect.subject;
  finding.rows = training::rows_not_finite(value);
  found(part.copy.stage.number(), part.replica, std::move(finding));
}

// Those that are about to be used: sums over replicas. Under loss scaling overflow has its own answer.
void Oracle::watch_gradients() {
  if (finding_ || plan_.config.training.nonfinite == NonfiniteKind::kIgnore) return;
  const bool watched = !scaler(0).active();
  if (device_.is_cpu()) {
    if (watched) search_gradients();
    return;
  }
  std::vector<at::Tensor> gradients;
  for (const auto& replicas : copies_) {
    if (!watched) break;
    const std::vector<at::Tensor> own = training::gradients_of(replicas.front()->stage);
    gradients.insert(gradients.end(), own.begin(), own.end());
  }
  std::vector<training::BatchTotals*> totals;
  for (const auto& replicas : copies_) {
    for (const auto& copy : replicas) totals.push_back(&copy->totals);
  }
  const training::FiniteMarks::Read read = marks_.read(gradients, totals);
  if (read.first) {
    const training::Watched& first = *read.first;
    found(first.stage, first.replica, training::finding_of(first, copy(first.stage, first.replica).stage));
  } else if (!read.gradients_finite) {
    search_gradients();
  }
}

void Oracle::search_gradients() {
  for (const auto& replicas : copies_) {
    const models::Stage& stage = replicas.front()->stage;
    for (const at::Tensor& gradient : training::gradients_of(stage)) {
      if (training::all_finite(gradient)) continue;
      const training::Suspect suspect = training::search_weight_gradient(stage);
      Finding finding;
      finding.what = {NonfiniteIn::kGradient, -1, suspect.layer, 0};
      finding.subject = suspect.subject;
      return found(stage.number(), 0, std::move(finding));
    }
  }
}

void Oracle::found(int stage, int replica, Finding finding) {
  training::BatchPlace place = batch_;
  place.stage = stage;
  place.replica = replica;
  place.replicas = placement_.replicas(stage);
  if (plan_.config.training.nonfinite == NonfiniteKind::kStop)
    throw training::NonfiniteError(training::describe_end(finding, plan_, place));
  log_warning(training::describe(finding, plan_, place));
  finding_ = std::move(finding);
  finding_stage_ = stage;
}

// Instead of the update: batch norm's statistics are again those from before the batch.
void Oracle::leave_out() {
  for (const auto& replicas : copies_) {
    for (const auto& copy : replicas) {
      copy->buffers.put_back();
      copy->optimizer.begin();
    }
  }
}

}  // namespace interlock::oracle
