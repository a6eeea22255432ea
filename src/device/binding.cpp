#include "device/binding.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <hwloc.h>
#include <memory>

#include <fmt/format.h>

namespace interlock::device {
namespace {

struct FreeTopology {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, FreeTopology>;

struct FreeSet {
  void operator()(hwloc_bitmap_s* set) const { hwloc_bitmap_free(set); }
};
using CoreSet = std::unique_ptr<hwloc_bitmap_s, FreeSet>;

CoreSet empty_set() {
  return CoreSet(hwloc_bitmap_alloc());
}

// With PCI devices, and only the processors that this process may ever use. Null where hwloc fails.
Topology load_topology() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return nullptr;
  Topology topology(raw);
  // Not HWLOC_OBJ_OS_DEVICE: for these hwloc would start CUDA and others.
  for (const hwloc_obj_type_t type : {HWLOC_OBJ_PCI_DEVICE, HWLOC_OBJ_BRIDGE})
    hwloc_topology_set_type_filter(raw, type, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
  if (hwloc_topology_load(raw) != 0) return nullptr;
  return topology;
}

std::string text(hwloc_const_bitmap_t set) {
  char* list = nullptr;
  if (hwloc_bitmap_list_asprintf(&list, set) < 0) return "?";
  const std::unique_ptr<char, void (*)(void*)> owned(list, &std::free);
  return list;
}

bool is_bound(hwloc_topology_t topology) {
  const CoreSet now = empty_set();
  if (hwloc_get_cpubind(topology, now.get(), HWLOC_CPUBIND_PROCESS) != 0) return false;
  return hwloc_bitmap_isincluded(hwloc_topology_get_allowed_cpuset(topology), now.get()) == 0;
}

// The cores near a PCI device: those of the nearest part of the machine that it hangs on. Null where unknown.
hwloc_const_bitmap_t near(hwloc_topology_t topology, const std::string& pci_address) {
  const hwloc_obj_t gpu = hwloc_get_pcidev_by_busidstring(topology, pci_address.c_str());
  if (gpu == nullptr) return nullptr;
  const hwloc_obj_t host = hwloc_get_non_io_ancestor_obj(topology, gpu);
  return host == nullptr ? nullptr : host->cpuset;
}

struct Choice {
  CoreSet set;  // null: nothing to bind to
  std::string why;
};

Choice share_of_cores(hwloc_topology_t topology, const LocalRank& rank) {
  const int cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
  if (cores < rank.count) {
    return {nullptr, fmt::format("{} workers for {} cores", rank.count, std::max(cores, 0))};
  }
  Choice choice{empty_set(), fmt::format("share {} of {}", rank.index + 1, rank.count)};
  for (int i = cores * rank.index / rank.count; i < cores * (rank.index + 1) / rank.count; ++i) {
    const hwloc_obj_t core = hwloc_get_obj_by_type(topology, HWLOC_OBJ_CORE, static_cast<unsigned>(i));
    hwloc_bitmap_or(choice.set.get(), choice.set.get(), core->cpuset);
  }
  return choice;
}

Choice near_memory(hwloc_topology_t topology, const LocalRank& rank) {
  if (!rank.pci_address.empty()) {
    const hwloc_const_bitmap_t cores = near(topology, rank.pci_address);
    if (cores == nullptr || hwloc_bitmap_iszero(cores) != 0)
      return {nullptr,
              fmt::format("this machine does not say which cores are near GPU {}", rank.pci_address)};
    return {CoreSet(hwloc_bitmap_dup(cores)), "near its GPU"};
  }
  const int nodes = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE);
  if (nodes <= 0) return {nullptr, "this machine does not say which NUMA nodes it has"};
  const int node = rank.index % nodes;
  const hwloc_obj_t object = hwloc_get_obj_by_type(topology, HWLOC_OBJ_NUMANODE, static_cast<unsigned>(node));
  return {CoreSet(hwloc_bitmap_dup(object->cpuset)), fmt::format("NUMA node {} of {}", node, nodes)};
}

}  // namespace

std::string bind_process(Bind how, const LocalRank& rank) {
  if (how == Bind::kAuto) how = rank.pci_address.empty() ? Bind::kNone : Bind::kNuma;
  if (how == Bind::kNone) return "not bound to cores";
  const Topology topology = load_topology();
  if (!topology) return "not bound to cores: hwloc cannot read this machine";
  if (is_bound(topology.get())) return "cores left as the launcher bound them";
  const Choice choice =
      how == Bind::kCores ? share_of_cores(topology.get(), rank) : near_memory(topology.get(), rank);
  if (!choice.set) return "not bound to cores: " + choice.why;
  if (hwloc_set_cpubind(topology.get(), choice.set.get(), HWLOC_CPUBIND_PROCESS) != 0)
    return fmt::format("not bound to cores: {}", std::strerror(errno));
  return fmt::format("bound to cores {} ({})", text(choice.set.get()), choice.why);
}

}  // namespace interlock::device
