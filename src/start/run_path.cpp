#include "start/run_path.h"

#include <cstring>
#include <elf.h>
#include <link.h>
#include <sstream>

#include "common/files.h"

namespace interlock::start {
namespace {

// A program's file, read part by part; nothing outside it is ever read, however damaged its headers are.
class Program {
 public:
  explicit Program(const std::string& path) {
    std::string reason;
    if (!read_file(path, bytes_, reason)) return;
    ElfW(Ehdr) header;
    if (!read(0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return;
    if (header.e_ident[EI_CLASS] != (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32)) return;
    ElfW(Phdr) segment;
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
      if (read(header.e_phoff + i * header.e_phentsize, segment)) segments_.push_back(segment);
    }
  }

  // "folder:folder" as it stands in the file.
  [[nodiscard]] std::string run_path() const {
    std::size_t strings = 0;
    std::vector<std::size_t> texts;
    for (const ElfW(Phdr) & segment : segments_) {
      if (segment.p_type != PT_DYNAMIC) continue;
      ElfW(Dyn) entry;
      for (std::size_t at = segment.p_offset; read(at, entry) && entry.d_tag != DT_NULL;
           at += sizeof(entry)) {
        if (entry.d_tag == DT_STRTAB) strings = place_of(entry.d_un.d_ptr);
        if (entry.d_tag == DT_RUNPATH || entry.d_tag == DT_RPATH) texts.push_back(entry.d_un.d_val);
      }
    }
    std::string all;
    for (const std::size_t text : texts) all += text_at(strings + text) + ":";
    return all;
  }

 private:
  template <class T>
  bool read(std::size_t at, T& value) const {
    if (at > bytes_.size() || bytes_.size() - at < sizeof(T)) return false;
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return true;
  }

  // Where in the file the byte is that will be at this address of the loaded program.
  [[nodiscard]] std::size_t place_of(std::size_t address) const {
    for (const ElfW(Phdr) & segment : segments_) {
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
          address - segment.p_vaddr < segment.p_filesz)
        return address - segment.p_vaddr + segment.p_offset;
    }
    return bytes_.size();
  }

  [[nodiscard]] std::string text_at(std::size_t at) const {
    return at < bytes_.size() ? bytes_.substr(at, bytes_.find('\0', at) - at) : "";
  }

  std::string bytes_;
  std::vector<ElfW(Phdr)> segments_;
};

}  // namespace

std::vector<std::string> folders_in(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> folders;
  for (std::string folder; std::getline(stream, folder, ':');) {
    if (!folder.empty()) folders.push_back(folder);
  }
  return folders;
}

std::vector<std::string> run_path(const std::string& program) {
  constexpr const char* kOrigin = "$ORIGIN";
  std::vector<std::string> folders = folders_in(Program(program).run_path());
  for (std::string& folder : folders) {
    if (folder.rfind(kOrigin, 0) == 0) folder.replace(0, std::strlen(kOrigin), folder_of(program));
  }
  return folders;
}

}  // namespace interlock::start
