#include "app/build_id.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <link.h>

#include <fmt/format.h>

namespace interlock::app {
namespace {

constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + 3) & ~std::size_t{3};
}

std::string hexadecimal(const unsigned char* bytes, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

// The build id among the notes in one segment, "" if it is not there.
std::string find_build_id(const unsigned char* notes, std::size_t size) {
  std::size_t at = 0;
  while (at + sizeof(ElfW(Nhdr)) <= size) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes + at, sizeof(header));
    const std::size_t name = at + sizeof(header);
    const std::size_t content = name + padded(header.n_namesz);
    const std::size_t end = content + padded(header.n_descsz);
    if (end > size) return "";
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && std::memcmp(notes + name, "GNU", 4) == 0)
      return hexadecimal(notes + content, header.n_descsz);
    at = end;
  }
  return "";
}

// Of the first object that the linker lists, which is the program.
int look_at_program(dl_phdr_info* object, std::size_t, void* found) {
  auto& id = *static_cast<std::string*>(found);
  for (int i = 0; i < object->dlpi_phnum && id.empty(); ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type == PT_NOTE)
      id = find_build_id(reinterpret_cast<const unsigned char*>(object->dlpi_addr + segment.p_vaddr),
                         segment.p_memsz);
  }
  return 1;
}

// FNV-1a over the file.
std::string hash_of_program() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  std::uint64_t hash = 14695981039346656037U;
  for (char byte = 0; file.get(byte);) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  return fmt::format("{:016x}", hash);
}

}  // namespace

std::string build_id() {
  std::string id;
  dl_iterate_phdr(look_at_program, &id);
  return id.empty() ? hash_of_program() : id;
}

}  // namespace interlock::app
