#pragma once
// One section of a config while it is read. The constructor refuses keys that keys_of(name) does not have;
// each reader fills its argument where the user gave the key and leaves the default in it where not.

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>

#include "config/config.h"
#include "config/names.h"
#include "config/readers.h"

namespace interlock::config {

using Origins = std::map<std::string, Location>;

class Section {
 public:
  // `node` may be null, or a null or unset node: a section that was not given. It must outlive the Section.
  // Records the place of each key in `origins`.
  Section(const YamlNode* node, const std::string& name, Origins& origins);

  // The value of `key`, or null where the user gave none.
  [[nodiscard]] const YamlNode* find(const std::string& key) const;
  [[nodiscard]] bool has(const std::string& key) const { return find(key) != nullptr; }
  [[nodiscard]] std::string full(const std::string& key) const { return name_ + "." + key; }
  // The place of `key`, or where it is not given that of the section.
  [[nodiscard]] Location where(const std::string& key) const;

  void read(const std::string& key, bool& value) const;
  void read(const std::string& key, std::string& value) const;
  void read(const std::string& key, std::uint64_t& value) const;
  void read(const std::string& key, double& value, const Interval& range) const;
  void read(const std::string& key, std::vector<double>& value, const Interval& range) const;
  void read(const std::string& key, std::int64_t& value, std::int64_t minimum,
            std::int64_t maximum = kNoMaximum) const;
  void read(const std::string& key, int& value, int minimum, int maximum) const;

  template <class Enum>
  void read(const std::string& key, Enum& value, const Names<Enum>& names) const {
    if (const YamlNode* node = find(key))
      value = names[read_choice(*node, full(key), names_only(names))].second;
  }

  // Refuses the first of `keys` that is given, unless `belongs`: an option without effect is a
  // misunderstanding.
  void only_for(const std::string& owner, bool belongs, std::initializer_list<const char*> keys) const;

 private:
  const YamlNode* node_;  // null, or a map
  std::string name_;
  Location where_;
};

}  // namespace interlock::config
