// LibTorch's operators on the stand-in GPU: each that has a CUDA kernel runs its kernel for CPUs on the GPU's
// memory, on the thread of the current stream. The host goes on at once, as with a GPU.
//
// What the host must know at once is the outputs' shapes. They are found by running the operator once on zeros of the
// inputs' shapes, and kept. Operators whose outputs' shapes depend on values wait for the stream, as those of CUDA do.
//
// A piece of work knows addresses, not tensors: memory that the program lets go of too early is used again, as it
// would be on a GPU.
#include <cstdio>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/copy_native.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "standin.h"

extern "C" int standin_launch();
extern "C" void standin_kernels_fail();
extern "C" void standin_hidden_wait();

namespace {

using c10::IValue;
using torch::jit::Stack;

// These only make views and memory, or wait for the stream by themselves: LibTorch's own code does.
const std::set<std::string> kLibTorchs = {"aten::empty.memory_format",
                                          "aten::empty_strided",
                                          "aten::as_strided",
                                          "aten::view",
                                          "aten::view.dtype",
                                          "aten::_reshape_alias",
                                          "aten::resize_",
                                          "aten::record_stream",
                                          "aten::_local_scalar_dense",
                                          "aten::_pin_memory",
                                          "aten::is_pinned",
                                          "aten::set_",
                                          "aten::set_.source_Storage",
                                          "aten::set_.source_Storage_storage_offset",
                                          "aten::set_.source_Tensor",
                                          "aten::unfold",
                                          "aten::is_set_to",
                                          "aten::_copy_from_and_resize",
                                          "aten::_has_same_storage_numel",
                                          "aten::_fused_sdp_choice",
                                          "aten::copy_"};
// The outputs' shapes depend on values.
const std::set<std::string> kByValue = {
    "aten::nonzero",  "aten::masked_select",           "aten::_unique", "aten::_unique2", "aten::unique_dim",
    "aten::bincount", "aten::repeat_interleave.Tensor"};

cudaStream_t current_stream() {
  return c10::cuda::getCurrentCUDAStream().stream();
}

void check_device() {
  C10_CUDA_CHECK(cudaPeekAtLastError());
}

// A tensor as the stream's thread sees it: the same bytes as a CPU's tensor. Nothing keeps them.
at::Tensor on_stream(const at::Tensor& t) {
  if (!t.defined() || !t.is_cuda()) return t;
  auto* const first = static_cast<char*>(standin::bytes_at(t.storage().mutable_data()));
  char* const bytes =
      t.numel() == 0 ? nullptr : first + t.storage_offset() * static_cast<std::int64_t>(t.element_size());
  at::Tensor view =
      at::from_blob(bytes, t.sizes(), t.strides(), t.options().device(at::kCPU).requires_grad(false));
  if (t.unsafeGetTensorImpl()->is_wrapped_number()) view.unsafeGetTensorImpl()->set_wrapped_number(true);
  return view;
}

at::Tensor zeros_like_it(const at::Tensor& t) {
  if (!t.defined() || !t.is_cuda()) return t;
  at::Tensor zeros =
      at::empty_strided(t.sizes(), t.strides(), t.options().device(at::kCPU).requires_grad(false));
  zeros.zero_();
  if (t.unsafeGetTensorImpl()->is_wrapped_number()) zeros.unsafeGetTensorImpl()->set_wrapped_number(true);
  return zeros;
}

// A small CPU tensor among a kernel's arguments is read when the kernel is launched.
at::Tensor read_now(const at::Tensor& t) {
  return t.defined() && t.dim() == 0 && !t.unsafeGetTensorImpl()->is_wrapped_number() ? t.clone() : t;
}

template <class Change>
IValue changed(const IValue& value, const Change& change) {
  if (value.isTensor()) return change(value.toTensor());
  if (value.isTensorList()) {
    c10::List<at::Tensor> list;
    for (const at::Tensor& t : value.toTensorVector()) list.push_back(change(t));
    return list;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> list;
    for (std::optional<at::Tensor> t : value.toOptionalTensorList())
      list.push_back(t ? std::optional<at::Tensor>(change(*t)) : std::nullopt);
    return list;
  }
  if (value.isDevice()) return c10::Device(at::kCPU);
  if (value.isGenerator() && value.toGenerator().device().is_cuda())
    return at::detail::createCPUGenerator(value.toGenerator().current_seed());
  return value;
}

template <class Change>
Stack changed_all(const std::vector<IValue>& values, const Change& change) {
  Stack stack;
  for (const IValue& value : values) stack.push_back(changed(value, change));
  return stack;
}

void call_on_cpu(const c10::OperatorHandle& op, Stack& stack) {
  const at::AutoDispatchBelowADInplaceOrView guard;
  op.callBoxed(&stack);
}

void describe(std::ostream& out, const at::Tensor& t) {
  if (!t.defined()) {
    out << "-;";
    return;
  }
  out << t.device().type() << t.scalar_type() << t.sizes() << t.strides()
      << t.unsafeGetTensorImpl()->is_wrapped_number() << ';';
}

// Two calls with one key have outputs of the same shapes.
std::string key_of(const std::string& name, const std::vector<IValue>& arguments) {
  std::ostringstream out;
  out << name << '|';
  for (const IValue& value : arguments) {
    if (value.isTensor()) {
      describe(out, value.toTensor());
    } else if (value.isTensorList()) {
      for (const at::Tensor& t : value.toTensorVector()) describe(out, t);
    } else if (value.isOptionalTensorList()) {
      for (std::optional<at::Tensor> t : value.toOptionalTensorList()) describe(out, t ? *t : at::Tensor());
    } else if (value.isGenerator()) {
      out << "generator";
    } else {
      out << value;
    }
    out << ',';
  }
  return out.str();
}

// One of the tensors that an operator gives back.
struct Output {
  int argument = -1;  // it is this one, written to; -1: new
  bool defined = true;
  std::vector<std::int64_t> sizes, strides;
  at::ScalarType type = at::kFloat;
};
// Of an IValue: one, or those of a list.
struct Outputs {
  bool list = false;
  std::vector<Output> all;
};

Output describe_output(const at::Tensor& t, int argument) {
  Output output;
  output.argument = argument;
  output.defined = t.defined();
  if (!t.defined()) return output;
  output.sizes = t.sizes().vec();
  output.strides = t.strides().vec();
  output.type = t.scalar_type();
  return output;
}

// The argument that return value `i` is an alias of because the operator writes to it; -1: none.
int written_argument(const c10::FunctionSchema& schema, std::size_t i) {
  const auto* const alias = schema.returns()[i].alias_info();
  if (alias == nullptr) return -1;
  for (std::size_t a = 0; a < schema.arguments().size(); ++a) {
    const auto* const given = schema.arguments()[a].alias_info();
    if (given != nullptr && given->isWrite() && given->beforeSets() == alias->beforeSets())
      return static_cast<int>(a);
  }
  return -1;
}

std::vector<Outputs> find_outputs(const c10::OperatorHandle& op, const std::vector<IValue>& arguments) {
  Stack stack = changed_all(arguments, zeros_like_it);
  try {
    call_on_cpu(op, stack);
  } catch (const c10::Error& error) {
    if (std::string(error.what()).find("can't allocate memory") == std::string::npos) throw;
    // More than the host has is more than the GPU has: LibTorch's own words for that.
    (void)at::empty({static_cast<std::int64_t>(standin::settings().memory)},
                    at::TensorOptions().dtype(at::kFloat).device(at::kCUDA));
    throw;
  }
  std::vector<Outputs> found;
  for (std::size_t i = 0; i < stack.size(); ++i) {
    Outputs outputs;
    const int argument = written_argument(op.schema(), i);
    if (stack[i].isTensor()) {
      outputs.all.push_back(describe_output(stack[i].toTensor(), argument));
    } else {
      outputs.list = true;
      for (const at::Tensor& t : stack[i].toTensorVector())
        outputs.all.push_back(describe_output(t, argument));
    }
    found.push_back(std::move(outputs));
  }
  return found;
}

const std::vector<Outputs>& outputs_of(const c10::OperatorHandle& op, const std::string& name,
                                       const std::vector<IValue>& arguments) {
  static auto* const mutex = new std::mutex;
  static auto* const known = new std::map<std::string, std::vector<Outputs>>;
  const std::string key = key_of(name, arguments);
  {
    const std::lock_guard lock(*mutex);
    const auto found = known->find(key);
    if (found != known->end()) return found->second;
  }
  std::vector<Outputs> outputs = find_outputs(op, arguments);
  const std::lock_guard lock(*mutex);
  return known->emplace(key, std::move(outputs)).first->second;
}

// New outputs, on the GPU; the others are arguments, given their size where it changes.
at::Tensor make_output(const Output& output, const IValue* argument, std::size_t place) {
  if (!output.defined) return {};
  if (output.argument < 0) {
    return at::empty_strided(output.sizes, output.strides,
                             at::TensorOptions().dtype(output.type).device(at::kCUDA));
  }
  at::Tensor written = argument->isTensor() ? argument->toTensor() : argument->toTensorVector().at(place);
  if (written.sizes() != at::IntArrayRef(output.sizes)) written.resize_(output.sizes);
  return written;
}

// Where a new output's values go: from what the CPU's kernel gave to the GPU's bytes.
void take_over(const IValue& made, const std::vector<at::Tensor>& bytes) {
  const std::vector<at::Tensor> from =
      made.isTensor() ? std::vector<at::Tensor>{made.toTensor()} : made.toTensorVector();
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!bytes.at(i).defined() || !from[i].defined()) continue;
    TORCH_CHECK(bytes[i].sizes() == from[i].sizes(), "an output of ", from[i].sizes(), " where ",
                bytes[i].sizes(), " was expected");
    const at::Tensor to = bytes[i];
    if (to.numel() > 0) to.copy_(from[i]);
  }
}

