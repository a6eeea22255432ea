#include "config/yaml_parser.h"

#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "config/yaml_builder.h"

namespace interlock::config {
namespace {

YamlNode parse(const std::string& text, YamlBuilder builder) {
  if (text.size() > kMaxYamlBytes) {
    fail(builder.start(), builder.key(),
         fmt::format("is {} bytes long; at most {} are read", text.size(), kMaxYamlBytes));
  }
  std::istringstream stream(text);
  try {
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) {
      builder.refuse_next_document();
      parser.HandleNextDocument(builder);
    }
  } catch (const YAML::Exception& error) {
    fail(builder.place(error.mark), builder.key(), fmt::format("not valid YAML: {}", error.msg));
  }
  return builder.take_root();
}

}  // namespace

YamlNode parse_yaml_file(const std::string& text, const std::string& source) {
  return parse(text, YamlBuilder({source, 0, 0}, ""));
}

YamlNode parse_yaml_override(const std::string& text, const std::string& key) {
  return parse(text, YamlBuilder({kCommandLine, 0, 0}, key));
}

}  // namespace interlock::config