// A kernel takes tensors of its own GPU, and of the CPU only numbers; indexing takes indices of either.
c10::Device device_of(const std::string& name, const std::vector<IValue>& arguments) {
  std::optional<c10::Device> first;
  bool from_cpu = false;
  const auto look = [&](const at::Tensor& t) {
    if (!t.defined()) return;
    if (t.is_cuda()) {
      TORCH_CHECK(!first || *first == t.device(), name,
                  ": expected all tensors to be on the same device, but found ", *first, " and ", t.device());
      first = t.device();
    } else if (t.dim() > 0) {
      from_cpu = true;
    }
  };
  for (const IValue& value : arguments) {
    if (value.isTensor()) look(value.toTensor());
    if (value.isTensorList()) {
      for (const at::Tensor& t : value.toTensorVector()) look(t);
    }
    if (value.isOptionalTensorList()) {
      for (std::optional<at::Tensor> t : value.toOptionalTensorList()) look(t ? *t : at::Tensor());
    }
  }
  const bool indexes = name.rfind("aten::index", 0) == 0 || name.rfind("aten::_index_put_impl_", 0) == 0;
  TORCH_CHECK(!from_cpu || !first || indexes, name,
              ": expected all tensors to be on the same device, but found ", *first, " and cpu");
  return first ? *first : c10::Device(at::kCUDA, c10::cuda::current_device());
}

// Masks as indices: how many elements they choose is in their values.
bool chooses_by_mask(const std::string& name, const std::vector<IValue>& arguments) {
  if (name.rfind("aten::index", 0) != 0) return false;
  for (const IValue& value : arguments) {
    if (!value.isOptionalTensorList()) continue;
    for (std::optional<at::Tensor> t : value.toOptionalTensorList()) {
      if (t && t->defined() && (t->scalar_type() == at::kBool || t->scalar_type() == at::kByte)) return true;
    }
  }
  return false;
}

bool gives_other_than_tensors(const c10::FunctionSchema& schema) {
  for (const c10::Argument& one : schema.returns()) {
    const auto kind = one.type()->kind();
    if (kind != c10::TypeKind::TensorType && kind != c10::TypeKind::ListType) return true;
  }
  return false;
}

void launch(const c10::OperatorHandle& op, Stack* stack) {
  const auto& schema = op.schema();
  const std::size_t count = schema.arguments().size();
  const std::vector<IValue> arguments(stack->end() - static_cast<std::ptrdiff_t>(count), stack->end());
  torch::jit::drop(*stack, count);
  if (standin_launch() == 0) check_device();
  const std::string name = c10::toString(op.operator_name());
  const c10::cuda::CUDAGuard device(device_of(name, arguments));
  const cudaStream_t stream = current_stream();
  const bool by_value =
      kByValue.count(name) > 0 || gives_other_than_tensors(schema) || chooses_by_mask(name, arguments);
  if (by_value) {
    standin_hidden_wait();
    standin::drain(stream);
    Stack made = changed_all(arguments, on_stream);
    call_on_cpu(op, made);
    for (const IValue& value : made)
      stack->push_back(changed(value, [](const at::Tensor& t) { return t.to(at::kCUDA); }));
    return;
  }
  const std::vector<Outputs>& outputs = outputs_of(op, name, arguments);
  std::vector<std::vector<at::Tensor>> bytes;  // by return value: where new outputs go
  for (const Outputs& one : outputs) {
    bytes.emplace_back();
    c10::List<at::Tensor> list;
    for (std::size_t i = 0; i < one.all.size(); ++i) {
      const int argument = one.all[i].argument;
      const at::Tensor made =
          make_output(one.all[i], argument < 0 ? nullptr : &arguments[static_cast<std::size_t>(argument)], i);
      bytes.back().push_back(argument < 0 ? on_stream(made) : at::Tensor());
      list.push_back(made);
    }
    if (one.list)
      stack->push_back(list);
    else
      stack->push_back(list.get(0));
  }
  Stack there = changed_all(
      arguments, [](const at::Tensor& t) { return t.defined() && t.is_cuda() ? on_stream(t) : read_now(t); });
  standin::enqueue(stream, standin::Kind::kOperator, [op, name, there, bytes]() mutable {
    static thread_local const bool alone = [] {
      at::set_num_threads(1);
      return true;
    }();
    (void)alone;
    try {
      call_on_cpu(op, there);
      for (std::size_t i = 0; i < there.size(); ++i) {
        if (there[i].isTensor() || there[i].isTensorList()) take_over(there[i], bytes.at(i));
      }
    } catch (const std::exception& error) {
      standin::fail_for_good(cudaErrorAssert, name + ": " + error.what());
    }
  });
}

bool same_layout(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() && a.strides() == b.strides() &&
         a.is_non_overlapping_and_dense();
}

// Between host and GPU LibTorch's own code copies what has one layout and one type; other copies take a tensor in between.
at::Tensor& copy(at::Tensor& to, const at::Tensor& from, bool non_blocking) {
  if (to.numel() == 0) return to;
  if (same_layout(to, from)) return at::native::copy_(to, from, non_blocking);
  if (to.is_cuda() && from.is_cuda()) {
    if (standin_launch() == 0) check_device();
    standin::enqueue(current_stream(), standin::Kind::kOperator, [a = on_stream(to), b = on_stream(from)] {
      const at::AutoDispatchBelowADInplaceOrView guard;
      const at::Tensor there = a;
      there.copy_(b);
    });
    return to;
  }
  const at::Tensor expanded = from.expand(to.sizes());
  const at::Tensor middle = at::empty(to.sizes(), to.options().device(from.device()));
  middle.copy_(expanded);
  if (to.is_contiguous()) return at::native::copy_(to, middle, non_blocking);
  const at::Tensor near = at::empty(to.sizes(), to.options());
  at::Tensor target = near;
  at::native::copy_(target, middle, non_blocking);
  return to.copy_(near);
}

bool runs_on_cpu(const c10::OperatorHandle& op) {
  for (const auto key : {c10::DispatchKey::CPU, c10::DispatchKey::CompositeExplicitAutograd,
                         c10::DispatchKey::CompositeExplicitAutogradNonFunctional}) {
    if (op.hasKernelForDispatchKey(key)) return true;
  }
  return false;
}

// What is replaced here is meant to be.
class Silent : public c10::WarningHandler {
 public:
  void process(const c10::Warning&) override {}
};

struct Install {
  Install() {
    standin_kernels_fail();
    Silent silent;
    const c10::WarningUtils::WarningHandlerGuard guard(&silent);
    auto* const kept = new std::vector<c10::RegistrationHandleRAII>;
    c10::Dispatcher& dispatcher = c10::Dispatcher::singleton();
    for (const c10::OperatorName& name : dispatcher.getAllOpNames()) {
      const std::string full = c10::toString(name);
      if (full.rfind("aten::", 0) != 0 || kLibTorchs.count(full) > 0) continue;
      const auto op = dispatcher.findSchema(name);
      if (!op || !op->hasKernelForDispatchKey(c10::DispatchKey::CUDA) || !runs_on_cpu(*op)) continue;
      kept->push_back(dispatcher.registerImpl(name, c10::DispatchKey::CUDA,
                                              c10::KernelFunction::makeFromBoxedFunction<&launch>(),
                                              std::nullopt, nullptr, "stand-in GPU"));
    }
    kept->push_back(dispatcher.registerImpl({"aten::copy_", ""}, c10::DispatchKey::CUDA,
                                            c10::KernelFunction::makeFromUnboxedRuntimeFunction(&copy),
                                            std::nullopt, nullptr, "stand-in GPU"));
    // Their kernels would be chosen before the operators that are replaced.
    at::globalContext().setUserEnabledCuDNN(false);
    // Nor are oneDNN's, which the CPU has for some: without them one process on the CPU and the stand-in run the same
    // kernels, and must give the same bits.
    at::globalContext().setUserEnabledMkldnn(false);
    at::globalContext().setSDPUseFlash(false);
    at::globalContext().setSDPUseMemEfficient(false);
    at::globalContext().setSDPUseCuDNN(false);
  }
} install;

}  // namespace
